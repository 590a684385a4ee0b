internal import Ground

/// Draws what lies over the panes: help, palette, options, toasts.
struct Modals {
  let theme: Theme
  let glyphs: Glyphs

  /// A window in the middle; returns the room inside.
  private func window(_ title: String, width: Int, height: Int, note: String, on canvas: inout CellGrid) -> Rect {
    let width = min(width, canvas.width - 2)
    let height = min(height, canvas.height - 2)
    let rect = Rect(
      x: (canvas.width - width) / 2, y: max(1, (canvas.height - height) / 2), width: width, height: height)
    canvas.fill(rect, " ", theme.style(.mainForeground))
    let room = canvas.frame(
      rect, title: title, hotkey: nil, glyphs: glyphs, line: theme.style(.highlight),
      titleStyle: theme.style(.title, .bold), hotkeyStyle: theme.style(.highlight), note: note)
    return Rect(x: room.x + 1, y: room.y, width: room.width - 2, height: room.height)
  }

  // MARK: Help

  /// The help's lines, from the key table: headings have no keys.
  static func helpLines() -> [(keys: String, title: String)] {
    KeyBinding.Group.allCases.flatMap { group in
      [(keys: "", title: group.rawValue)]
        + KeyTable.all.filter { $0.group == group }.map { binding in
          (keys: binding.keys.map(\.name).joined(separator: " "), title: binding.title)
        }
    }
  }

  /// How far the help can be scrolled on a screen of so many rows.
  static func helpScrollLimit(rows: Int, columns: Int) -> Int {
    let shown = max(1, rows - 4) * (columns >= 90 ? 2 : 1)
    return max(0, helpLines().count - shown)
  }

  func help(scroll: Int, on canvas: inout CellGrid) {
    let lines = Self.helpLines()
    let isWide = canvas.width >= 90
    let perColumn = isWide ? (lines.count + 1) / 2 : lines.count
    let limit = Self.helpScrollLimit(rows: canvas.height, columns: canvas.width)
    let room = window(
      "help", width: isWide ? 96 : 58, height: perColumn + 2,
      note: limit > 0 ? "Up Down scroll, Esc closes" : "Esc closes", on: &canvas)
    let scroll = min(scroll, limit)
    if scroll < limit { canvas[room.right, room.bottom - 1] = Cell(glyphs.down, theme.style(.highlight)) }
    if scroll > 0 { canvas[room.right, room.y] = Cell(glyphs.up, theme.style(.highlight)) }
    let columnWidth = isWide ? room.width / 2 : room.width
    for (i, line) in lines[scroll...].prefix(room.height * (isWide ? 2 : 1)).enumerated() {
      let x = room.x + (i / max(1, room.height)) * columnWidth
      let y = room.y + i % max(1, room.height)
      if line.keys.isEmpty {
        canvas.text(line.title, x, y, theme.style(.title, .bold), width: columnWidth)
      } else {
        canvas.text(line.keys, endingAt: x + 13, y, theme.style(.highlight))
        canvas.text(
          Text.fit(line.title, columnWidth - 15, ellipsis: glyphs.ellipsis), x + 15, y,
          theme.style(.mainForeground))
      }
    }
  }

  // MARK: Palette

  /// Returns where the cursor belongs.
  func palette(_ text: String, selected: Int, matches: [PaletteCommand], on canvas: inout CellGrid) -> (x: Int, y: Int)
  {
    let room = window("command", width: 64, height: min(18, canvas.height - 4), note: "Tab completes", on: &canvas)
    canvas.text(":", room.x, room.y, theme.style(.highlight, .bold))
    let shown = String(text.suffix(max(1, room.width - 3)))
    canvas.text(shown, room.x + 1, room.y, theme.style(.title))
    let list = Rect(x: room.x, y: room.y + 1, width: room.width, height: room.height - 1)
    if matches.isEmpty { canvas.text("no such command", list.x, list.y, theme.style(.inactive)) }
    let start = DetectionsPane.firstVisible(selected: selected, count: matches.count, room: list.height)
    for (i, command) in matches[min(start, matches.count)...].prefix(list.height).enumerated() {
      let y = list.y + i
      let isSelected = start + i == selected
      if isSelected { canvas.fill(Rect(x: list.x, y: y, width: list.width, height: 1), " ", theme.selected) }
      let ground = isSelected ? theme[.selectedBackground] : theme[.mainBackground]
      let name = min(26, list.width / 2)
      canvas.text(
        Text.fit(command.name, name - 1), list.x, y,
        isSelected ? theme.selected.with(.bold) : theme.style(.mainForeground))
      canvas.text(
        Text.fit(command.title, list.width - name - command.keys.count - 1, ellipsis: glyphs.ellipsis), list.x + name,
        y, Style(theme[isSelected ? .selectedForeground : .graphText], on: ground),
        width: list.width - name - command.keys.count - 1)
      canvas.text(command.keys, endingAt: list.right, y, Style(theme[.highlight], on: ground))
    }
    return (x: room.x + 1 + Text.columns(shown), y: room.y)
  }

  // MARK: Prompt

  /// Returns where the cursor belongs.
  func prompt(_ title: String, _ text: String, note: String, on canvas: inout CellGrid) -> (x: Int, y: Int) {
    let room = window(title, width: 64, height: 3, note: note, on: &canvas)
    // The end of a long answer is what is being typed.
    var shown = Substring(text)
    while Text.columns(shown) > max(0, room.width - 1) { shown = shown.dropFirst() }
    return (x: room.x + canvas.text(shown, room.x, room.y, theme.style(.title), width: room.width), y: room.y)
  }

  // MARK: Options

  func options(_ settings: DashboardSettings, selected: Int, path: String, on canvas: inout CellGrid) {
    let entries = SettingsTable.all
    let room = window(
      "options", width: 76, height: entries.count + 5, note: "Left Right change, Esc saves", on: &canvas)
    for (i, entry) in entries.prefix(max(0, room.height - 3)).enumerated() {
      let y = room.y + i
      let isSelected = i == selected
      if isSelected { canvas.fill(Rect(x: room.x, y: y, width: room.width, height: 1), " ", theme.selected) }
      let ground = isSelected ? theme[.selectedBackground] : theme[.mainBackground]
      canvas.text(entry.key, room.x + 1, y, isSelected ? theme.selected.with(.bold) : theme.style(.mainForeground))
      canvas.text(
        Text.fit(entry.read(settings), room.width - 16), room.x + 15, y, Style(theme[.highlight], on: ground))
    }
    if entries.indices.contains(selected), room.height > 3 {
      canvas.text(
        Text.fit(entries[selected].comment, room.width), room.x, room.bottom - 2, theme.style(.graphText),
        width: room.width)
      canvas.text(Text.fit(path, room.width), room.x, room.bottom - 1, theme.style(.inactive), width: room.width)
    }
  }

  // MARK: Toasts

  private static let toastWidth = 72
  /// Longer reasons are in the events.
  private static let toastLines = 3

  /// - Parameter onlyGrave: leaves out what is merely good to know, which must not hide what the user is reading.
  func toasts(_ toasts: [Toast], onlyGrave: Bool, on canvas: inout CellGrid) {
    var bottom = canvas.height - 1
    for toast in toasts.filter({ !onlyGrave || $0.tone != .info }).suffix(4).reversed() {
      let lines = Text.wrapped(
        toast.text, min(Self.toastWidth, canvas.width - 6), most: min(Self.toastLines, bottom - 2),
        ellipsis: glyphs.ellipsis)
      guard !lines.isEmpty else { return }
      let color: ThemeColor =
        switch toast.tone {
        case .info: .selectedBackground
        case .warning: .warning
        case .failure: .failure
        }
      let ground = theme[color].isTerminal ? Color.white : theme[color]
      let width = (lines.map { Text.columns($0) }.max() ?? 0) + 2
      let style = Style(ground.contrasting, on: ground, .bold)
      let place = Rect(
        x: canvas.width - 2 - width, y: bottom - lines.count, width: width, height: lines.count)
      canvas.fill(place, " ", style)
      for (i, line) in lines.enumerated() { canvas.text(line, place.x + 1, place.y + i, style) }
      bottom = place.y
    }
  }
}

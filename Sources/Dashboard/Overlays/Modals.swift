import Capture
import Ground

/// Draws what lies over the panes: help, command palette, prompt, options, toasts.
struct Modals {
  let theme: Theme
  let glyphs: Glyphs

  /// A window in the middle; returns the room inside.
  ///
  /// - Parameter sparesPicture: puts it into the corner at the lower right, since most of the picture is not there.
  func window(
    _ title: String, width: Int, height: Int, note: String, sparesPicture: Bool = false, on canvas: inout CellCanvas
  ) -> Rect {
    let width = min(width, canvas.width - 2)
    let height = min(height, canvas.height - 2)
    let rect =
      sparesPicture
      ? Rect(x: canvas.width - width - 1, y: canvas.height - height - 1, width: width, height: height)
      : Rect(x: (canvas.width - width) / 2, y: max(1, (canvas.height - height) / 2), width: width, height: height)
    canvas.fill(rect, " ", theme.style(.mainForeground))
    let room = canvas.frame(
      rect, title: title, hotkey: nil, glyphs: glyphs, line: theme.style(.highlight),
      titleStyle: theme.style(.title, .bold), hotkeyStyle: theme.style(.highlight), note: note)
    return Rect(x: room.x + 1, y: room.y, width: room.width - 2, height: room.height)
  }

  // MARK: Help

  /// Lines of the help, from the key table: headings have no keys.
  static func helpLines(_ keys: KeyMap) -> [(keys: String, title: String)] {
    KeyBinding.Group.allCases.flatMap { group in
      [(keys: "", title: group.rawValue)]
        + keys.bindings.filter { $0.group == group }.map { binding in
          let names = binding.keys.map(\.name).joined(separator: " ")
          return (keys: names.isEmpty ? ":" : names, title: binding.title)
        }
    }
  }

  /// How many lines the help can be scrolled on a screen of that size.
  static func helpScrollLimit(_ keys: KeyMap, rows: Int, columns: Int) -> Int {
    let shown = max(1, rows - 4) * (columns >= 90 ? 2 : 1)
    return max(0, helpLines(keys).count - shown)
  }

  func help(_ keys: KeyMap, scroll: Int, on canvas: inout CellCanvas) {
    let lines = Self.helpLines(keys)
    let isWide = canvas.width >= 90
    let perColumn = isWide ? (lines.count + 1) / 2 : lines.count
    let limit = Self.helpScrollLimit(keys, rows: canvas.height, columns: canvas.width)
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

  // MARK: Command palette

  /// Returns the place of the cursor, and the list of commands.
  func palette(_ text: String, selected: Int, matches: [PaletteCommand], on canvas: inout CellCanvas)
    -> (cursor: (x: Int, y: Int), list: ListView)
  {
    let room = window("command", width: 64, height: min(18, canvas.height - 4), note: "Tab completes", on: &canvas)
    canvas.text(":", room.x, room.y, theme.style(.highlight, .bold))
    let shown = String(text.suffix(max(1, room.width - 3)))
    canvas.text(shown, room.x + 1, room.y, theme.style(.title))
    let list = ListView(
      in: Rect(x: room.x, y: room.y + 1, width: room.width, height: room.height - 1), count: matches.count,
      selected: selected)
    if matches.isEmpty { canvas.text("no such command", room.x, room.y + 1, theme.style(.inactive)) }
    list.draw(selection: theme.selected, ground: theme[.mainBackground], on: &canvas) { line, canvas in
      draw(matches[line.item], on: line, canvas: &canvas)
    }
    return (cursor: (x: room.x + 1 + Text.columns(shown), y: room.y), list: list)
  }

  private func draw(_ command: PaletteCommand, on line: ListView.Line, canvas: inout CellCanvas) {
    let (rect, y) = (line.rect, line.rect.y)
    let name = min(26, rect.width / 2)
    let title = rect.width - name - command.keys.count - 1
    canvas.text(
      Text.fit(command.name, name - 1), rect.x, y,
      line.text(theme[.mainForeground], line.isSelected ? .bold : []))
    canvas.text(
      Text.fit(command.title, title, ellipsis: glyphs.ellipsis), rect.x + name, y, line.text(theme[.graphText]),
      width: title)
    canvas.text(command.keys, endingAt: rect.right, y, line.mark(theme[.highlight]))
  }

  // MARK: Prompt

  /// Returns the place of the cursor.
  func prompt(_ title: String, _ text: String, note: String, on canvas: inout CellCanvas) -> (x: Int, y: Int) {
    let room = window(title, width: 64, height: 3, note: note, on: &canvas)
    // Of a long answer the end is shown, where letters are typed.
    var shown = Substring(text)
    while Text.columns(shown) > max(0, room.width - 1) { shown = shown.dropFirst() }
    return (x: room.x + canvas.text(shown, room.x, room.y, theme.style(.title), width: room.width), y: room.y)
  }

  // MARK: Options

  /// Returns the list of settings.
  func options(_ settings: DashboardSettings, selected: Int, path: String, on canvas: inout CellCanvas) -> ListView {
    let entries = SettingsTable.all
    let room = window(
      "options", width: 76, height: entries.count + 5, note: "Left Right change, Esc saves", on: &canvas)
    let list = ListView(
      in: Rect(x: room.x, y: room.y, width: room.width, height: room.height - 3), count: entries.count,
      selected: selected)
    list.draw(selection: theme.selected, ground: theme[.mainBackground], on: &canvas) { line, canvas in
      let (entry, rect) = (entries[line.item], line.rect)
      canvas.text(
        entry.key, rect.x + 1, rect.y, line.text(theme[.mainForeground], line.isSelected ? .bold : []))
      canvas.text(
        Text.fit(entry.read(settings), rect.width - 16), rect.x + 15, rect.y, line.mark(theme[.highlight]))
    }
    if entries.indices.contains(selected), room.height > 3 {
      canvas.text(
        Text.fit(entries[selected].comment, room.width), room.x, room.bottom - 2, theme.style(.graphText),
        width: room.width)
      canvas.text(Text.fit(path, room.width), room.x, room.bottom - 1, theme.style(.inactive), width: room.width)
    }
    return list
  }

  // MARK: Events of a recording

  /// Returns the list.
  ///
  /// - Parameter begin: the Unix time of position 0 in nanoseconds, for the hours in UTC.
  func moments(_ moments: [PlaybackStatus.Mark], begin: Int64?, selected: Int, on canvas: inout CellCanvas) -> ListView
  {
    let room = window(
      "events and marks", width: 76, height: min(moments.count + 2, canvas.height - 4), note: "Enter goes there",
      on: &canvas)
    let list = ListView(in: room, count: moments.count, selected: selected)
    list.draw(selection: theme.selected, ground: theme[.mainBackground], on: &canvas) { line, canvas in
      let (moment, rect) = (moments[line.item], line.rect)
      let hour = begin.map { "  " + Text.utc(nanoseconds: $0 + Int64(saturating: moment.seconds * 1e9)) + " UTC" } ?? ""
      let clock = Text.right(Text.clock(seconds: moment.seconds, decimals: 2), 10) + hour
      canvas.text(clock, rect.x, rect.y, line.mark(theme[.highlight]))
      let start = rect.x + Text.columns(clock) + 2
      canvas.text(
        Text.fit(moment.title.plainLine, rect.right - start, ellipsis: glyphs.ellipsis), start, rect.y,
        line.text(theme[.mainForeground], line.isSelected ? .bold : []))
    }
    list.drawArrows(theme.style(.graphText), glyphs: glyphs, on: &canvas)
    return list
  }

  // MARK: Toasts

  /// A message takes the last line of the screen, a long one also the frame above: never what one looks at. Returns where
  /// it stands.
  ///
  /// - Parameter withInfo: false leaves information out, which must not hide what the user is reading.
  func toast(_ toasts: [Toast], withInfo: Bool, on canvas: inout CellCanvas) -> Rect? {
    guard let toast = toasts.last(where: { withInfo || $0.tone != .info }) else { return nil }
    let lines = Text.wrapped(
      toast.text, canvas.width - 2, most: min(Self.toastLines, canvas.height), ellipsis: glyphs.ellipsis)
    let color: ThemeColor =
      switch toast.tone {
      case .info: .selectedBackground
      case .warning: .warning
      case .failure: .failure
      }
    let ground = theme[color].isTerminal ? Color.white : theme[color]
    let width = lines.count > 1 ? canvas.width : (lines.map { Text.columns($0) }.max() ?? 0) + 2
    let style = Style(ground.contrasting, on: ground, .bold)
    let place = Rect(x: 0, y: canvas.height - lines.count, width: width, height: lines.count)
    canvas.fill(place, " ", style)
    for (i, line) in lines.enumerated() { canvas.text(line, place.x + 1, place.y + i, style) }
    return place
  }

  /// The events have longer messages in full.
  private static let toastLines = 2
}

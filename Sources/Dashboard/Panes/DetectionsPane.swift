internal import Ground
internal import Perception
internal import Pipeline
internal import Vision

/// The list of detections: colour, label, track, confidence, and where there is room the box and how long it is followed.
struct DetectionsPane: Pane {
  func note(_ context: PaneContext) -> String {
    let present = context.rows.filter(\.isPresent).count
    return "\(present) \u{2265} \(Text.percent(Double(context.snapshot.minimumConfidence)))"
      .replacingGreaterEqual(context.glyphs)
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    guard !room.isEmpty else { return }
    let theme = context.theme
    guard !context.rows.isEmpty else {
      canvas.text(
        context.result == nil ? "no picture yet" : "nothing found", room.x, room.y, theme.style(.inactive),
        width: room.width)
      return
    }
    let columns = Columns(width: room.width, hasNames: context.rows.contains { !$0.detection.matches.isEmpty })
    var list = room
    if room.height >= 8, columns.hasHeading {
      heading(room, columns, context, on: &canvas)
      list = Rect(x: room.x, y: room.y + 1, width: room.width, height: room.height - 1)
    }
    let selected = context.rows.firstIndex { $0.key == context.view.selectedDetection }
    let start = Self.firstVisible(selected: selected, count: context.rows.count, room: list.height)
    for (line, row) in context.rows[start...].prefix(list.height).enumerated() {
      draw(row, isSelected: start + line == selected, y: list.y + line, list, columns, context, on: &canvas)
    }
    if context.rows.count > start + list.height {
      canvas[room.right, room.bottom - 1] = Cell(context.glyphs.down, theme.style(.graphText))
    }
    if start > 0 { canvas[room.right, list.y] = Cell(context.glyphs.up, theme.style(.graphText)) }
  }

  /// The first line to show so that the selected one is among them.
  static func firstVisible(selected: Int?, count: Int, room: Int) -> Int {
    guard let selected, room > 0 else { return 0 }
    return max(0, min(selected - room / 2, count - room))
  }

  /// How a line's width is shared out.
  struct Columns {
    var label: Int
    var track: Int
    var meter: Int
    var percent = 4
    var age = 0
    var box = 0

    /// - Parameter hasNames: labels are followed by the names of what the detections look like.
    init(width: Int, hasNames: Bool = false) {
      track = width >= 24 ? 5 : 0
      if width >= 40 { age = 7 }
      if width >= (hasNames ? 72 : 56) { box = 16 }
      let left = width - 2 - track - percent - age - box
      // Where it is narrow, labels need the room more.
      meter = left < 18 ? min(3, max(0, left - 5)) : min(hasNames ? 5 : 20, left * 2 / 5)
      label = max(4, left - meter - 1)
    }

    var hasHeading: Bool { age > 0 }
  }

  private func heading(_ room: Rect, _ columns: Columns, _ context: PaneContext, on canvas: inout CellGrid) {
    let style = context.theme.style(.inactive)
    var x = room.x + 2
    canvas.text("label", x, room.y, style)
    x += columns.label
    if columns.track > 0 { canvas.text("track", endingAt: x + columns.track - 1, room.y, style) }
    x += columns.track + columns.meter
    canvas.text("conf", endingAt: x + columns.percent + 1, room.y, style)
    x += columns.percent + 1
    canvas.text("age", endingAt: x + columns.age, room.y, style)
    if columns.box > 0 { canvas.text("x,y wxh", endingAt: x + columns.age + columns.box, room.y, style) }
  }

  private func draw(
    _ row: DetectionRow, isSelected: Bool, y: Int, _ room: Rect, _ columns: Columns, _ context: PaneContext,
    on canvas: inout CellGrid
  ) {
    let theme = context.theme
    let detection = row.detection
    let ground = isSelected ? theme[.selectedBackground] : context.ground
    let ink = isSelected ? theme[.selectedForeground] : theme[row.isPresent ? .mainForeground : .inactive]
    let text = Style(ink, on: ground, isSelected ? .bold : [])
    let faint = Style(theme[isSelected ? .selectedForeground : .graphText], on: ground)
    if isSelected { canvas.fill(Rect(x: room.x, y: y, width: room.width, height: 1), " ", text) }
    canvas[room.x, y] = Cell(
      row.isPresent ? context.glyphs.bullet : context.glyphs.hollow,
      Style(row.isPresent ? theme.color(ofClass: detection.classID) : theme[.inactive], on: ground))
    var x = room.x + 2
    canvas.text(name(of: detection, columns.label - 1, context.glyphs), x, y, text, width: columns.label)
    x += columns.label
    if columns.track > 0, let track = detection.track {
      canvas.text("#\(track)", endingAt: x + columns.track - 1, y, faint)
    }
    x += columns.track
    canvas.meter(
      x, y, width: columns.meter, fraction: row.confidence, gradient: theme[ThemeGradient.confidence],
      rest: Style(theme[.meterBackground], on: ground), glyphs: context.glyphs)
    x += columns.meter + 1
    canvas.text(
      Text.right(Text.fixed(Double(detection.confidence) * 100, 0) + "%", columns.percent), x, y, text)
    x += columns.percent
    if columns.age > 0 {
      let seconds = context.now.milliseconds(since: row.firstSeen) / 1000
      canvas.text(
        seconds < 60 ? Text.fixed(seconds, 0) + " s" : Text.clock(seconds: seconds), endingAt: x + columns.age, y, faint
      )
      x += columns.age
    }
    if columns.box > 0 {
      let box = detection.box
      let place =
        "\(whole(box.x)),\(whole(box.y)) \(whole(box.width))x\(whole(box.height))"
      canvas.text(place, endingAt: x + columns.box, y, faint)
    }
  }

  /// The label, with what the second stage and the sequence model say where there is room.
  private func name(of detection: Detection, _ width: Int, _ glyphs: Glyphs) -> String {
    var name = detection.label
    // What it looks like comes first, and at least how much: somebody asked for it.
    if let match = detection.matches.first {
      let sign = glyphs.kind == .full ? "\u{2248}" : "~"
      let share = Text.fixed(max(0, Double(match.similarity)) * 100, 0)
      name += " \(sign)\(match.name) \(share)"
      if Text.columns(name) > width {
        let rest = width - 2 - share.count
        return "\(Text.fit(detection.label, rest, ellipsis: glyphs.ellipsis)) \(sign)\(share)"
      }
    }
    for more in [detection.classes.first?.label, detection.sequenceClasses.first?.label] {
      guard let more else { continue }
      // "cone: fallen" says "cone" once more.
      let isNaming = name == detection.label && more.hasPrefix(name + ":")
      let longer = isNaming ? more : name + " " + more
      if Text.columns(longer) <= width { name = longer }
    }
    return Text.fit(name, width, ellipsis: glyphs.ellipsis)
  }

  private func whole(_ value: Float) -> String { Text.fixed(Double(value), 0) }
}

extension String {
  /// "≥" where the terminal has it.
  fileprivate func replacingGreaterEqual(_ glyphs: Glyphs) -> String {
    glyphs.kind == .full ? self : String(map { $0 == "\u{2265}" ? ">" : $0 })
  }
}

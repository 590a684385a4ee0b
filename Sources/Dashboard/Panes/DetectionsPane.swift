import Ground
import Perception
import Pipeline
import Vision

/// The list of detections: class colour, label, track, confidence; where there is room also age and box.
struct DetectionsPane: Pane {
  func frameNote(_ context: PaneContext) -> String {
    let present = context.rows.filter(\.isPresent).count
    return "\(present) \u{2265} \(Text.percent(Double(context.snapshot.minimumConfidence)))"
      .replacingGreaterEqual(context.glyphs)
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
    let theme = context.theme
    guard !context.rows.isEmpty else {
      canvas.text(
        context.result == nil ? "no picture yet" : "no detections", room.x, room.y, theme.style(.inactive),
        width: room.width)
      return
    }
    let columns = Self.columns(width: room.width, context)
    let list = Self.listView(in: room, context)
    if list.room.y > room.y { drawHeading(in: room, columns, context, on: &canvas) }
    list.draw(selection: theme.selected, ground: context.ground, on: &canvas) { line, canvas in
      draw(context.rows[line.item], on: line, columns, context, canvas: &canvas)
    }
    drawCounts(below: room, context, on: &canvas)
    list.drawArrows(theme.style(.graphText), glyphs: context.glyphs, on: &canvas)
  }

  /// How many of each class are present, in the bottom line of the frame, once they are many.
  private func drawCounts(below room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let present = context.rows.filter(\.isPresent)
    guard present.count > 3 else { return }
    let counts = present.reduce(into: [String: Int]()) { $0[$1.detection.label, default: 0] += 1 }
    let text = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
      .joined(separator: ", ")
    canvas.text(
      " " + Text.fit(text, room.width - 2, ellipsis: context.glyphs.ellipsis) + " ", room.x, room.bottom,
      context.theme.style(.graphText), width: room.width)
  }

  func list(in room: Rect, _ context: PaneContext) -> ListView? { Self.listView(in: room, context) }

  /// The list, below a heading where there is room for one.
  static func listView(in room: Rect, _ context: PaneContext) -> ListView {
    let heading = room.height >= 8 && columns(width: room.width, context).hasHeading ? 1 : 0
    return ListView(
      in: Rect(x: room.x, y: room.y + heading, width: room.width, height: room.height - heading),
      count: context.rows.count, selected: context.rows.firstIndex { $0.key == context.view.selectedDetection })
  }

  private static func columns(width: Int, _ context: PaneContext) -> Columns {
    Columns(width: width, hasNames: context.rows.contains { hasNames($0.detection) })
  }

  /// Whether more than one class follows the label: a reference, or the classes of several stages.
  private static func hasNames(_ detection: Detection) -> Bool {
    !detection.matches.isEmpty || classes(of: detection).count > 1
  }

  /// The best class of every stage that classifies.
  private static func classes(of detection: Detection) -> [String] {
    let answers =
      detection.attributes.all(Classes.self).map(\.content.list)
      + detection.attributes.all(Activity.self).map(\.content.classes)
    return answers.compactMap(\.first?.label)
  }

  /// How a line's width is shared out.
  struct Columns {
    var label: Int
    var track: Int
    var meter: Int
    var percent = 4
    var age = 0
    var box = 0

    /// - Parameter hasNames: labels are followed by more than one class or reference.
    init(width: Int, hasNames: Bool = false) {
      track = width >= 24 ? 5 : 0
      if width >= 40 { age = 7 }
      if width >= (hasNames ? 72 : 56) { box = 16 }
      let left = width - 2 - track - percent - age - box
      // In a narrow pane labels get more of the room.
      meter = left < 18 ? min(3, max(0, left - 5)) : min(hasNames ? 5 : 20, left * 2 / 5)
      label = max(4, left - meter - 1)
    }

    var hasHeading: Bool { age > 0 }
  }

  private func drawHeading(in room: Rect, _ columns: Columns, _ context: PaneContext, on canvas: inout CellCanvas) {
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
    _ row: DetectionRow, on line: ListView.Line, _ columns: Columns, _ context: PaneContext,
    canvas: inout CellCanvas
  ) {
    let theme = context.theme
    let detection = row.detection
    let y = line.rect.y
    let text = line.text(theme[row.isPresent ? .mainForeground : .inactive], line.isSelected ? .bold : [])
    let faint = line.text(theme[.graphText])
    canvas[line.rect.x, y] = Cell(
      row.isPresent ? context.glyphs.bullet : context.glyphs.hollow,
      line.mark(row.isPresent ? theme.color(ofClass: detection.classID) : theme[.inactive]))
    var x = line.rect.x + 2
    canvas.text(name(of: detection, columns.label - 1, context.glyphs), x, y, text, width: columns.label)
    x += columns.label
    if columns.track > 0, let track = detection.track {
      canvas.text("#\(track)", endingAt: x + columns.track - 1, y, faint)
    }
    x += columns.track
    canvas.meter(
      x, y, width: columns.meter, fraction: row.isPresent ? row.confidence : 0,
      gradient: theme[ThemeGradient.confidence],
      rest: line.mark(theme[.meterBackground]), glyphs: context.glyphs)
    x += columns.meter + 1
    // A lost object has no confidence any more.
    let confidence = row.isPresent ? Text.percent(row.confidence) : "lost"
    canvas.text(Text.right(confidence, columns.percent), x, y, text)
    x += columns.percent
    if columns.age > 0 {
      let seconds = context.now.milliseconds(since: row.firstSeen) / 1000
      let age = seconds < 60 ? Text.fixed(seconds, 0) + " s" : Text.clock(seconds: seconds)
      canvas.text(age, endingAt: x + columns.age, y, faint)
      x += columns.age
    }
    if columns.box > 0 {
      let box = detection.box
      let place = "\(whole(box.x)),\(whole(box.y)) \(whole(box.width))x\(whole(box.height))"
      canvas.text(place, endingAt: x + columns.box, y, faint)
    }
  }

  /// The label, followed by the best class of every stage that classifies where there is room.
  private func name(of detection: Detection, _ width: Int, _ glyphs: Glyphs) -> String {
    var name = detection.label
    // A reference comes first, at least its similarity: the user has named it.
    if let match = detection.matches.first, match.similarity >= Likeness.near {
      let sign = glyphs.kind == .full ? "\u{2248}" : "~"
      let share = Text.fixed(max(0, Double(match.similarity)) * 100, 0)
      name += " \(sign)\(match.name) \(share)"
      if Text.columns(name) > width {
        let rest = width - 2 - share.count
        return "\(Text.fit(detection.label, rest, ellipsis: glyphs.ellipsis)) \(sign)\(share)"
      }
    }
    for more in Self.classes(of: detection) {
      // "cone: fallen" repeats "cone".
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

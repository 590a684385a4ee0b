import Capture
import Ground
import Pipeline

/// The frame of the picture: its zoom and style, the line on a comparison, and a message where there is no picture. The
/// picture itself is drawn by ``PictureView``.
struct PicturePane: Pane {
  func frameNote(_ context: PaneContext) -> String {
    var notes: [String] = []
    if context.view.viewport.zoom > 1 { notes.append("\(Text.fixed(Double(context.view.viewport.zoom), 1))x") }
    if !context.settings.boxes {
      notes.append("no boxes")
    } else if !context.settings.labels {
      notes.append("no labels")
    }
    if !context.view.only.isEmpty { notes.append("only " + context.view.only.joined(separator: ", ")) }
    if context.view.maps != .all { notes.append(context.view.maps.title) }
    if context.own.style != .blocks { notes.append(context.own.style.title) }
    notes += context.snapshot.health?.complaints.map(\.rawValue) ?? []
    return notes.joined(separator: ", ")
  }

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    if context.result == nil {
      draw(Self.waiting(context), in: room, context, on: &canvas)
    } else if context.settings.style == .off {
      draw(
        ["picture off", "\(context.settings.keys.name(of: .picture(.nextStyle))) turns it on"], in: room, context,
        on: &canvas)
    }
    if let comparison = context.snapshot.comparison {
      draw(
        Comparison.summary(comparison, atLeast: context.snapshot.minimumConfidence), below: room, context, on: &canvas)
    }
  }

  private static func waiting(_ context: PaneContext) -> [String] {
    let source = context.snapshot.source.name
    return switch context.snapshot.sourceState {
    case .starting: ["opening \(source)"]
    case .streaming: ["waiting for the first picture from \(source)"]
    case .noSignal(let reason, let since):
      ["no signal from \(source)", reason, Text.duration(seconds: context.now.milliseconds(since: since) / 1000)]
    case .failed(let reason): ["\(source) failed", reason]
    case .ended: ["\(source) has ended"]
    }
  }

  /// A message in the middle, its first line as a title.
  private func draw(_ lines: [String], in room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let wrapped = lines.enumerated().flatMap { i, line in
      Text.wrapped(line, room.width, most: 3, ellipsis: context.glyphs.ellipsis).map { (isTitle: i == 0, text: $0) }
    }
    for (i, line) in wrapped.prefix(room.height).enumerated() {
      canvas.text(
        line.text, room.x + (room.width - Text.columns(line.text)) / 2,
        room.y + max(0, room.height - wrapped.count) / 2 + i,
        context.theme.style(line.isTitle ? .title : .graphText), width: room.width)
    }
  }

  /// The line on a comparison, in the bottom line of the frame.
  private func draw(_ summary: String, below room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let text = Text.fit(summary, room.width - 2, ellipsis: context.glyphs.ellipsis)
    canvas.text(" " + text + " ", room.x, room.bottom, context.theme.style(.highlight, .bold))
  }
}

import Ground
import Capture
import Pipeline

/// The position in a recording or a video file that is replayed, with its events as marks.
struct ReplayPane: Pane {
  var title: String? { "replay" }
  private static let hintColumns = 11

  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty, let replay = context.snapshot.replay else { return }
    drawPosition(replay, in: room, context, on: &canvas)
    guard room.height > 1, let duration = replay.duration, duration > 0 else { return }
    drawBar(replay, duration: duration, row: room.y + 1, in: room, context, on: &canvas)
    drawKeys(replay, in: room, context, on: &canvas)
  }

  private func drawPosition(
    _ replay: PlaybackStatus, in room: Rect, _ context: PaneContext, on canvas: inout CellCanvas
  ) {
    let speed = replay.speed > 0 ? "\(Text.fixed(replay.speed, replay.speed < 1 ? 2 : 0))x" : "at full speed"
    let state =
      context.snapshot.sourceState == .ended ? "at the end" : replay.isPlaying ? "playing \(speed)" : "stopped"
    // Both with decimals: two clocks of different form are hard to compare.
    let end = replay.duration.map { " / " + Text.clock(seconds: $0, decimals: 2) } ?? ""
    canvas.text(
      "\(Text.clock(seconds: replay.position, decimals: 2))\(end)  \(state)", room.x, room.y,
      context.theme.style(.title), width: room.width)
  }

  private func drawBar(
    _ replay: PlaybackStatus, duration: Double, row y: Int, in room: Rect, _ context: PaneContext,
    on canvas: inout CellCanvas
  ) {
    let theme = context.theme
    canvas.meter(
      room.x, y, width: room.width, fraction: replay.position / duration, gradient: theme[ThemeGradient.rate],
      rest: theme.style(.meterBackground), glyphs: context.glyphs)
    for mark in replay.marks {
      let share = mark.seconds / duration
      guard share.isFinite, (0...1).contains(share) else { continue }
      canvas[room.x + Int(saturating: share * Double(max(0, room.width - 1))), y] = Cell("!", theme.style(.warning))
    }
  }

  /// The keys of a replay, as many to a line as fit.
  private func drawKeys(_ replay: PlaybackStatus, in room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let hints = ["[ ] 10 s", ", . step", replay.marks.isEmpty ? nil : "{ } event", "< > speed"].compactMap(\.self)
    let perLine = max(1, (room.width + 2) / Self.hintColumns)
    for (i, hint) in hints.enumerated() where i / perLine < room.height - 2 {
      canvas.text(
        hint, room.x + i % perLine * Self.hintColumns, room.y + 2 + i / perLine, context.theme.style(.graphText),
        width: Self.hintColumns)
    }
  }
}

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
    if let bar = Self.bar(in: room, context) { drawBar(replay, duration: duration, in: bar, context, on: &canvas) }
    drawKeys(replay, in: room, context, on: &canvas)
  }

  /// Where the bar is, to be clicked on; nil where none is drawn.
  static func bar(in room: Rect, _ context: PaneContext) -> Rect? {
    guard room.height > 1, room.width > 0, let duration = context.snapshot.replay?.duration, duration > 0 else {
      return nil
    }
    return Rect(x: room.x, y: room.y + 1, width: room.width, height: 1)
  }

  private func drawPosition(
    _ replay: PlaybackStatus, in room: Rect, _ context: PaneContext, on canvas: inout CellCanvas
  ) {
    let speed = replay.speed > 0 ? "\(Text.fixed(replay.speed, replay.speed < 1 ? 2 : 0))x" : "at full speed"
    let state =
      context.snapshot.sourceState == .ended ? "at the end" : replay.isPlaying ? "playing \(speed)" : "stopped"
    // Both with decimals: two clocks of different form are hard to compare.
    let end = replay.duration.map { " / " + Text.clock(seconds: $0, decimals: 2) } ?? ""
    let position = "\(Text.clock(seconds: replay.position, decimals: 2))\(end)  \(state)"
    let hour = replay.moment.map { "  \(Text.utc(nanoseconds: $0)) UTC" } ?? ""
    let hasRoom = Text.columns(position + hour) <= room.width
    canvas.text(
      hasRoom ? position + hour : position, room.x, room.y, context.theme.style(.title), width: room.width)
  }

  private func drawBar(
    _ replay: PlaybackStatus, duration: Double, in bar: Rect, _ context: PaneContext, on canvas: inout CellCanvas
  ) {
    let theme = context.theme
    canvas.meter(
      bar.x, bar.y, width: bar.width, fraction: replay.position / duration, gradient: theme[ThemeGradient.rate],
      rest: theme.style(.meterBackground), glyphs: context.glyphs)
    for mark in replay.marks + context.view.marks {
      let share = mark.seconds / duration
      guard share.isFinite, (0...1).contains(share) else { continue }
      canvas[bar.x + Int(saturating: share * Double(max(0, bar.width - 1))), bar.y] = Cell("!", theme.style(.warning))
    }
  }

  /// The keys of a replay, as many to a line as fit.
  private func drawKeys(_ replay: PlaybackStatus, in room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    let keys = context.settings.keys
    func pair(_ back: ReplayAction, _ forward: ReplayAction, _ what: String) -> String {
      "\(keys.name(of: .replay(back))) \(keys.name(of: .replay(forward))) \(what)"
    }
    let hasMoments = !replay.marks.isEmpty || !context.view.marks.isEmpty
    let hints = [
      pair(.seekBack, .seekForward, "10 s"), pair(.stepBack, .stepForward, "step"),
      hasMoments ? pair(.previousEvent, .nextEvent, "event") : nil,
      hasMoments ? keys.name(of: .overlay(.moments)) + " events" : nil, keys.name(of: .replay(.mark)) + " mark",
      pair(.slower, .faster, "speed"), pair(.secondBack, .secondForward, "1 s"),
      pair(.minuteBack, .minuteForward, "1 min"),
    ].compactMap(\.self)
    let perLine = max(1, (room.width + 2) / Self.hintColumns)
    for (i, hint) in hints.enumerated() where i / perLine < room.height - 2 {
      canvas.text(
        hint, room.x + i % perLine * Self.hintColumns, room.y + 2 + i / perLine, context.theme.style(.graphText),
        width: Self.hintColumns)
    }
  }
}

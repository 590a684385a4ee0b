import Capture
internal import Pipeline

/// The recording: file, length, size, rate, what it lost, and how long the disk lasts; in a replay, where it stands.
struct RecordingPane: Pane {
  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    guard !room.isEmpty else { return }
    if let replay = context.snapshot.replay { return draw(replay, room, context, on: &canvas) }
    let theme = context.theme
    guard let recording = context.snapshot.recording else {
      canvas.text("this session cannot record", room.x, room.y, theme.style(.inactive), width: room.width)
      return
    }
    for (i, line) in Self.lines(recording, context).prefix(room.height).enumerated() {
      canvas.text(
        Text.fit(line.text, room.width, ellipsis: context.glyphs.ellipsis), room.x, room.y + i, theme.style(line.color),
        width: room.width)
    }
  }

  private static func lines(_ recording: RecordingStatus, _ context: PaneContext) -> [(text: String, color: ThemeColor)]
  {
    let file = recording.path.split(separator: "/").last.map(String.init) ?? recording.path
    let free = recording.freeBytes.map { "free \(Text.bytes(Double($0)))" } ?? ""
    switch recording.state {
    case .idle:
      let folder = [".", "./", ""].contains(recording.path) ? "the current folder" : recording.path
      return [("off, r records into", .mainForeground), (folder, .graphText), (free, .graphText)]
    case .failed(let reason): return [("stopped: " + reason, .failure), (free, .graphText)]
    case .finishing: return [("finishing " + file, .warning)]
    case .recording:
      let left = recording.freeSeconds.map { ", lasts \(Text.clock(seconds: $0))" } ?? ""
      return [
        (
          "\(Text.clock(seconds: recording.seconds))  \(Text.bytes(Double(recording.bytes)))  "
            + "\(Text.bytes(recording.bytesPerSecond))/s", .title
        ),
        (file, .mainForeground),
        (free + left, recording.freeSeconds.map { $0 < 300 } == true ? .warning : .graphText),
        (
          recording.dropped > 0 ? "\(recording.dropped) messages lost" : "\(recording.frames) frames, none lost",
          recording.dropped > 0 ? .warning : .graphText
        ),
      ]
    }
  }

  private func draw(_ replay: ReplayStatus, _ room: Rect, _ context: PaneContext, on canvas: inout CellGrid) {
    let theme = context.theme
    let speed = replay.speed > 0 ? "\(Text.fixed(replay.speed, replay.speed < 1 ? 2 : 0))x" : "as fast as it goes"
    let state =
      context.snapshot.sourceState == .ended ? "at its end" : replay.isPlaying ? "playing \(speed)" : "stopped"
    // Of two clocks beside each other, one without its decimals looks like less.
    let end = replay.duration.map { " / " + Text.clock(seconds: $0, decimals: 2) } ?? ""
    canvas.text(
      "\(Text.clock(seconds: replay.position, decimals: 2))\(end)  \(state)", room.x, room.y, theme.style(.title),
      width: room.width)
    guard room.height > 1, let duration = replay.duration, duration > 0 else { return }
    canvas.meter(
      room.x, room.y + 1, width: room.width, fraction: replay.position / duration,
      gradient: theme[ThemeGradient.rate], rest: theme.style(.meterBackground), glyphs: context.glyphs)
    for mark in replay.marks {
      let share = mark.seconds / duration
      guard share.isFinite, (0...1).contains(share) else { continue }
      canvas[room.x + Int(share * Double(max(0, room.width - 1))), room.y + 1] = Cell("!", theme.style(.warning))
    }
    if room.height > 2 {
      let hints = ["[ ] 10 s", ", . step", replay.marks.isEmpty ? nil : "{ } event", "< > speed"].compactMap(\.self)
      let perLine = max(1, (room.width + 2) / 11)
      for (i, hint) in hints.enumerated() where i / perLine < room.height - 2 {
        canvas.text(hint, room.x + i % perLine * 11, room.y + 2 + i / perLine, theme.style(.graphText), width: 11)
      }
    }
  }
}

import Ground
import Pipeline

/// The recording being written: length, size, rate, file, free disk space, lost messages.
struct RecordingPane: Pane {
  func draw(_ room: Rect, _ context: PaneContext, on canvas: inout CellCanvas) {
    guard !room.isEmpty else { return }
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
      return [
        ("off; \(context.settings.keys.name(of: .session(.record))) records to", .mainForeground), (folder, .graphText),
        (free, .graphText),
      ]
    case .failed(let reason): return [("stopped: " + reason, .failure), (free, .graphText)]
    case .finishing: return [("finishing " + file, .warning)]
    case .recording:
      let left = recording.freeSeconds.map { ", enough for \(Text.clock(seconds: $0))" } ?? ""
      return [
        (
          "\(Text.clock(seconds: recording.seconds))  \(Text.bytes(Double(recording.bytes)))  "
            + "\(Text.bytes(recording.bytesPerSecond))/s", .title
        ),
        (file, .mainForeground),
        (free + left, recording.freeSeconds.map { $0 < 300 } == true ? .warning : .graphText),
        (
          recording.dropped > 0
            ? "\(recording.dropped) messages lost" : "\(counted(recording.frames, "frame")), none lost",
          recording.dropped > 0 ? .warning : .graphText
        ),
      ]
    }
  }
}

import Ground
import Pipeline
import Recording

/// Says on standard error that a run records, where, and, on a terminal, how far it is: a line that is rewritten.
final class RecordingLine: ResultConsumer {
  private let line = StatusLine()
  /// Whether the beginning has been said: once, however often a trigger begins.
  private let begun = Monitor(false)

  func receive(_ result: FrameResult) {}

  func receive(_ event: SessionEvent) {
    guard event.message.hasPrefix(Recorder.beginning) else { return }
    say(event.message)
  }

  /// Says what a recording waits for.
  func wait(for trigger: RecordingTrigger, in folder: String) {
    say("recording in \(folder) starts at the next \(trigger.label) of \(trigger.confidence) or more")
  }

  private func say(_ text: String) {
    let isFirst = begun.withLock { begun in
      defer { begun = true }
      return !begun
    }
    guard isFirst else { return }
    line.clear()
    StandardStreams.writeErrorLine(text)
  }

  /// Shows how the recording stands.
  func show(_ status: RecordingStatus, processed: () -> UInt64) {
    guard line.isShown else { return }
    switch status.state {
    case .recording:
      let name = status.path.split(separator: "/").last.map(String.init) ?? status.path
      let dropped = status.dropped > 0 ? "  \(status.dropped) dropped" : ""
      let megabytes = DurationText.tenths(Double(status.bytes) / 1e6)
      let frames = counted(status.frames, "frame")
      line.show("\(name)  \(DurationText.tenths(status.seconds)) s  \(frames)  \(megabytes) MB\(dropped)")
    case .idle: line.show("waiting  \(counted(processed(), "frame")) seen")
    case .finishing: line.show("finishing the file")
    case .failed: line.clear()
    }
  }

  /// Takes the rewritten line away.
  func clear() { line.clear() }
}

import ArgumentParser
import Capture
import Foundation
import Glibc
import Ground
import Pipeline
import Recording
import Service

/// A session without a terminal, until its source ends, its frames are done, or a signal comes.
struct HeadlessRun {
  /// What a run is for.
  enum Purpose {
    /// Results: a signal interrupts it, and a recording that fails does not end it.
    case results
    /// A recording: a signal is how it ends, and when the recording fails there is nothing left to do.
    case recording
  }

  var request: SessionRequest
  var purpose = Purpose.results
  /// One JSON line per processed frame on standard output.
  var json: Bool
  /// Stops after this many processed frames.
  var frames: UInt64?
  /// Stops after this many seconds, counted from the first frame: loading networks and waiting for a camera take their own time.
  var seconds: Double?

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let writer = JSONLinesWriter(writesFrames: json)
    var use = LiveSession.Use()
    use.waitsForModels = true
    use.comparesEveryFrame = true
    use.frameLimit = frames
    let line = RecordingLine()
    let live = try LiveSession(
      requestWithoutTerminal, use, consumers: request.recording.isOn ? [line, writer] : [writer])
    if request.recording.isOn, let trigger = live.trigger { line.wait(for: trigger, in: live.recorder.status.path) }
    // Only now: a device or an address that hangs while it is opened can be left with the first Ctrl-C.
    let interruption = Interruption()
    var began: MonotonicTime?
    try live.start()
    let failure = live.session.wait {
      if request.recording.isOn { line.show(live.recorder.status) { live.session.snapshot().processed } }
      if interruption.hasCome || writer.isBroken { return false }
      if purpose == .recording && live.recordingHasFailed { return false }
      guard let seconds else { return true }
      if began == nil, live.session.snapshot().captured > 0 { began = .now }
      return began.map { MonotonicTime.now.milliseconds(since: $0) < seconds * 1000 } ?? true
    }
    let recorded = live.close()
    line.clear()
    if let failure = writer.failure { throw failure }
    if let failure { throw writer.hasSaid(failure) ? ExitCode(1) : CommandFailure(what: failure) }
    if let failure = recorded.failure {
      throw writer.hasSaid(failure) ? ExitCode(1) : CommandFailure(what: "recording failed: \(failure)")
    }
    if json {
      tell(recorded, live.trigger, to: StandardStreams.writeErrorLine)
    } else {
      let snapshot = live.session.snapshot()
      summarise(snapshot)
      tell(recorded, live.trigger, to: StandardStreams.writeLine)
      if let comparison = snapshot.comparison { StandardStreams.writeLine(HeadlessRun.summary(of: comparison)) }
    }
    if purpose == .results { try interruption.exitIfInterrupted() }
    // Each was told of when it was passed over.
    if live.session.refusals > 0 { throw ExitCode(1) }
  }

  /// A single photo ends the session once it was looked at, but where more frames are asked for.
  private var requestWithoutTerminal: SessionRequest {
    var request = request
    let repeats = frames.map { $0 > 1 } ?? (seconds != nil)
    if repeats { request.source.request.still = .again }
    if request.source.request.afterPhoto == .hold { request.source.request.still = .end }
    return request
  }

  private func summarise(_ snapshot: SessionSnapshot) {
    let total = snapshot.latencies.first { $0.part == .total }
    // The session ended while they waited for the networks.
    let known = snapshot.processed + snapshot.skipped.pipeline
    let left = snapshot.captured > known ? ", \(snapshot.captured - known) left at the end" : ""
    let line =
      "\(counted(snapshot.processed, "frame")) processed of \(snapshot.captured), \(snapshot.skipped.pipeline) skipped\(left), "
      + "\(snapshot.skipped.driver) dropped by the driver"
    let latency = total.map { String(format: ", latency %.1f ms (p95 %.1f ms)", $0.p50, $0.p95) } ?? ""
    StandardStreams.writeLine(line + latency)
  }

  /// Says what was recorded, also that nothing was.
  private func tell(_ recorded: RecordingOutcome, _ trigger: RecordingTrigger?, to write: (String) -> Void) {
    guard request.recording.isOn else { return }
    if !recorded.files.isEmpty {
      let removed =
        recorded.removed > 0
        ? "; \(counted(recorded.removed, "earlier file was", "earlier files were")) removed by --cap" : ""
      write("recorded \(counted(recorded.frames, "frame")) to \(recorded.files.joined(separator: ", "))\(removed)")
    } else {
      let why = trigger.map { ": no \($0.label) of \($0.confidence) or more was seen" } ?? ""
      write("nothing was recorded\(why)")
    }
  }

  private static func summary(of comparison: ComparisonStatus) -> String {
    if case .failed(let reason) = comparison.state {
      return "the comparison with \(comparison.model) failed: \(reason)"
    }
    let count = comparison.agreement
    return "compared with \(comparison.model) on \(counted(count.frames, "frame")), \(count.differingFrames) differ: "
      + "\(count.agreed) objects found by both, \(count.onlyFirst) only by the first, "
      + "\(count.onlySecond) only by \(comparison.model)"
  }
}

import Capture
import Ground
import Perception

/// Watches over a session's threads from one of its own: says when the source's driver or a stage of the pipeline hangs,
/// keeps the picture going meanwhile, and passes on how the source fares.
struct Supervisor {
  let state: Monitor<SessionState>
  let slot: FrameSlot
  let capture: Heartbeat
  let pipeline: Heartbeat
  let patience: SessionPatience
  let source: any FrameSource
  let announce: @Sendable (SessionEvent) -> Void
  let deliver: @Sendable (SourceReport) -> Void
  /// There is another picture to show.
  let changed: @Sendable () -> Void

  private static let period: Int64 = 100_000_000
  /// How often an outage that goes on is reported, in milliseconds.
  private static let reportPeriod = 1000.0

  /// Whether a thread hangs, so that nobody should wait for its end.
  var findsAnythingStuck: Bool { stuckSource != nil || stuckStage != nil }

  private var stuckSource: Heartbeat.Work? { capture.stuck(beyond: patience.source) }
  private var stuckStage: Heartbeat.Work? {
    pipeline.stuck(beyond: patience.stage, factor: patience.stageFactor)
  }

  /// The supervisor's thread: until the session is over.
  func run() {
    var lastReport = MonotonicTime.now
    while state.wait(
      timeout: Self.period, until: { $0.isOver || !$0.reports.isEmpty }, then: { $0.isOver }) != true
    {
      watchSource()
      watchPipeline()
      pass(on: &lastReport)
    }
    pass(on: &lastReport)
  }

  private func pass(on last: inout MonotonicTime) {
    let now = MonotonicTime.now
    let description = source.description
    let reports: [SourceReport] = state.withLock { state in
      defer { state.reports = [] }
      if state.reports.isEmpty, now.milliseconds(since: last) >= Self.reportPeriod,
        case .noSignal(_, let since) = state.sourceState
      {
        return [
          SourceReport(
            source: description, state: state.sourceState, time: now,
            outageSeconds: now.milliseconds(since: since) / 1000)
        ]
      }
      return state.reports
    }
    guard !reports.isEmpty else { return }
    last = now
    reports.forEach(deliver)
  }

  private func watchSource() {
    if let work = stuckSource {
      let event = state.withLock { state -> SessionEvent? in
        guard !state.isSourceStuck else { return nil }
        state.isSourceStuck = true
        let since = state.lastCaptured ?? work.since
        return state.noteSource(.noSignal(reason: "the source's driver does not answer", since: since), of: source)
      }
      if let event { announce(event) }
    } else {
      state.withLock { state in
        guard state.isSourceStuck else { return }
        state.isSourceStuck = false
        guard case .noSignal(_, let since) = state.sourceState else { return }
        _ = state.noteSource(
          .noSignal(reason: "the source's driver answers again, waiting for a picture", since: since), of: source)
      }
    }
  }

  private func watchPipeline() {
    let found = stuckStage.map { StageStall(stage: $0.name, since: $0.since) }
    let before = state.withLock { state in
      defer { state.stall = found }
      return state.stall
    }
    switch (before, found) {
    case (nil, let stall?):
      announce(SessionEvent(severity: .error, message: "\(stall.line(at: .now)); the picture goes on without it"))
    case (let stall?, nil):
      let seconds = Int(saturating: MonotonicTime.now.milliseconds(since: stall.since) / 1000)
      announce(SessionEvent(severity: .info, message: "the \(stall.stage) answers again, after \(seconds) s"))
    default: break
    }
    guard found != nil, source.description.isLive, let frame = slot.discardWaiting() else { return }
    // An old picture must not stand there as if it were live.
    state.withLock { state in
      state.latest = FrameResult(
        number: 0, frame: frame, source: source.description.name, detector: "", findings: Findings())
    }
    changed()
  }
}

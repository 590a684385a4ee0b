import Capture
import Ground
import Perception

/// What a session knows at a moment, but for its models: what snapshots show.
///
/// Guarded by the session's lock; each method changes the counters that belong together.
struct SessionState: Sendable {
  /// What one view has chosen for itself.
  struct View: Sendable {
    /// Objects below are not shown.
    var minimumConfidence: Float
    /// The result on screen while the view is paused.
    var frozen: FrameResult?
    /// The result of the view's last snapshot: objects that the user points at are on it.
    var shown: FrameResult?
  }

  /// How many events are kept for the events pane; the log file has them all.
  static let eventCapacity = 200

  var source: SourceDescription
  var sourceState = SourceState.starting
  /// The newest result, with all objects that any view shows.
  var latest: FrameResult?
  var views: [Int: View] = [:]
  /// Grows with every view.
  var nextView = 0
  /// Objects below are neither recorded nor streamed.
  var minimumConfidence: Float
  var prompts: [Prompt] = []
  /// Grows when a consumer wants the picture of a source at rest once more.
  var looks = 0
  var events: [SessionEvent] = []
  var captured: UInt64 = 0
  var processed: UInt64 = 0
  var driverDrops: UInt64 = 0
  var passedOver: UInt64 = 0
  var damaged: UInt64 = 0
  /// How the newest captured picture looks.
  var health: PictureHealth?
  /// A stage that hangs, as the supervisor found.
  var stall: StageStall?
  /// When the last picture came.
  var lastCaptured: MonotonicTime?
  var latency = LatencyBook()
  var cameraRate = RateMeter()
  var processedRate = RateMeter()
  var skippedRate = RateMeter()
  var driverRate = RateMeter()
  var countedSkips: UInt64 = 0
  var stopping = false
  var finished = false
  /// The session was left although a thread of it hangs.
  var abandoned = false
  /// Whether the supervisor found the source's driver hanging.
  var isSourceStuck = false
  /// What is still to be told of the source; bounded.
  var reports: [SourceReport] = []
  /// The reasons that were said in the present outage: each is an event once.
  private var saidReasons: Set<String> = []
  var failure: String?

  init(source: SourceDescription, minimumConfidence: Float) {
    self.source = source
    self.minimumConfidence = minimumConfidence
  }

  /// Objects below are of no use to anybody.
  var leastConfidence: Float { views.values.reduce(minimumConfidence) { min($0, $1.minimumConfidence) } }

  /// What a view shows at the moment; nil for no view: the newest.
  func shown(in view: Int?) -> FrameResult? { view.flatMap { views[$0]?.frozen } ?? latest }

  /// The object and the result that holds it: the one that the user saw, where that is still at hand, else a later one.
  func find(_ id: ObjectID) -> (Detection, FrameResult)? {
    let results = (views.values.flatMap { [$0.frozen, $0.shown] } + [latest]).compactMap(\.self)
    let own = results.first { $0.number == id.frame }
    for result in [own].compactMap(\.self) + results {
      if let object = result.object(id) { return (object, result) }
    }
    return nil
  }

  /// Puts a result that was looked at again in the place of the one it was, wherever that is still shown.
  mutating func replace(_ result: FrameResult) {
    func isSame(_ other: FrameResult?) -> Bool {
      other?.number == result.number && other?.frame.sequence == result.frame.sequence
    }
    if isSame(latest) { latest = result }
    for id in views.keys where isSame(views[id]?.frozen) { views[id]?.frozen = result }
  }

  /// Whether nothing more will come of the session.
  var isOver: Bool { finished || abandoned }

  /// Notes a picture.
  ///
  /// - Returns: an event, where it ends an outage.
  mutating func noteCaptured(_ frame: Frame, of source: any FrameSource) -> SessionEvent? {
    captured += 1
    cameraRate.add(at: .now)
    if frame.driverDrops > driverDrops {
      driverRate.add(Int(clamping: frame.driverDrops - driverDrops), at: .now)
      driverDrops = frame.driverDrops
    }
    passedOver = frame.passedOver
    damaged = frame.damaged
    health = frame.health
    lastCaptured = .now
    return sourceState == .streaming ? nil : noteSource(.streaming, of: source)
  }

  /// Notes how the source fares, and queues a report where that is news.
  ///
  /// - Returns: an event for what has not been said yet.
  mutating func noteSource(_ new: SourceState, of source: any FrameSource) -> SessionEvent? {
    let old = sourceState
    guard new != old else { return nil }
    sourceState = new
    let now = MonotonicTime.now
    switch (old, new) {
    case (_, .noSignal(let reason, let since)):
      if case .noSignal(reason, _) = old { return nil }
      queue(
        SourceReport(
          source: source.description, state: new, time: now, outageSeconds: now.milliseconds(since: since) / 1000))
      guard saidReasons.insert(reason).inserted else { return nil }
      return SessionEvent(severity: .warning, message: "no signal: \(reason)")
    case (.noSignal(_, let since), .streaming):
      saidReasons = []
      self.source = source.description
      let seconds = now.milliseconds(since: since) / 1000
      queue(SourceReport(source: source.description, state: new, time: now, outageSeconds: seconds))
      return SessionEvent(severity: .info, message: "the picture is back after \(DurationText.tenths(seconds)) s")
    case (_, .failed):
      queue(SourceReport(source: source.description, state: new, time: now))
      return nil
    default: return nil
    }
  }

  private mutating func queue(_ report: SourceReport) {
    if reports.count < 64 { reports.append(report) }
  }

  /// Notes a result.
  mutating func noteProcessed(_ result: FrameResult) {
    processed += 1
    processedRate.add(at: result.completed)
    latency.add(result.latency)
    noteSkips(result.skipped.pipeline)
    latest = result
  }

  mutating func noteSkips(_ total: UInt64) {
    if total > countedSkips {
      skippedRate.add(Int(clamping: total - countedSkips), at: .now)
      countedSkips = total
    }
  }

  mutating func note(_ event: SessionEvent) {
    events.append(event)
    if events.count > SessionState.eventCapacity { events.removeFirst(events.count - SessionState.eventCapacity) }
  }

  mutating func rates(at time: MonotonicTime) -> Rates {
    var rates = Rates()
    rates.camera = cameraRate.rate(at: time)
    rates.processed = processedRate.rate(at: time)
    rates.skippedByPipeline = skippedRate.rate(at: time)
    rates.droppedByDriver = driverRate.rate(at: time)
    return rates
  }
}

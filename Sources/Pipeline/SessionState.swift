import Capture
import Ground

/// What a session knows at a moment: everything a snapshot shows that is not the models' business.
///
/// Guarded by the session's lock; the methods keep the counters that belong together together.
struct SessionState: Sendable {
  /// How many events are kept for the events pane; the log file has them all.
  static let eventCapacity = 200

  var source: SourceDescription
  var sourceState = SourceState.starting
  var latest: FrameResult?
  /// The result on screen while the picture is frozen.
  var frozen: FrameResult?
  var minimumConfidence: Float
  var events: [SessionEvent] = []
  var captured: UInt64 = 0
  var processed: UInt64 = 0
  var driverDrops: UInt64 = 0
  var latency = LatencyBook()
  var cameraRate = RateMeter()
  var processedRate = RateMeter()
  var skippedRate = RateMeter()
  var driverRate = RateMeter()
  var countedSkips: UInt64 = 0
  var stopping = false
  var finished = false
  var failure: String?

  init(source: SourceDescription, minimumConfidence: Float) {
    self.source = source
    self.minimumConfidence = minimumConfidence
  }

  mutating func noteCaptured(_ frame: Frame) {
    captured += 1
    cameraRate.add(at: .now)
    if frame.driverDrops > driverDrops {
      driverRate.add(Int(clamping: frame.driverDrops - driverDrops), at: .now)
      driverDrops = frame.driverDrops
    }
    sourceState = .streaming
  }

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

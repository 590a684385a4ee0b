import Capture
import Ground
import Perception
import Vision

/// What happens to one frame: detector, tracker, then the chain's stages. Pipeline thread only.
struct FramePipeline {
  /// The source's name at the moment: a camera can come back as another node.
  var source: String
  private let heartbeat: Heartbeat
  private let references: ReferenceBook
  private var models = ActiveModels()
  private var chain = StageChain()
  private var tracker = Tracker()
  private var lastTimestamp: MonotonicTime?
  private var number: UInt64 = 0
  /// The trouble last reported, so that a network that fails on every frame is reported once.
  private var lastTrouble: String?

  init(source: String, heartbeat: Heartbeat, references: ReferenceBook) {
    self.source = source
    self.heartbeat = heartbeat
    self.references = references
  }

  /// Goes on with other networks. Tracks end only with their detector.
  mutating func adopt(_ models: ActiveModels) {
    if models.detector !== self.models.detector {
      tracker.reset()
      lastTimestamp = nil
    }
    if models.generation != self.models.generation {
      chain = StageChain(models.links)
      lastTrouble = nil
    }
    self.models = models
  }

  /// Runs every stage that has a network.
  ///
  /// - Returns: the result, and a line about trouble that has not been reported yet. A failing stage leaves its part of
  ///   the result empty; the frame is delivered all the same.
  mutating func process(
    _ frame: Frame, arrived: MonotonicTime, minimumConfidence: Float, skipped: SkipCounts
  ) -> (FrameResult, String?) {
    let began = MonotonicTime.now
    var latency = FrameLatency()
    latency.capture = frame.captureNanoseconds
    latency.decode = frame.decodeNanoseconds
    latency.queue = max(0, began.nanoseconds(since: arrived))
    var findings = Findings()
    var trouble: (any Error)?
    if let detector = models.detector {
      number += 1
      heartbeat.begin("detector")
      defer { heartbeat.end() }
      do {
        // Doubtful detections prolong tracks; they are dropped once the tracker has seen them.
        (findings, latency.detector) = try detector.perceive(
          frame.image, region: nil, minimumConfidence: min(minimumConfidence, Tracker.Settings().lowConfidence))
        if detector.description.task.detects {
          track(&findings, in: frame, minimumConfidence: minimumConfidence, latency: &latency)
        }
        trouble = chain.run(
          on: &findings.detections, of: StageFrame(image: frame.image, number: number, time: frame.timestamp),
          latency: &latency, beginning: heartbeat.begin)
        references.compare(&findings, pictureModel: detector.description.name)
        models.labels?.write(to: &findings, pictureModel: detector.description.name)
      } catch {
        trouble = error
      }
    }
    var result = FrameResult(
      number: number, frame: frame, source: source, detector: models.detector?.description.name ?? "",
      findings: findings)
    result.classifier = models.classifier?.cropModel?.description.name
    result.skipped = skipped
    result.completed = .now
    latency.total = max(0, result.completed.nanoseconds(since: frame.timestamp))
    result.latency = latency
    let line = trouble.map { "\($0)" }
    if line == lastTrouble { return (result, nil) }
    lastTrouble = line
    return (result, line)
  }

  private mutating func track(
    _ findings: inout Findings, in frame: Frame, minimumConfidence: Float, latency: inout FrameLatency
  ) {
    let began = MonotonicTime.now
    let seconds = lastTimestamp.map { Double(frame.timestamp.nanoseconds(since: $0)) / 1e9 } ?? 1.0 / 30
    lastTimestamp = frame.timestamp
    let followed = tracker.follow(
      findings.detections, secondsSinceLast: seconds, frame: (frame.image.width, frame.image.height))
    findings.detections = followed.filter { $0.confidence >= minimumConfidence }
    latency.tracker = MonotonicTime.now.nanoseconds(since: began)
  }
}

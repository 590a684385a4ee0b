import Capture
import Ground
import Perception
import Vision

/// What happens to one frame: detector, tracker, classifier on the crops, sequence network. Pipeline thread only.
struct FramePipeline {
  private let configuration: SessionConfiguration
  private let source: String
  private let heartbeat: Heartbeat
  private let crops: CropClassifier
  private var tracker = Tracker()
  private var lastTimestamp: MonotonicTime?
  private var sequence = SequenceStage()
  private var number: UInt64 = 0
  /// The trouble last reported, so that a network that fails on every frame is reported once.
  private var lastTrouble: String?

  init(configuration: SessionConfiguration, source: String, heartbeat: Heartbeat) {
    self.configuration = configuration
    self.source = source
    self.heartbeat = heartbeat
    crops = CropClassifier(configuration)
  }

  /// Forgets tracks and histories: other networks begin.
  mutating func reset() {
    tracker.reset()
    lastTimestamp = nil
    sequence.reset()
    lastTrouble = nil
  }

  /// Runs every stage that has a network.
  ///
  /// - Returns: the result, and a line about trouble that has not been reported yet. A failing stage leaves its part of
  ///   the result empty; the frame is delivered all the same.
  mutating func process(
    _ frame: Frame, arrived: MonotonicTime, with models: ModelSwitchboard.Active, minimumConfidence: Float,
    skipped: SkipCounts
  ) -> (FrameResult, String?) {
    let began = MonotonicTime.now
    var latency = FrameLatency()
    latency.capture = frame.captureNanoseconds
    latency.decode = frame.decodeNanoseconds
    latency.queue = max(0, began.nanoseconds(since: arrived))
    var findings = Findings()
    var trouble: String?
    if let detector = models.detector {
      number += 1
      heartbeat.begin("detector")
      defer { heartbeat.end() }
      do {
        // Doubtful detections prolong tracks; they are dropped once the tracker has seen them.
        (findings, latency.detector) = try detector.perceive(
          frame.image, region: nil, minimumConfidence: min(minimumConfidence, Tracker.Settings().lowConfidence))
        if detector.description.task.detects {
          track(&findings, at: frame.timestamp, minimumConfidence: minimumConfidence, latency: &latency)
        }
        try runLaterStages(on: &findings, of: frame, with: models, latency: &latency)
      } catch {
        trouble = "\(error)"
      }
    }
    var result = FrameResult(
      number: number, frame: frame, source: source, detector: models.detector?.description.name ?? "",
      findings: findings)
    result.classifier = models.classifier?.description.name
    result.skipped = skipped
    result.completed = .now
    latency.total = max(0, result.completed.nanoseconds(since: frame.timestamp))
    result.latency = latency
    if trouble == lastTrouble { return (result, nil) }
    lastTrouble = trouble
    return (result, trouble)
  }

  private mutating func track(
    _ findings: inout Findings, at timestamp: MonotonicTime, minimumConfidence: Float, latency: inout FrameLatency
  ) {
    let began = MonotonicTime.now
    let seconds = lastTimestamp.map { Double(timestamp.nanoseconds(since: $0)) / 1e9 } ?? 1.0 / 30
    lastTimestamp = timestamp
    findings.detections = tracker.follow(findings.detections, secondsSinceLast: seconds).filter {
      $0.confidence >= minimumConfidence
    }
    latency.tracker = MonotonicTime.now.nanoseconds(since: began)
  }

  private mutating func runLaterStages(
    on findings: inout Findings, of frame: Frame, with models: ModelSwitchboard.Active, latency: inout FrameLatency
  ) throws {
    guard !findings.detections.isEmpty else { return }
    if let classifier = models.classifier {
      heartbeat.begin("classifier")
      latency.classifier = try crops.classify(&findings.detections, in: frame.image, with: classifier)
    }
    if let network = models.sequence {
      heartbeat.begin("sequence")
      let began = MonotonicTime.now
      try sequence.classify(
        &findings.detections, frameWidth: frame.image.width, frameHeight: frame.image.height, number: number,
        with: network)
      latency.sequence = MonotonicTime.now.nanoseconds(since: began)
    }
  }
}

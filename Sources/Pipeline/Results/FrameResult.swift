public import Capture
public import Ground
public import Perception

/// Frames that were captured but not processed, by cause.
public struct SkipCounts: Sendable, Equatable, Codable {
  /// Replaced in the slot by a newer frame before the pipeline was free.
  public var pipeline: UInt64 = 0
  /// Lost by the driver (gaps in its sequence).
  public var driver: UInt64 = 0
  /// Passed over by the source because a newer one was already there.
  public var passedOver: UInt64 = 0
  /// Thrown away by the source as damaged.
  public var damaged: UInt64 = 0

  public init(pipeline: UInt64 = 0, driver: UInt64 = 0, passedOver: UInt64 = 0, damaged: UInt64 = 0) {
    self.pipeline = pipeline
    self.driver = driver
    self.passedOver = passedOver
    self.damaged = damaged
  }
}

/// Where one frame's time went, in nanoseconds.
public struct FrameLatency: Sendable {
  /// Driver's timestamp to frame in hand.
  public var capture: Int64 = 0
  public var decode: Int64 = 0
  /// Frame in hand to pipeline free.
  public var queue: Int64 = 0
  /// Of the stages that ran on the frame, in the order of the pipeline.
  public var stages: [StageTiming] = []
  /// ``Frame/captured`` to result ready, and never less than the sum of the parts.
  public var total: Int64 = 0

  public init() {}

  /// Making input tensors, over all stages.
  public var preprocess: Int64 { stages.reduce(0) { $0 &+ $1.times.preprocess } }
  /// Running networks, over all stages.
  public var inference: Int64 { stages.reduce(0) { $0 &+ $1.times.inference } }
  /// Reading outputs, following objects, comparing: over all stages.
  public var postprocess: Int64 { stages.reduce(0) { $0 &+ $1.times.postprocess } }

  /// What a stage took; nil where it did not run.
  public subscript(stage: StageID) -> StageTimes? { stages.first { $0.id == stage }?.times }
}

/// All that a pipeline made of one frame. Immutable, and bound to the frame it was computed on.
public struct FrameResult: Sendable {
  /// Counts processed frames from 1; 0 for a picture that passed a pipeline that hangs.
  public var number: UInt64
  public var frame: Frame
  public var source: String
  /// The name of the first primary's model; empty where none serves.
  public var detector: String
  /// The name of the user's own second stage.
  public var classifier: String?
  /// What the first primary runs on.
  public var engine: String?
  public var findings: Findings
  /// Totals since the session began.
  public var skipped: SkipCounts
  public var latency: FrameLatency
  /// How the machine fared; nil where that is not known.
  public var machine: MachineStatus?
  /// When the result was ready.
  public var completed: MonotonicTime

  public init(number: UInt64, frame: Frame, source: String, detector: String, findings: Findings) {
    self.number = number
    self.frame = frame
    self.source = source
    self.detector = detector
    classifier = nil
    engine = nil
    self.findings = findings
    skipped = SkipCounts()
    latency = FrameLatency()
    completed = MonotonicTime.now
  }
}

extension FrameResult {
  /// The name of one of the detections.
  public func id(of detection: Detection) -> ObjectID { ObjectID(detection, on: number) }

  /// The object of that name, on its own frame by its number and on another by its track; nil where it is not here.
  public func object(_ id: ObjectID) -> Detection? {
    if id.frame == number { return findings.detections.first { $0.number == id.number } }
    return id.track.flatMap { track in findings.detections.first { $0.track == track } }
  }

  /// The same without the objects below a confidence, by the network's own confidence in this frame. No object that stays
  /// shows less: a smoothed confidence below gives way to the own one.
  public func filtered(atLeast confidence: Float) -> FrameResult {
    guard findings.detections.contains(where: { min($0.confidence, $0.ownConfidence) < confidence }) else {
      return self
    }
    var copy = self
    copy.findings.detections.removeAll { $0.ownConfidence < confidence }
    for index in copy.findings.detections.indices where copy.findings.detections[index].confidence < confidence {
      copy.findings.detections[index].confidence = copy.findings.detections[index].ownConfidence
    }
    copy.findings.detections.sort { $0.confidence > $1.confidence }
    return copy
  }
}

/// Takes results from the pipeline: a recorder, a JSON writer.
///
/// ``receive(_:)`` is called on the pipeline's thread and must return at once: consumers queue and drop for themselves.
public protocol ResultConsumer: AnyObject, Sendable {
  func receive(_ result: FrameResult)
  func receive(_ event: SessionEvent)
  /// How things stand with the source: told when it changes, and once a second while there is no signal. Called on a
  /// thread of its own, also while the pipeline hangs.
  func receive(_ report: SourceReport)
}

extension ResultConsumer {
  public func receive(_ report: SourceReport) {}
}

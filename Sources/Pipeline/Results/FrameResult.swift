public import Capture
public import Ground
public import Perception

/// Frames that were captured but not processed, by cause.
public struct SkipCounts: Sendable, Equatable {
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
  /// Driver timestamp to frame in hand.
  public var capture: Int64 = 0
  public var decode: Int64 = 0
  /// Frame in hand to pipeline free.
  public var queue: Int64 = 0
  public var detector = StageTimes()
  /// Every stage that classifies crops.
  public var classifier = StageTimes()
  /// Every stage that makes feature vectors of crops.
  public var embedder = StageTimes()
  public var tracker: Int64 = 0
  public var sequence: Int64 = 0
  /// Driver timestamp to result ready.
  public var total: Int64 = 0

  public init() {}

  public var preprocess: Int64 { detector.preprocess + classifier.preprocess + embedder.preprocess }
  public var inference: Int64 { detector.inference + classifier.inference + embedder.inference + sequence }
  public var postprocess: Int64 {
    detector.postprocess + classifier.postprocess + embedder.postprocess + tracker
  }
}

/// Everything that came of one processed frame. Immutable, and bound to the frame it was computed on.
public struct FrameResult: Sendable {
  /// Counts processed frames from 1.
  public var number: UInt64
  public var frame: Frame
  public var source: String
  /// Names of the models that ran.
  public var detector: String
  public var classifier: String?
  public var findings: Findings
  /// Totals since the session began.
  public var skipped: SkipCounts
  public var latency: FrameLatency
  /// When the result was ready.
  public var completed: MonotonicTime

  public init(number: UInt64, frame: Frame, source: String, detector: String, findings: Findings) {
    self.number = number
    self.frame = frame
    self.source = source
    self.detector = detector
    classifier = nil
    self.findings = findings
    skipped = SkipCounts()
    latency = FrameLatency()
    completed = MonotonicTime.now
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

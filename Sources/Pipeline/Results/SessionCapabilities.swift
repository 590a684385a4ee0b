public import Capture
public import Ground
public import Perception

/// How a recording stands, for headers and panes.
public struct RecordingStatus: Sendable, Equatable {
  public enum State: Sendable, Equatable {
    /// Ready to record; ``RecordingStatus/path`` is the folder that recordings go to.
    case idle
    case recording
    /// Writing the last chunks and the index.
    case finishing
    case failed(reason: String)
  }

  public var state: State
  /// The file being written, or the folder where the next one goes.
  public var path: String
  /// When the first message of the file was stamped; nil while idle.
  public var since: MonotonicTime?
  public var seconds: Double
  public var bytes: UInt64
  /// Over the last seconds.
  public var bytesPerSecond: Double
  public var frames: UInt64
  /// Messages that did not fit the recorder's bounded queue.
  public var dropped: UInt64
  /// Free space on the file system, in bytes; nil when unknown.
  public var freeBytes: UInt64?
  /// Seconds of recording that still fit at the present rate; nil when unknown.
  public var freeSeconds: Double?

  public init(state: State, path: String) {
    self.state = state
    self.path = path
    since = nil
    seconds = 0
    bytes = 0
    bytesPerSecond = 0
    frames = 0
    dropped = 0
    freeBytes = nil
    freeSeconds = nil
  }
}

/// Switches recording on and off. Calls are thread-safe and return at once; the outcome is an event and a
/// ``RecordingStatus``.
public protocol RecordingControl: AnyObject, Sendable {
  func setRecording(_ on: Bool)
}

/// Where a replay stands.
public typealias ReplayStatus = PlaybackStatus
/// Moves within a recording or file.
public typealias ReplayControl = PlaybackControl

/// A second detector on the same frames: what it found on the newest frame that both have processed.
public struct ComparisonStatus: Sendable {
  public var model: String
  public var state: ModelListing.State
  /// The result of the second detector; its frame is ``SessionSnapshot/latest``'s or an older one.
  public var frameNumber: UInt64
  public var findings: Findings
  public var times: StageTimes
  /// The first detector's findings on that very frame.
  public var primaryFindings: Findings
  /// The first detector's own times on that very frame.
  public var primaryTimes: StageTimes
  /// The count over all frames that both have processed since the comparison began.
  public var agreement: DetectionAgreement

  public init(model: String, state: ModelListing.State) {
    self.model = model
    self.state = state
    frameNumber = 0
    findings = Findings()
    times = StageTimes()
    primaryFindings = Findings()
    primaryTimes = StageTimes()
    agreement = DetectionAgreement()
  }
}

/// Runs a second detector beside the first. Calls are thread-safe and return at once.
public protocol ComparisonControl: AnyObject, Sendable {
  /// nil ends the comparison.
  func compare(with detector: String?)
}

/// Saves what is on the screen at the moment. Calls are thread-safe and return at once; the outcome is an event.
public protocol SnapshotControl: AnyObject, Sendable {
  /// Writes the newest frame as a photo, with its boxes drawn, to the place the session knows.
  func savePhoto()
}

/// What a session may be able to do beyond the common; nil where it cannot.
extension SessionControl {
  public var recorder: (any RecordingControl)? { nil }
  public var replay: (any ReplayControl)? { nil }
  public var comparison: (any ComparisonControl)? { nil }
  public var photographer: (any SnapshotControl)? { nil }
  public var memory: (any ReferenceControl)? { nil }
  public var labeller: (any LabelControl)? { nil }
}

/// What is given to a session so that fronts can ask it for more: how to record, how to move in a replay.
public struct SessionExtras: Sendable {
  public var recorder: (any RecordingControl)?
  public var recordingStatus: (@Sendable () -> RecordingStatus)?
  public var replay: (any ReplayControl)?
  public var replayStatus: (@Sendable () -> ReplayStatus)?
  /// Where snapshots are written; nil: none can be taken.
  public var photoFolder: String?
  /// What detections are compared with; nil: the session remembers nothing beyond its end.
  public var references: ReferenceStore?

  public init() {}
}

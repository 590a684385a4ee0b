public import Ground
public import Perception

/// How a recording stands, for headers and panes.
public struct RecordingStatus: Sendable, Equatable, Codable {
  public enum State: Sendable, Equatable, Codable {
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
  /// Begins a recording into a folder, or under a name that ends in `.mcap`; one that runs is completed first.
  func record(to path: String)
}

/// What is given to a session so that it can be asked for more: how to record, where photos go.
public struct SessionExtras: Sendable {
  public var recorder: (any RecordingControl)?
  public var recordingStatus: (@Sendable () -> RecordingStatus)?
  /// How the machine fares; nil: nobody looks at it. Called for every frame: returns at once.
  public var machine: (@Sendable () -> MachineStatus?)?
  /// Where photos are written; nil: none can be saved.
  public var photoFolder: String?
  /// What detections are compared with; nil: the session remembers nothing beyond its end.
  public var references: ReferenceStore?
  /// A second detector that looks at every frame, on the pipeline's thread, to count how far the two agree.
  public var comparesEveryFrame: (any VisionModel)?

  public init() {}
}

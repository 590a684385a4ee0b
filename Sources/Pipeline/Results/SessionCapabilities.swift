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
}

/// Where a replay stands.
public struct ReplayStatus: Sendable, Equatable, Codable {
  /// A moment of a recording that is worth going to.
  public struct Mark: Sendable, Equatable, Codable {
    /// Seconds from the recording's start.
    public var seconds: Double
    public var title: String

    public init(seconds: Double, title: String) {
      self.seconds = seconds
      self.title = title
    }
  }

  /// Seconds from the recording's start.
  public var position: Double
  /// nil when unknown.
  public var duration: Double?
  public var isPlaying: Bool
  /// 1 is the recording's own speed.
  public var speed: Double
  public var marks: [Mark]

  public init(position: Double, duration: Double?, isPlaying: Bool, speed: Double = 1, marks: [Mark] = []) {
    self.position = position
    self.duration = duration
    self.isPlaying = isPlaying
    self.speed = speed
    self.marks = marks
  }
}

/// Moves within a recording or file. Calls are thread-safe and return at once.
public protocol ReplayControl: AnyObject, Sendable {
  /// Goes to a moment in seconds from the start, clamped to the recording.
  func seek(to seconds: Double)
  /// Stops the play and goes `frames` on, or back when negative.
  func step(by frames: Int)
  func setPlaying(_ playing: Bool)
  func setSpeed(_ speed: Double)
}

/// What is given to a session so that it can be asked for more: how to record, how to move in a replay.
public struct SessionExtras: Sendable {
  public var recorder: (any RecordingControl)?
  public var recordingStatus: (@Sendable () -> RecordingStatus)?
  public var replay: (any ReplayControl)?
  public var replayStatus: (@Sendable () -> ReplayStatus)?
  /// Where photos are written; nil: none can be saved.
  public var photoFolder: String?
  /// What detections are compared with; nil: the session remembers nothing beyond its end.
  public var references: ReferenceStore?
  /// A second detector that looks at every frame, on the pipeline's thread, to count how far the two agree.
  public var comparesEveryFrame: (any VisionModel)?

  public init() {}
}

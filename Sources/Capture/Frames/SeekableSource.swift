/// Where a file or a recording stands as it plays.
public struct PlaybackStatus: Sendable, Equatable, Codable {
  /// A moment that is worth going to.
  public struct Mark: Sendable, Equatable, Codable {
    /// Seconds from the start.
    public var seconds: Double
    public var title: String

    public init(seconds: Double, title: String) {
      self.seconds = seconds
      self.title = title
    }
  }

  /// Speeds that can be asked for; others are brought into this range.
  public static let speeds: ClosedRange<Double> = 0.05...64

  /// Seconds from the start.
  public var position: Double
  /// Length in seconds; nil when unknown.
  public var duration: Double?
  public var isPlaying: Bool
  /// 1 is the speed it was made at.
  public var speed: Double
  public var marks: [Mark]
  /// The topics of cameras in it, by name, and the one that plays; empty where there is nothing to choose.
  public var topics: [String] = []
  public var topic: String?
  /// When position 0 was, in nanoseconds of Unix time (UTC); nil where the medium does not say.
  public var begin: Int64?

  public init(
    position: Double, duration: Double?, isPlaying: Bool, speed: Double = 1, marks: [Mark] = [], begin: Int64? = nil,
    topics: [String] = [], topic: String? = nil
  ) {
    self.position = position
    self.duration = duration
    self.isPlaying = isPlaying
    self.speed = speed
    self.marks = marks
    self.begin = begin
    self.topics = topics
    self.topic = topic
  }
}

/// Moves within a file or a recording. Calls are thread-safe and return at once; the capture thread carries them out.
public protocol PlaybackControl: AnyObject, Sendable {
  /// Goes to a moment in seconds from the start, clamped to the length, as near as the index allows.
  func seek(to seconds: Double)
  /// Pauses and goes `frames` on, or back when negative. Steps that come faster than frames are decoded add up.
  func step(by frames: Int)
  /// Pauses or goes on; at the end it starts again.
  func setPlaying(_ playing: Bool)
  /// Plays faster or slower, within ``PlaybackStatus/speeds``.
  func setSpeed(_ speed: Double)
}

/// A source that is not live and can be moved about in: a video file or a recording.
///
/// While it is paused, ``FrameSource/next(timeout:)`` gives ``SourceEvent/nothing``, and one frame after each seek or step.
public protocol SeekableSource: FrameSource, PlaybackControl {
  /// Where it stands. Thread-safe.
  var status: PlaybackStatus { get }
}

public import Ground

/// What a source delivers next.
public enum SourceEvent: Sendable {
  case frame(Frame)
  /// Nothing yet; the source is healthy. Call again.
  case nothing
  /// No picture for a reason the user should read ("device disconnected, retrying"), since `since`.
  case noSignal(reason: String, since: MonotonicTime)
  /// Something worth the events log: a reconnect, a changed format, a switched exposure.
  case notice(String)
  /// The source is at its end: no more frames will come.
  case end
}

/// What a source is, for headers and JSON.
public struct SourceDescription: Sendable, Equatable, Codable {
  /// How the user names it: "/dev/video0", "demo:seed=7".
  public var name: String
  /// More for the header: the camera's product name, the file's format.
  public var detail: String
  public var width: Int
  public var height: Int
  /// Nominal frames a second; 0 when unknown.
  public var framesPerSecond: Double
  /// A live source drops frames for a slow consumer; others may be asked to wait.
  public var isLive: Bool
  /// One picture, as it should be: a photo.
  public var isStill = false
  /// It delivers one picture and no other: nothing is late, and nothing gets old.
  public var rests: Bool { isStill && framesPerSecond == 0 }

  public init(name: String, detail: String, width: Int, height: Int, framesPerSecond: Double, isLive: Bool) {
    self.name = name
    self.detail = detail
    self.width = width
    self.height = height
    self.framesPerSecond = framesPerSecond
    self.isLive = isLive
  }
}

/// What to ask of a source. Sources come as close as they can and describe what they gave.
public struct SourceRequest: Sendable, Equatable {
  /// How fast files and folders are played.
  public enum Pace: String, Sendable {
    /// At their own rate.
    case native
    /// As fast as they are asked for frames.
    case unlimited
  }

  /// What comes after a single photo.
  public enum Still: String, Sendable {
    /// Nothing, and the session goes on: a dashboard shows it.
    case hold
    /// The source's end.
    case end
    /// The same photo, at ``framesPerSecond``, like the picture of a camera that looks at it.
    case again
  }

  public var width: Int?
  public var height: Int?
  public var framesPerSecond: Double?
  /// nil for what suits the rest of the request, see ``afterPhoto``.
  public var still: Still?
  public var pace = Pace.native
  /// Start a file or folder again at its end.
  public var loops = false
  /// Camera settings, applied in this order, again after every reconnect.
  public var controls: [ControlSetting] = []
  /// Where controls are remembered per camera; nil remembers none.
  public var controlMemory: ControlMemory?
  /// The camera's pixel format by its four characters ("MJPG"); nil for the one that costs least.
  public var pixelFormat: String?
  /// Keep trying for a camera or stream that is not there yet, instead of failing.
  public var waits = false
  /// Seconds without a picture after which a camera or stream is reopened; nil for what suits it (30 frame periods).
  public var patience: Double?

  public init(width: Int? = nil, height: Int? = nil, framesPerSecond: Double? = nil) {
    self.width = width
    self.height = height
    self.framesPerSecond = framesPerSecond
  }

  /// What comes after a single photo: the same again where a rate or a loop is asked for.
  public var afterPhoto: Still { still ?? (framesPerSecond != nil || loops ? .again : .hold) }
}

/// Where frames come from: a camera, the demo scene, files, a recording.
///
/// Opened on any thread; afterwards ``next(timeout:)`` and ``close()`` are called only by the capture thread.
public protocol FrameSource: AnyObject, Sendable {
  /// What was really negotiated. May change after a reconnect. Thread-safe.
  var description: SourceDescription { get }

  /// Pictures of a folder or file that could not be shown since the source opened, each of them told of in a notice: what
  /// asked for all of them has not got all. Thread-safe.
  var refusals: Int { get }

  /// Its controls; nil for a source that has none. Thread-safe.
  var controls: ControlDesk? { get }

  /// The next event, after waiting at most `timeout` milliseconds.
  ///
  /// Recoverable trouble (a bad frame, an unplugged camera) is an event, not an error.
  /// - Throws: ``CaptureError`` when the source cannot go on at all.
  func next(timeout: Int) throws -> SourceEvent

  /// Releases everything. Idempotent.
  func close()
}

extension FrameSource {
  /// None: what a live source loses is counted in its frames.
  public var refusals: Int { 0 }

  /// None: only cameras have some.
  public var controls: ControlDesk? { nil }
}

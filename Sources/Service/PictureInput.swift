public import Capture
import Ground
import Recording
public import Vision

/// A picture that is looked at by itself, and where it is from.
public struct LonePicture: Sendable {
  /// A photo's path; else the source's name, without passwords.
  public var name: String
  public var image: Image
  /// From 1; nil for photos.
  public var frame: Int?
  /// From the start of the file or the recording; nil where there is none.
  public var seconds: Double?
  /// When it was taken, where a recording says so.
  public var recorded: RecordedTime?
  /// A recorded photo's name.
  public var file: String?
}

/// What a user names to be looked at, each picture by itself: a photo, a folder of photos, or anything else that is a source.
public struct PictureInput: Sendable {
  /// The default number of pictures from an endless source: a camera, a stream, the demo scene.
  public static let picturesOfLiveSources = 1

  private let name: SourceName
  /// The paths of the photos; nil for another source.
  public let photos: [String]?
  /// Whether it is the demo scene, which has networks of its own.
  public let isDemo: Bool

  /// - Throws: an error that says what to do.
  public init(_ text: String) throws {
    // The words of sources and of ffmpeg belong into the log.
    FileLog.start()
    name = SourceName(text)
    isDemo = name.isDemo
    photos = try SourceOpening.photos(name)
  }

  /// Opens it, and reads the first photo, for nothing but the error.
  public func check() throws {
    if let photos {
      if let first = photos.first { _ = try PhotoFile.load(first) }
    } else {
      try open().close()
    }
  }

  private func open() throws -> any FrameSource {
    var request = SourceRequest()
    request.pace = .unlimited
    request.still = .end
    var choice = SourceChoice(name: name.text, request: request)
    choice.replay.speed = 0
    choice.replay.atEnd = .end
    return try SourceOpening.open(choice).source
  }

  /// Hands each picture to `body`, in their order.
  ///
  /// - Parameters:
  ///   - limit: at most so many pictures of each video, recording or stream; nil for all of a file, and
  ///     ``picturesOfLiveSources`` of what does not end.
  ///   - notice: told of what is looked at although it is damaged, and of a stream's troubles.
  ///   - refusal: told of each picture that cannot be had; the others follow.
  /// - Throws: where the source cannot be opened or does not go on, and what `body` throws of a source's picture.
  public func forEach(
    atMost limit: Int? = nil, notice: (String) -> Void, refusal: (any Error) -> Void,
    _ body: (LonePicture) throws -> Void
  ) throws {
    guard let photos else { return try look(atMost: limit, notice, refusal, body) }
    if photos.isEmpty {
      throw ServiceError(
        .unreadable, "no photos in the folder", place: name.text, remedy: "name its photos, or a recording in it")
    }
    for path in photos {
      do {
        let image = try PhotoFile.load(path) { notice("\($0.line); it is looked at all the same") }
        try body(LonePicture(name: path, image: image))
      } catch {
        refusal(error)
      }
    }
  }

  private func look(
    atMost limit: Int?, _ notice: (String) -> Void, _ refusal: (any Error) -> Void,
    _ body: (LonePicture) throws -> Void
  ) throws {
    let source = try open()
    defer { source.close() }
    let isLive = source.description.isLive
    var wait = PictureWait(isLive: isLive, name: source.description.name)
    let most = limit ?? (isLive ? Self.picturesOfLiveSources : Int.max)
    var count = 0
    var refused = source.refusals
    while count < most {
      switch try source.next(timeout: 100) {
      case .frame(let frame):
        count += 1
        try body(
          LonePicture(
            name: source.description.name, image: frame.image, frame: count, seconds: frame.mediaTime,
            recorded: frame.recorded, file: frame.photo?.name))
        // The time that the networks took is not the source's.
        wait.restart()
      case .notice(let text):
        if source.refusals > refused { refusal(ServiceError(.unreadable, text)) } else { notice(text) }
        refused = source.refusals
      case .end:
        guard count > 0 || refused > 0 else { throw wait.failure("no picture in it") }
        return
      case .noSignal(let reason, _):
        // A stream that has ended would be connected to again.
        if isLive, count > 0 {
          notice("\(source.description.name): \(counted(count, "picture")), then \(reason)")
          return
        }
        try wait.check(reason)
      case .nothing: try wait.check("no picture arrives")
      }
    }
  }
}

/// How long a picture is waited for.
private struct PictureWait {
  /// Seconds. A camera may need some for its first picture; a video's frames take less.
  private static let patience = 30.0

  let isLive: Bool
  let name: String
  private var since = MonotonicTime.now

  init(isLive: Bool, name: String) {
    self.isLive = isLive
    self.name = name
  }

  mutating func restart() { since = .now }

  func check(_ reason: String) throws {
    guard MonotonicTime.now.milliseconds(since: since) > Self.patience * 1000 else { return }
    throw failure("\(reason) for \(Int(saturating: Self.patience)) s")
  }

  func failure(_ what: String) -> ServiceError {
    ServiceError(
      .unreadable, what, place: name,
      remedy: isLive ? "look at it with `ocellus --source`, which waits" : "play it with ffmpeg to see what is wrong")
  }
}

import Glibc
import Ground
import Vision

/// One way to make a source of a name: a row of ``SourceRegistry``'s table.
public struct SourceOpener: Sendable {
  /// What it opens, for help texts: "camera", "recording".
  public var name: String
  /// Whether the name is one of its own.
  public var claims: @Sendable (SourceName) -> Bool
  /// Opens it. Errors name the source and say what to do.
  public var open: @Sendable (SourceName, SourceRequest) throws -> any FrameSource

  public init(
    name: String, claims: @escaping @Sendable (SourceName) -> Bool,
    open: @escaping @Sendable (SourceName, SourceRequest) throws -> any FrameSource
  ) {
    self.name = name
    self.claims = claims
    self.open = open
  }
}

extension SourceOpener {
  /// This room's own ways, the most particular first: the first that claims a name opens it.
  public static let standard: [SourceOpener] = [
    demo, standardInput, networkStream, camera, motionJPEG, photos, rawVideo, videoFile,
  ]

  static let standardInput = SourceOpener(
    name: "frames on standard input",
    claims: { $0.text == "-" || $0.text.hasPrefix("-:") },
    open: { name, request in try RawVideoSource(standardInputAs: name.text, request: request) })

  static let networkStream = SourceOpener(
    name: "network stream", claims: { $0.scheme != nil },
    open: { name, request in try FFmpegSource(stream: name.text, request: request) })

  static let camera = SourceOpener(
    name: "camera", claims: { $0.file == .device || $0.text.hasPrefix("/dev/video") },
    open: { name, request in try CameraSource(path: name.text, request: request) })

  static let motionJPEG = SourceOpener(
    name: "file of motion JPEG",
    claims: { name in
      guard case .regular(let head) = name.file else { return false }
      return head.withUnsafeBytes { ImageFileFormat(of: $0) } == .jpeg && MotionJPEG.isVideo(name.text)
    },
    open: { name, request in
      try VideoFileSource(path: name.text, format: MotionJPEG.format, request: request)
    })

  static let photos = SourceOpener(
    name: "photo or folder of photos",
    claims: { name in
      switch name.file {
      case .folder: true
      case .regular(let head): PhotoFormat(head: head) != nil
      case .missing: PhotoList.isFolderWithOption(name.text)
      case .device, .other, .unreadable: false
      }
    },
    open: { name, request in try PhotoSource(path: name.text, request: request) })

  static let rawVideo = SourceOpener(
    name: "Y4M file or pipe",
    claims: { name in
      switch name.file {
      case .regular(let head): head.starts(with: Y4MHeader.magic)
      case .other: true
      default: false
      }
    },
    open: { name, request in try RawVideoSource(path: name.text, request: request) })

  static let videoFile = SourceOpener(
    name: "video file",
    claims: { if case .regular = $0.file { true } else { false } },
    open: { name, request in
      if case .regular(let head) = name.file { try refuseWhatIsNoVideo(name.text, head) }
      return try VideoFileSource(path: name.text, request: request)
    })

  /// ffmpeg would try for a while and then call these "invalid data"; some it would even play (subtitles, fonts).
  private static func refuseWhatIsNoVideo(_ path: String, _ head: [UInt8]) throws {
    if head.isEmpty { throw CaptureError(.corrupt, "the file is empty", place: path) }
    if head.starts(with: [0x89, 0x4D, 0x43, 0x41, 0x50]) {
      throw CaptureError(.unsupported, "this is a recording", place: path, remedy: "play it with `ocellus replay`")
    }
    let isText = head.allSatisfy { $0 >= 32 && $0 < 127 || $0 == 9 || $0 == 10 || $0 == 13 }
    if isText {
      throw CaptureError(
        .unsupported, "a text file, not a picture or video", place: path,
        remedy: "sources are cameras, photos, folders of photos, videos, streams and recordings")
    }
  }
}

import Glibc
import Ground

/// Opens sources by name, from a table to which higher rooms add their own kinds (recordings).
public struct SourceRegistry: Sendable {
  /// An open source, and why it was chosen when the user chose none.
  public struct Opened: Sendable {
    public var source: any FrameSource
    /// "the first camera that works", "no camera works: …"; nil when the user named the source.
    public var reason: String?
  }

  /// The table, in the order of asking.
  public let openers: [SourceOpener]
  private let cameras: @Sendable () -> [CameraListing]

  /// - Parameter additions: further ways, asked before this room's own.
  public init(adding additions: [SourceOpener] = []) {
    self.init(adding: additions, cameras: { CameraCatalogue.list() })
  }

  package init(adding additions: [SourceOpener], cameras: @escaping @Sendable () -> [CameraListing]) {
    openers = additions + SourceOpener.standard
    self.cameras = cameras
  }

  /// Opens what `text` names; without a name the first camera that works, else the demo scene, with the reason.
  ///
  /// - Throws: one clear ``ExplainedError``, whose place is the name.
  public func open(_ text: String?, request: SourceRequest = SourceRequest()) throws -> Opened {
    guard let text else { return try openAny(request) }
    return Opened(source: try openNamed(text, request), reason: nil)
  }

  private func openNamed(_ text: String, _ request: SourceRequest) throws -> any FrameSource {
    let name = SourceName(text)
    if let opener = openers.first(where: { $0.claims(name) }) { return try opener.open(name, request) }
    switch name.file {
    case .unreadable(let code):
      throw CaptureError(
        code == EACCES ? .noPermission : .deviceFailed, String(cString: strerror(code)).lowercased(), place: text,
        errno: code)
    default:
      throw CaptureError(
        .notFound, "no such source", place: text,
        remedy: "a source is /dev/video0, demo, a photo, a folder, a video, rtsp://… or a recording")
    }
  }

  private func openAny(_ request: SourceRequest) throws -> Opened {
    var problems: [String] = []
    for listing in cameras() {
      if let problem = listing.problem {
        problems.append("\(listing.path): \(problem)")
        continue
      }
      do {
        let source = try CameraSource(path: listing.path, request: request)
        return Opened(source: source, reason: "\(listing.name), the first camera that works")
      } catch {
        problems.append(error.line)
      }
    }
    let reason = problems.isEmpty ? "no camera found" : "no camera works: \(problems.joined(separator: "; "))"
    return Opened(source: try openNamed("demo", request), reason: reason)
  }
}

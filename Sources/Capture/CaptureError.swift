public import Ground

/// What goes wrong between a source's name and its frames.
public struct CaptureError: ExplainedError, Equatable {
  public enum Kind: String, Sendable {
    case notFound
    case noPermission
    case busy
    case unsupported
    case corrupt
    case deviceFailed
    case toolMissing
    case badName
  }

  public var kind: Kind
  public var what: String
  public var place: String
  public var remedy: String
  /// The system's error number behind it; 0 when there is none.
  public var errno: Int32

  public init(_ kind: Kind, _ what: String, place: String = "", remedy: String = "", errno: Int32 = 0) {
    self.kind = kind
    self.what = what
    self.place = place
    self.remedy = remedy
    self.errno = errno
  }
}

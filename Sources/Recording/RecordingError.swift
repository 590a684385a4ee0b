public import Ground

/// What goes wrong with recordings: reading them, writing them, taking them apart.
public struct RecordingError: ExplainedError, Equatable {
  public enum Kind: String, Sendable {
    case notARecording
    case corrupt
    case unsupported
    case tooLarge
    case fileFailed
    case diskFull
    case badArgument
    case nothingToDo
    case toolMissing
    case cancelled
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

  /// The same error with its place named, where it has none yet.
  func at(_ place: String) -> RecordingError {
    var error = self
    if error.place.isEmpty { error.place = place }
    return error
  }
}

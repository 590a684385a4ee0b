public import Ground

/// What goes wrong between a source's name and its frames.
public typealias CaptureError = Explained<CaptureErrorKind>

/// The causes of a ``CaptureError``, for programs to tell apart.
public enum CaptureErrorKind: String, Sendable {
  case notFound
  case noPermission
  case busy
  case unsupported
  case corrupt
  case deviceFailed
  case toolMissing
  case badName
}

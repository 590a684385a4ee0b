/// What is wrong with the layout of bytes that are being read.
public typealias ByteError = Explained<ByteErrorKind>

/// The causes of a ``ByteError``, for programs to tell apart.
public enum ByteErrorKind: String, Sendable {
  /// A field or an offset reaches past the end of what holds it.
  case outOfBounds
}

public import Ground

/// What is wrong with a ROS 2 message that was received or recorded.
public typealias ROSError = Explained<ROSErrorKind>

/// The causes of a ``ROSError``, for programs to tell apart.
public enum ROSErrorKind: String, Sendable {
  case corrupt
  case unsupported
  case tooLarge
}

public import Ground

/// Why a session cannot be put together from what the user asked for.
public typealias ServiceError = Explained<ServiceErrorKind>

/// The causes of a ``ServiceError``, for programs to tell apart.
public enum ServiceErrorKind: String, Sendable {
  /// A file that the user named cannot be read.
  case unreadable
  /// What the user asked for can never happen.
  case badArgument
}

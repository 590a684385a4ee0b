public import Ground

/// Why a session cannot be put together from what the user asked for.
public typealias ServiceError = Explained<ServiceErrorKind>

/// The causes of a ``ServiceError``, for programs to tell apart.
public enum ServiceErrorKind: String, Sendable {
  /// A file that the user named cannot be read.
  case unreadable
  /// What the user asked for can never happen.
  case badArgument
  /// No network is named, and none of the user's own is installed.
  case noNetwork
  /// A network is named for what it cannot do.
  case wrongTask
}

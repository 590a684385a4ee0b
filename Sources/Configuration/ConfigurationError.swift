public import Ground

/// What is wrong with a configuration, a manifest or another small file from outside.
public typealias ConfigurationError = Explained<ConfigurationErrorKind>

/// The causes of a ``ConfigurationError``, for programs to tell apart.
public enum ConfigurationErrorKind: String, Sendable {
  case notFound
  case unreadable
  case unwritable
  case tooLarge
  case notText
  case badSyntax
  case badField
}

public import Ground

/// Thrown by this module: a model that cannot be read, an unknown operator, shapes that do not fit, an engine that fails.
public typealias InferenceError = Explained<InferenceErrorKind>

/// The causes of a ``InferenceError``, for programs to tell apart.
public enum InferenceErrorKind: String, Sendable {
  case unreadableFile
  case malformedModel
  case unknownOperator
  case unsupportedFeature
  case badAttribute
  case badShape
  case badType
  case badInput
  /// The network needs more memory or time than it may take.
  case overLimit
  /// The engine or provider that was asked for does not exist or does not work here.
  case engineUnavailable
  /// A device or library failed during a run; the network itself may be sound.
  case engineFailed
}

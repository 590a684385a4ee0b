public import Ground

/// What the engine throws: a model it cannot read, an operator it does not know, shapes that do not fit.
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
}

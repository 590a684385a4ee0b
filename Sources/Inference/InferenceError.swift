public import Ground

/// What the engine throws: a model it cannot read, an operator it does not know, shapes that do not fit.
public struct InferenceError: ExplainedError, Equatable {
  /// The cause, for programs to tell apart.
  public enum Kind: String, Sendable {
    case unreadableFile
    case malformedModel
    case unknownOperator
    case unsupportedFeature
    case badAttribute
    case badShape
    case badType
    case badInput
  }

  public var kind: Kind
  public var what: String
  /// The file, and the node where one is at fault.
  public var place: String
  public var remedy: String

  public init(_ kind: Kind, _ what: String, place: String = "", remedy: String = "") {
    self.kind = kind
    self.what = what
    self.place = place
    self.remedy = remedy
  }

  /// The same error with `outer` put before its place.
  public func at(_ outer: String) -> InferenceError {
    var copy = self
    copy.place = place.isEmpty ? outer : "\(outer): \(place)"
    return copy
  }
}

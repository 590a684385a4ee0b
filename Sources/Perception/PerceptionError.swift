public import Ground

/// What goes wrong between a network's file and its findings: manifests, recognition, decoders.
public struct PerceptionError: ExplainedError, Equatable {
  public enum Kind: String, Sendable {
    case notFound
    case badManifest
    case notUnderstood
    case badOutput
    case badInput
  }

  public var kind: Kind
  public var what: String
  public var place: String
  public var remedy: String

  public init(_ kind: Kind, _ what: String, place: String = "", remedy: String = "") {
    self.kind = kind
    self.what = what
    self.place = place
    self.remedy = remedy
  }
}

/// The name of a stage within its pipeline: "detector", "tracker", "classifier", "helmets".
///
/// Unique within a pipeline; whatever a stage says of a frame or of an object carries it.
public struct StageID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
  public let name: String

  /// The stage of findings that no pipeline has taken in yet: a network's answer before a stage signs it.
  public static let unsigned = StageID("")

  public init(_ name: String) { self.name = name }

  public init(stringLiteral name: String) { self.name = name }

  public init(from decoder: any Decoder) throws { name = try decoder.singleValueContainer().decode(String.self) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }

  public var description: String { name }

  public static func < (a: StageID, b: StageID) -> Bool { a.name < b.name }
}

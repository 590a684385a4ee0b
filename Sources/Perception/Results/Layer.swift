/// What a stage can say of a frame or of an object: classes, a segmentation, a feature vector, a pose …
///
/// A new kind of content is a type that conforms and a row in ``LayerContents/all``. Its `Codable` form is the JSON of
/// results, recordings and sockets: an object whose keys are neither `stage` nor `kind`. Decoding must check every length
/// and number: the text may come from anywhere.
public protocol LayerContent: Sendable, Codable {
  /// Names the kind in JSON: "classes", "segmentation".
  static var kind: String { get }
  /// The key under which a frame's JSON shows the last layer of the kind; nil: in the list of layers, like all others.
  static var frameKey: String? { get }
}

extension LayerContent {
  public static var frameKey: String? { nil }
}

/// What one stage says: of a whole frame (in ``Findings/layers``), or of one object (in ``Detection/attributes``).
public struct Layer: Sendable {
  public var stage: StageID
  public var content: any LayerContent

  public init(_ content: any LayerContent, by stage: StageID) {
    self.stage = stage
    self.content = content
  }

  public var kind: String { type(of: content).kind }
}

extension Layer: Codable {
  private enum CodingKeys: CodingKey { case stage, kind }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let kind = try container.decode(String.self, forKey: .kind)
    guard let type = LayerContents.type(ofKind: kind) else {
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: container, debugDescription: "no content is of the kind '\(kind)'")
    }
    stage = try container.decode(StageID.self, forKey: .stage)
    content = try type.init(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(stage, forKey: .stage)
    try container.encode(kind, forKey: .kind)
    try content.encode(to: encoder)
  }
}

/// The kinds of content, one row each.
public enum LayerContents {
  public static let all: [any LayerContent.Type] = [
    Classes.self, Activity.self, FeatureVector.self, Likeness.self, Pose.self, Sighting.self, SegmentationMap.self,
    DepthMap.self, Motion.self,
  ]

  private static let byKind: [String: any LayerContent.Type] = {
    var table: [String: any LayerContent.Type] = [:]
    for type in all {
      precondition(table.updateValue(type, forKey: type.kind) == nil, "two contents of the kind \(type.kind)")
    }
    return table
  }()

  /// The type of a kind; nil for an unknown kind.
  public static func type(ofKind kind: String) -> (any LayerContent.Type)? { byKind[kind] }
}

extension [Layer] {
  /// The newest content of a type: the last stage that said something of the kind has the word.
  public func last<Content: LayerContent>(_: Content.Type) -> Content? {
    for layer in reversed() {
      if let content = layer.content as? Content { return content }
    }
    return nil
  }

  /// All contents of a type with their stages, in the order of the pipeline.
  public func all<Content: LayerContent>(_: Content.Type) -> [(stage: StageID, content: Content)] {
    compactMap { layer in (layer.content as? Content).map { (layer.stage, $0) } }
  }

  /// Adds layers; an empty list shares their memory.
  public mutating func add(_ more: [Layer]) {
    if isEmpty { self = more } else { self += more }
  }

  /// Puts a stage's content in place of what that stage said before of the same kind.
  public mutating func set<Content: LayerContent>(_ content: Content, by stage: StageID) {
    if let index = firstIndex(where: { $0.stage == stage && $0.content is Content }) {
      self[index].content = content
    } else {
      // As many as a network's answer has, and a few of later stages.
      if isEmpty { reserveCapacity(4) }
      append(Layer(content, by: stage))
    }
  }
}

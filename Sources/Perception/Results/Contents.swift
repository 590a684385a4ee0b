/// A label with its confidence.
public struct Classification: Sendable, Hashable {
  public var label: String
  public var classID: Int
  /// 0...1.
  public var confidence: Float

  public init(label: String, classID: Int, confidence: Float) {
    self.label = label
    self.classID = classID
    self.confidence = confidence
  }
}

/// Classes, best first: of the whole picture, or of an object's crop.
public struct Classes: LayerContent, Hashable {
  public static let kind = "classes"
  public var list: [Classification]

  public init(_ list: [Classification]) { self.list = list }

  private enum CodingKeys: CodingKey { case classes }

  public init(from decoder: any Decoder) throws {
    list = try decoder.container(keyedBy: CodingKeys.self).decode([Classification].self, forKey: .classes)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(list, forKey: .classes)
  }
}

/// What a tracked object is doing, from a network over its history, best first.
public struct Activity: LayerContent, Hashable {
  public static let kind = "activity"
  public var classes: [Classification]

  public init(_ classes: [Classification]) { self.classes = classes }
}

/// A network's feature vector, of unit length.
public struct FeatureVector: LayerContent, Hashable {
  public static let kind = "vector"
  public var values: [Float]
  /// The network that made it: vectors of different networks do not compare.
  public var model: String

  public init(_ values: [Float], model: String) {
    self.values = values
    self.model = model
  }

  private enum CodingKeys: CodingKey { case values, model }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    values = try container.decodeIfPresent([Float].self, forKey: .values) ?? []
    model = try container.decode(String.self, forKey: .model)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(model, forKey: .model)
    if !values.isEmpty { try container.encode(values.map { JSONNumber.rounded($0, 6) }, forKey: .values) }
  }
}

/// How much something looks like each reference, the most alike first.
///
/// What is written (JSON lines, recordings) holds the references that are near: ``near``.
public struct Likeness: LayerContent, Hashable {
  public static let kind = "likeness"

  /// The least cosine similarity that says something: below, vectors of most networks are those of any two objects.
  public static let near: Float = 0.3

  /// A reference with its cosine similarity, -1...1.
  public struct Match: Sendable, Hashable {
    public var name: String
    public var similarity: Float

    public init(name: String, similarity: Float) {
      self.name = name
      self.similarity = similarity
    }
  }

  public var matches: [Match]

  public init(_ matches: [Match]) { self.matches = matches }

  /// The matches that are near.
  public var nearMatches: [Match] { matches.filter { $0.similarity >= Likeness.near } }

  private enum CodingKeys: String, CodingKey { case matches = "references" }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(nearMatches, forKey: .matches)
  }
}

extension Likeness.Match: Codable {
  private enum CodingKeys: CodingKey { case name, similarity }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(JSONNumber.rounded(similarity, 4), forKey: .similarity)
  }
}

/// A point of a pose, in pixels of the source frame.
public struct Keypoint: Sendable, Hashable {
  public var x: Float
  public var y: Float
  /// 0...1.
  public var confidence: Float

  public init(x: Float, y: Float, confidence: Float) {
    self.x = x
    self.y = y
    self.confidence = confidence
  }
}

extension Keypoint: Codable {
  /// `[x, y, confidence]`.
  public init(from decoder: any Decoder) throws {
    let numbers = try [Float](from: decoder)
    guard numbers.count == 3, numbers.allSatisfy(\.isFinite) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a keypoint is [x, y, confidence]"))
    }
    self.init(x: numbers[0], y: numbers[1], confidence: numbers[2])
  }

  public func encode(to encoder: any Encoder) throws {
    try [JSONNumber.rounded(x, 2), JSONNumber.rounded(y, 2), JSONNumber.rounded(confidence, 4)].encode(to: encoder)
  }
}

/// An object's pose, from a network on its crop.
public struct Pose: LayerContent, Hashable {
  public static let kind = "pose"
  public var keypoints: [Keypoint]
  /// Where the network's manifest says it; nil: the usual one for its number of points.
  public var skeleton: Skeleton?

  public init(_ keypoints: [Keypoint], skeleton: Skeleton? = nil) {
    self.keypoints = keypoints
    self.skeleton = skeleton
  }
}

/// The same object as another detector saw it: what is left of a detection that was merged into a more confident one.
public struct Sighting: LayerContent, Hashable {
  public static let kind = "detection"
  public var label: String
  public var classID: Int
  public var confidence: Float

  public init(label: String, classID: Int, confidence: Float) {
    self.label = label
    self.classID = classID
    self.confidence = confidence
  }

  private enum CodingKeys: String, CodingKey {
    case label, confidence
    case classID = "class_id"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(label, forKey: .label)
    try container.encode(classID, forKey: .classID)
    try container.encode(JSONNumber.rounded(confidence, 4), forKey: .confidence)
  }
}

extension Classification: Codable {
  private enum CodingKeys: String, CodingKey {
    case label, confidence
    case classID = "class_id"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(label, forKey: .label)
    try container.encode(classID, forKey: .classID)
    try container.encode(JSONNumber.rounded(confidence, 4), forKey: .confidence)
  }
}

/// Numbers as JSON shows them.
public enum JSONNumber {
  /// `value` with `digits` decimals. JSON has no infinities: what is not finite becomes 0.
  public static func rounded(_ value: Float, _ digits: Int) -> Double { rounded(Double(value), digits) }

  /// `value` with `digits` decimals; 0 where it is not finite.
  public static func rounded(_ value: Double, _ digits: Int) -> Double {
    guard value.isFinite else { return 0 }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value * scale).rounded()
    return scaled.isFinite ? scaled / scale : value
  }
}

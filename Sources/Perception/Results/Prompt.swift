public import Vision

/// What a user points at or asks for, for stages that take prompts.
public struct Prompt: Sendable, Hashable {
  /// A place in the picture, in pixels of the source frame.
  public struct Point: Sendable, Hashable, Codable {
    public var x: Float
    public var y: Float
    /// False: the place does not belong to what is meant.
    public var isIncluded: Bool

    public init(x: Float, y: Float, isIncluded: Bool = true) {
      self.x = x
      self.y = y
      self.isIncluded = isIncluded
    }
  }

  /// Names the prompt within its session.
  public var id: Int
  public var points: [Point]
  /// A box around what is meant, in pixels of the source frame.
  public var box: Box?
  /// What is meant, in words.
  public var text: String

  public init(id: Int, points: [Point] = [], box: Box? = nil, text: String = "") {
    self.id = id
    self.points = points
    self.box = box
    self.text = text
  }
}

extension Prompt: Codable {
  private enum CodingKeys: CodingKey { case id, points, box, text }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let sides = try container.decodeIfPresent([Float].self, forKey: .box)
    if let sides, sides.count != 4 || !sides.allSatisfy(\.isFinite) {
      throw DecodingError.dataCorruptedError(
        forKey: .box, in: container, debugDescription: "a box is [left, top, width, height]")
    }
    self.init(
      id: try container.decode(Int.self, forKey: .id),
      points: try container.decodeIfPresent([Point].self, forKey: .points) ?? [],
      box: sides.map { Box(x: $0[0], y: $0[1], width: $0[2], height: $0[3]) },
      text: try container.decodeIfPresent(String.self, forKey: .text) ?? "")
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    if !points.isEmpty { try container.encode(points, forKey: .points) }
    try container.encodeIfPresent(box.map { [$0.x, $0.y, $0.width, $0.height] }, forKey: .box)
    if !text.isEmpty { try container.encode(text, forKey: .text) }
  }
}

public import Vision

/// What moved in the picture since the frame before.
public struct Motion: LayerContent, Hashable {
  public static let kind = "motion"
  public static let frameKey: String? = kind
  /// The share of the picture that changed, 0...1.
  public var share: Float
  /// Where it changed, in pixels of the source frame, largest first.
  public var regions: [Box]

  /// Regions that are read back, at most.
  private static let regionLimit = 1024

  public init(share: Float, regions: [Box]) {
    self.share = share
    self.regions = regions
  }

  private enum CodingKeys: CodingKey { case share, regions }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    share = try container.decode(Float.self, forKey: .share)
    let boxes = try container.decode([[Float]].self, forKey: .regions)
    guard boxes.count <= Motion.regionLimit, boxes.allSatisfy({ $0.count == 4 && $0.allSatisfy(\.isFinite) }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .regions, in: container, debugDescription: "a region is [left, top, width, height]")
    }
    regions = boxes.map { Box(x: $0[0], y: $0[1], width: $0[2], height: $0[3]) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(JSONNumber.rounded(share, 4), forKey: .share)
    let boxes = regions.map { [$0.x, $0.y, $0.width, $0.height].map { JSONNumber.rounded($0, 1) } }
    try container.encode(boxes, forKey: .regions)
  }
}

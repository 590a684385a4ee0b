import Configuration
public import Vision

/// What a manifest may say about the network's input.
public struct InputOverrides: Sendable {
  public var name: String?
  public var layout: TensorLayout?
  public var width: Int?
  public var height: Int?
  public var order: ChannelOrder?
  public var scale: Float?
  public var mean: [Float]?
  public var deviation: [Float]?
  public var resize: ResizeKind?
  public var shorterSide: Int?
  public var pad: Float?
  public var filter: ResizeFilter?

  /// Whether it says what becomes of a pixel's value.
  var saysNormalization: Bool { order != nil || scale != nil || mean != nil || deviation != nil }
}

extension InputOverrides {
  init(_ reader: ConfigReader) throws {
    name = try reader.string("name")
    layout = try reader.choice("layout", TensorLayout.allCases.map { ($0.rawValue, $0) })
    if let size = try reader.ints("size", in: 1...8192) {
      guard size.count == 1 || size.count == 2 else {
        throw reader.error("size", "must be [width, height], or one number for a square")
      }
      width = size[0]
      height = size[size.count - 1]
    }
    order = try reader.choice("color", ChannelOrder.allCases.map { ($0.rawValue, $0) })
    scale = try reader.number("scale", in: -1e6...1e6)
    mean = try reader.numbers("mean")
    deviation = try reader.numbers("std")
    let channels = order?.channels
    for (key, list) in [("mean", mean), ("std", deviation)] {
      if let list, ![1, channels ?? 3, channels == nil ? 1 : 3].contains(list.count) {
        throw reader.error(key, "must hold one number per channel")
      }
    }
    if let deviation, deviation.contains(0) { throw reader.error("std", "must not hold 0: it divides") }
    resize = try reader.choice("resize", ResizeKind.allCases.map { ($0.rawValue, $0) })
    shorterSide = try reader.int("shorter_side", in: 1...8192)
    pad = try reader.number("pad", in: 0...255)
    filter = try reader.choice("filter", ResizeFilter.allCases.map { ($0.rawValue, $0) })
  }
}

/// The manifest's words for a resize rule.
public enum ResizeKind: String, Sendable, CaseIterable {
  case letterbox
  case letterboxTopLeft = "letterbox-top-left"
  case stretch
  case centerCrop = "center-crop"
}

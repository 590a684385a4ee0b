import Ground

/// What the levels of a grey picture of eight bits stand for, where it was made of measured values: distances, or a thermal
/// camera's counts.
public struct LevelScale: Sendable, Hashable {
  public enum Quantity: Sendable, Hashable {
    /// Millimetres; level 0: nothing was measured.
    case distance
    /// The sensor's own numbers; more is brighter, and with thermal cameras warmer.
    case counts
  }

  public var quantity: Quantity
  /// The values of levels 0 and 255.
  public var low: Double
  public var high: Double

  public init(_ quantity: Quantity, low: Double, high: Double) {
    self.quantity = quantity
    self.low = low
    self.high = high
  }

  /// The value of a level, as exact as 256 levels are; nil where nothing was measured.
  public func value(of level: UInt8) -> Double? {
    if quantity == .distance, level == 0 { return nil }
    return low + (high - low) * Double(level) / 255
  }

  /// A value for people: "1.83 m", "29315".
  public func text(_ value: Double) -> String {
    switch quantity {
    case .distance:
      let centimetres = Int(saturating: (max(0, value) / 10).rounded())
      let fraction = centimetres % 100
      return "\(centimetres / 100).\(fraction < 10 ? "0" : "")\(fraction) m"
    case .counts: return "\(Int(saturating: value.rounded()))"
    }
  }

  /// How a level is coloured, 0...255: near things and high counts are warm. nil: black.
  public func warmth(of level: UInt8) -> UInt8? {
    switch quantity {
    case .distance: level == 0 ? nil : 255 - level
    case .counts: level
    }
  }
}

extension Image {
  /// The value at a pixel; nil outside, for pictures without a scale, and where nothing was measured.
  public func measured(x: Int, y: Int) -> Double? {
    guard let levels, format == .gray8, x >= 0, y >= 0, x < width, y < height else { return nil }
    return withExtendedLifetime(storage) {
      let level = base(ofPlane: 0).load(fromByteOffset: y * planes[0].bytesPerRow + x, as: UInt8.self)
      return levels.value(of: level)
    }
  }
}

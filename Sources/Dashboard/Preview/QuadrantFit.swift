import Ground

/// Approximates the four quarters of a cell by two colours and a block character: twice the columns of half blocks.
///
/// Of the ways to split four samples into two groups, the one with the least squared error is taken.
package struct QuadrantFit {
  /// Colours of a cell's quarters.
  package struct Samples: Equatable {
    package var upperLeft = Color.black
    package var upperRight = Color.black
    package var lowerLeft = Color.black
    package var lowerRight = Color.black

    package init() {}

    package init(_ upperLeft: Color, _ upperRight: Color, _ lowerLeft: Color, _ lowerRight: Color) {
      self.upperLeft = upperLeft
      self.upperRight = upperRight
      self.lowerLeft = lowerLeft
      self.lowerRight = lowerRight
    }

    /// The largest distance of a quarter's colours.
    package func distance(to other: Samples) -> Int {
      max(
        upperLeft.distance(to: other.upperLeft), upperRight.distance(to: other.upperRight),
        lowerLeft.distance(to: other.lowerLeft), lowerRight.distance(to: other.lowerRight))
    }

    package subscript(_ quarter: Int) -> Color {
      switch quarter {
      case 0: upperLeft
      case 1: upperRight
      case 2: lowerLeft
      default: lowerRight
      }
    }
  }

  /// The characters by which quarters are in the foreground: bit 0 upper left, 1 upper right, 2 lower left, 3 lower right
  /// (Unicode, Block Elements, U+2580...259F).
  package static let glyphs: [Unicode.Scalar] = [
    " ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█",
  ]

  /// One of each pair of complements; half blocks first, which wins where nothing is better.
  private static let masks: [UInt8] = [0b1100, 0b1010, 0b0110, 0b1000, 0b0100, 0b0010, 0b1110]
  /// Squared error, per channel, that another split must save to take the half block's place: so small a difference is
  /// not seen, but a character that changes is.
  private static let saving = 48

  /// The quarters in the foreground.
  package private(set) var mask: UInt8 = 0
  package private(set) var foreground = Color.black
  package private(set) var background = Color.black

  package init(_ samples: Samples) {
    var least = Int.max
    for mask in Self.masks {
      let inside = Self.mean(samples, mask)
      let outside = Self.mean(samples, ~mask & 15)
      let error = Self.error(samples, mask, inside) + Self.error(samples, ~mask & 15, outside)
      guard error < least - (least == .max ? 0 : Self.saving) else { continue }
      least = error
      self.mask = mask
      foreground = inside
      background = outside
    }
  }

  /// The mean in linear light of the quarters of a mask.
  private static func mean(_ samples: Samples, _ mask: UInt8) -> Color {
    let linear = LinearLight.fromSRGB
    var red = 0
    var green = 0
    var blue = 0
    var count = 0
    for quarter in 0..<4 where mask & (1 << quarter) != 0 {
      let color = samples[quarter]
      red += Int(linear[color.red])
      green += Int(linear[color.green])
      blue += Int(linear[color.blue])
      count += 1
    }
    guard count > 1 else { return samples[mask.trailingZeroBitCount & 3] }
    let table = LinearLight.toSRGB
    return Color(table[(red / count) >> 4], table[(green / count) >> 4], table[(blue / count) >> 4])
  }

  private static func error(_ samples: Samples, _ mask: UInt8, _ mean: Color) -> Int {
    var error = 0
    for quarter in 0..<4 where mask & (1 << quarter) != 0 {
      let color = samples[quarter]
      let red = color.red - mean.red
      let green = color.green - mean.green
      let blue = color.blue - mean.blue
      error += red * red + green * green + blue * blue
    }
    return error
  }
}

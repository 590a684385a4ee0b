import Ground
import Synchronization

/// A pixel font of 6x13 for the alphabets of ``PixelFontData``.
enum PixelFont {
  static let width = 6
  static let height = 13
  /// Rows above the line that letters stand on.
  static let ascent = 11

  /// A hollow box, for what no font has.
  static let unknown: [UInt8] = [0, 0, 62, 34, 34, 34, 34, 34, 34, 34, 62, 0, 0]

  /// ``height`` rows of ``width`` bits, the most significant bit at the left; nil for what the font lacks.
  static func rows(of scalar: Unicode.Scalar) -> [UInt8]? { glyphs[scalar.value] }

  private static let glyphs: [UInt32: [UInt8]] = {
    var glyphs: [UInt32: [UInt8]] = [:]
    for line in PixelFontData.lines.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 2, let first = UInt32(parts[0], radix: 16) else { continue }
      let bits = parts[1].utf8.map(value)
      for (index, start) in stride(from: 0, to: bits.count, by: height).enumerated() {
        glyphs[first + UInt32(index)] = Array(bits[start..<min(bits.count, start + height)])
      }
    }
    return glyphs
  }()

  /// The six bits of a letter of base64.
  private static func value(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    default: 63
    }
  }
}

import Ground

/// A colour of the screen: 24-bit sRGB, or the terminal's own default foreground or background.
package struct Color: Hashable, Sendable {
  /// 0xRRGGBB, or a value above for the terminal's own.
  package let raw: UInt32

  package static let terminal = Color(raw: 0xFF00_0000)
  package static let black = Color(raw: 0)
  package static let white = Color(raw: 0xFF_FFFF)

  package init(raw: UInt32) { self.raw = raw }

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    raw = UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
  }

  package var isTerminal: Bool { raw > 0xFF_FFFF }
  package var red: Int { Int(raw >> 16 & 0xFF) }
  package var green: Int { Int(raw >> 8 & 0xFF) }
  package var blue: Int { Int(raw & 0xFF) }

  /// Rough brightness in 0...255, weights of BT.601.
  package var brightness: Int { (red * 77 + green * 151 + blue * 28) >> 8 }

  /// The largest difference of a channel, as compared with a tolerance.
  package func distance(to other: Color) -> Int {
    max(abs(red - other.red), abs(green - other.green), abs(blue - other.blue))
  }

  /// This colour with `share` (in 256ths) of another; terminal colours do not mix.
  package func mixed(with other: Color, share: Int) -> Color {
    guard !isTerminal, !other.isTerminal else { return self }
    func mix(_ a: Int, _ b: Int) -> UInt8 { UInt8(clamping: (a * (256 - share) + b * share) >> 8) }
    return Color(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }

  /// Every channel raised by an amount, or lowered.
  package func brightened(by amount: Int) -> Color {
    isTerminal
      ? self : Color(UInt8(clamping: red + amount), UInt8(clamping: green + amount), UInt8(clamping: blue + amount))
  }

  /// Relative luminance, 0 for black to 1 for white (WCAG 2).
  package var luminance: Double {
    let linear = LinearLight.fromSRGB
    return (0.2126 * Double(linear[red]) + 0.7152 * Double(linear[green]) + 0.0722 * Double(linear[blue])) / 65535
  }

  /// Contrast ratio of text of one colour on another, 1 to 21 (WCAG 2); 4.5 for text, 3 for less important text.
  package func contrast(with other: Color) -> Double {
    let (light, dark) = (max(luminance, other.luminance), min(luminance, other.luminance))
    return (light + 0.05) / (dark + 0.05)
  }

  /// Black or white, whichever reads better on this colour.
  package var contrasting: Color { contrast(with: .black) >= contrast(with: .white) ? .black : .white }

  /// Parses `#RRGGBB`, `#GG` (a grey, as btop has it) or `R G B` in decimals; nil for anything else.
  package init?(themeValue text: some StringProtocol) {
    if text.first == "#" {
      let digits = text.dropFirst()
      guard digits.allSatisfy({ $0.isASCII && $0.isHexDigit }), let value = UInt32(digits, radix: 16) else {
        return nil
      }
      switch digits.count {
      case 6: self.init(raw: value)
      case 2: self.init(raw: value << 16 | value << 8 | value)
      default: return nil
      }
      return
    }
    let parts = text.split(separator: " ").map { UInt8($0) }
    guard parts.count == 3, let r = parts[0], let g = parts[1], let b = parts[2] else { return nil }
    self.init(r, g, b)
  }
}

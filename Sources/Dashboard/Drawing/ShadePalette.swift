import Ground

/// Mixtures of a terminal's 8 or 16 colours by the shades ░ ▒ ▓.
struct ShadePalette {
  struct Mixture {
    var scalar: Unicode.Scalar
    var foreground: Color
    var background: Color
  }

  /// Shares of the foreground in a cell.
  private static let shades: [(scalar: Unicode.Scalar, share: Int)] = [("░", 64), ("▒", 128), ("▓", 192)]
  /// Weight of a pair's contrast: a coarse pattern is worse than a small error of colour.
  private static let roughness = 6
  /// Colours with less between their channels count as greys and are mixed from greys only.
  private static let greyish = 40

  /// By 4 bits a channel.
  private let mixtures: [Mixture]
  /// Two thirds of the distance between its greys, of 255: the range over which neighbouring cells are dithered. The whole
  /// distance would be more exact, but flickers.
  let spacing: Int

  /// - Parameter depth: eight or sixteen colours.
  init(depth: ColorDepth) {
    let colors = Array(TerminalPalette.basic.prefix(depth == .sixteen ? 16 : 8))
    let linear = LinearLight.fromSRGB
    func light(_ color: Color) -> [Int] {
      [Int(linear[color.red]) >> 4, Int(linear[color.green]) >> 4, Int(linear[color.blue]) >> 4]
    }
    var candidates: [(mixture: Mixture, color: Color, contrast: Int, isGrey: Bool)] = []
    for (i, one) in colors.enumerated() {
      candidates.append((Mixture(scalar: " ", foreground: one, background: one), one, 0, Self.isGrey(one)))
      for other in colors[(i + 1)...] {
        for shade in Self.shades {
          let mixed = zip(light(one), light(other)).map { ($0 * shade.share + $1 * (256 - shade.share)) >> 8 }
          let color = Color(
            LinearLight.toSRGB[mixed[0]], LinearLight.toSRGB[mixed[1]], LinearLight.toSRGB[mixed[2]])
          candidates.append(
            (
              Mixture(scalar: shade.scalar, foreground: one, background: other), color,
              Self.difference(one, other) / Self.roughness, Self.isGrey(one) && Self.isGrey(other)
            ))
        }
      }
    }
    let greys = candidates.filter(\.isGrey)
    spacing = 170 / max(1, Set(greys.map(\.color.brightness)).count - 1)
    mixtures = (0..<4096).map { packed in
      let wanted = Color(
        UInt8((packed >> 8) * 17), UInt8((packed >> 4 & 15) * 17), UInt8((packed & 15) * 17))
      var best = candidates[0].mixture
      var least = Int.max
      for candidate in Self.isGrey(wanted) ? greys : candidates {
        let cost = Self.difference(candidate.color, wanted) * 4 + candidate.contrast
        if cost < least {
          least = cost
          best = candidate.mixture
        }
      }
      return best
    }
  }

  /// The closest mixture to a colour.
  subscript(_ color: Color) -> Mixture {
    guard !color.isTerminal else { return Mixture(scalar: " ", foreground: color, background: color) }
    return mixtures[(color.red >> 4) << 8 | (color.green >> 4) << 4 | color.blue >> 4]
  }

  private static func isGrey(_ color: Color) -> Bool {
    max(color.red, color.green, color.blue) - min(color.red, color.green, color.blue) < greyish
  }

  private static func difference(_ a: Color, _ b: Color) -> Int {
    2 * abs(a.red - b.red) + 4 * abs(a.green - b.green) + 3 * abs(a.blue - b.blue)
  }
}

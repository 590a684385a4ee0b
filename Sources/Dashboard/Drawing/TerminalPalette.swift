import Ground

/// Turns colours into the terminal's colour numbers.
package struct TerminalPalette: Sendable {
  package let depth: ColorDepth
  /// Per channel value: the nearest step of the 6x6x6 cube.
  private let cubeStep: [UInt8]
  /// By 4 bits a channel: the nearest of the first 16 (or 8) colours.
  private let nearestBasic: [UInt8]

  private static let cubeLevels = [0, 95, 135, 175, 215, 255]
  /// xterm's defaults for the first sixteen.
  static let basic: [Color] = [
    Color(raw: 0x000000), Color(raw: 0xCD0000), Color(raw: 0x00CD00), Color(raw: 0xCDCD00),
    Color(raw: 0x0000EE), Color(raw: 0xCD00CD), Color(raw: 0x00CDCD), Color(raw: 0xE5E5E5),
    Color(raw: 0x7F7F7F), Color(raw: 0xFF0000), Color(raw: 0x00FF00), Color(raw: 0xFFFF00),
    Color(raw: 0x5C5CFF), Color(raw: 0xFF00FF), Color(raw: 0x00FFFF), Color(raw: 0xFFFFFF),
  ]

  package init(depth: ColorDepth) {
    self.depth = depth
    cubeStep = (0..<256).map { value in
      UInt8(Self.cubeLevels.indices.min { abs(Self.cubeLevels[$0] - value) < abs(Self.cubeLevels[$1] - value) } ?? 0)
    }
    // Greys stay grey: by distance alone a dark one would turn cyan.
    let all = depth == .eight ? Array(0..<8) : Array(0..<16)
    let grays = all.filter { [0, 7, 8, 15].contains($0) }
    nearestBasic = (0..<4096).map { packed in
      let r = (packed >> 8) * 17
      let g = (packed >> 4 & 15) * 17
      let b = (packed & 15) * 17
      func distance(_ c: Color) -> Int {
        2 * (c.red - r) * (c.red - r) + 4 * (c.green - g) * (c.green - g) + 3 * (c.blue - b) * (c.blue - b)
      }
      let candidates = max(r, g, b) - min(r, g, b) < 48 ? grays : all
      return UInt8(candidates.min { distance(Self.basic[$0]) < distance(Self.basic[$1]) } ?? 0)
    }
  }

  /// The terminal's number for a colour; -1 for its own default.
  ///
  /// Truecolour entries number the colours 0xRRGGBB, but keep 0...7 for the ANSI colours.
  package func index(_ color: Color) -> Int32 {
    guard !color.isTerminal else { return -1 }
    switch depth {
    case .mono: return -1
    case .truecolor: return Int32(color.raw < 8 ? 0 : color.raw)
    case .indexed: return indexed(color)
    case .sixteen, .eight:
      return Int32(nearestBasic[(color.red >> 4) << 8 | (color.green >> 4) << 4 | color.blue >> 4])
    }
  }

  private func indexed(_ color: Color) -> Int32 {
    let r = Int(cubeStep[color.red])
    let g = Int(cubeStep[color.green])
    let b = Int(cubeStep[color.blue])
    let cube = Color(
      UInt8(Self.cubeLevels[r]), UInt8(Self.cubeLevels[g]), UInt8(Self.cubeLevels[b]))
    let gray = max(0, min(23, ((color.red + color.green + color.blue) / 3 - 3) / 10))
    let level = UInt8(8 + 10 * gray)
    if squared(color, Color(level, level, level)) < squared(color, cube) { return Int32(232 + gray) }
    return Int32(16 + 36 * r + 6 * g + b)
  }

  private func squared(_ a: Color, _ b: Color) -> Int {
    let r = a.red - b.red
    let g = a.green - b.green
    let b = a.blue - b.blue
    return r * r + g * g + b * b
  }
}

/// The characters that the picture is drawn with.
package enum PictureStyle: String, Sendable, CaseIterable {
  case blocks
  case quadrants
  case ascii
  case braille
  case edges
  case off

  package var title: String {
    switch self {
    case .blocks: "half blocks"
    case .quadrants: "quadrants"
    case .ascii: "ASCII"
    case .braille: "braille"
    case .edges: "edges"
    case .off: "off"
    }
  }

  /// Samples per cell, across and down.
  package var samples: (x: Int, y: Int) {
    switch self {
    case .blocks: (1, 2)
    case .quadrants: (2, 2)
    case .ascii: (1, 1)
    case .braille, .edges: (2, 4)
    case .off: (0, 0)
    }
  }

  /// Cells hold the picture's own colours, before and behind their characters.
  package var isPhotographic: Bool { self == .blocks || self == .quadrants }

  /// Drawn from brightness alone.
  var isDrawnInTones: Bool { self == .ascii || self == .braille || self == .edges }

  package var next: PictureStyle {
    let all = Self.allCases
    return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
  }

  /// This style, or the closest one that the terminal's characters and colours allow.
  package func possible(with glyphs: GlyphSet, depth: ColorDepth) -> PictureStyle {
    switch self {
    // Mixtures of eight colours are stripes: letters show more.
    case .blocks:
      depth <= .eight || glyphs == .ascii ? (glyphs == .full && depth == .mono ? .braille : .ascii) : .blocks
    case .quadrants: depth >= .indexed && glyphs == .full ? self : Self.blocks.possible(with: glyphs, depth: depth)
    case .braille, .edges: glyphs == .full ? self : .ascii
    case .ascii, .off: self
    }
  }
}

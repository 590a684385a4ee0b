/// The characters of frames, meters and graphs, by ``GlyphSet``.
package struct Glyphs: Sendable {
  package let kind: GlyphSet
  /// Whether the terminal has a dark grey.
  private let hasGreys: Bool

  package init(_ kind: GlyphSet, hasGreys: Bool = true) {
    self.kind = kind
    self.hasGreys = hasGreys
  }

  package struct Border: Sendable {
    package var topLeft, topRight, bottomLeft, bottomRight, horizontal, vertical: Unicode.Scalar
    package var titleLeft, titleRight: Unicode.Scalar
  }

  /// Of panes.
  package var border: Border {
    switch kind {
    case .full:
      Border(
        topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯", horizontal: "─", vertical: "│",
        titleLeft: "┐", titleRight: "┌")
    case .blocks:
      Border(
        topLeft: "┌", topRight: "┐", bottomLeft: "└", bottomRight: "┘", horizontal: "─", vertical: "│",
        titleLeft: "┤", titleRight: "├")
    case .ascii:
      Border(
        topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+", horizontal: "-", vertical: "|",
        titleLeft: "[", titleRight: "]")
    }
  }

  /// Of boxes in the picture.
  package var frame: Border {
    guard kind != .ascii else { return border }
    if kind == .full {
      return Border(
        topLeft: "┏", topRight: "┓", bottomLeft: "┗", bottomRight: "┛", horizontal: "━", vertical: "┃", titleLeft: "┫",
        titleRight: "┣")
    }
    return Border(
      topLeft: "┌", topRight: "┐", bottomLeft: "└", bottomRight: "┘", horizontal: "─", vertical: "│", titleLeft: "┤",
      titleRight: "├")
  }

  package var meter: Unicode.Scalar { pick(full: "■", blocks: "■", ascii: "#") }
  package var meterRest: Unicode.Scalar { hasGreys ? meter : dot }
  package var bullet: Unicode.Scalar { pick(full: "●", blocks: "*", ascii: "*") }
  package var hollow: Unicode.Scalar { pick(full: "○", blocks: "o", ascii: "o") }
  package var selected: Unicode.Scalar { pick(full: "▌", blocks: "█", ascii: ">") }
  package var up: Unicode.Scalar { pick(full: "↑", blocks: "^", ascii: "^") }
  package var down: Unicode.Scalar { pick(full: "↓", blocks: "v", ascii: "v") }
  package var shade: Unicode.Scalar { pick(full: "░", blocks: "░", ascii: ":") }
  package var dot: Unicode.Scalar { pick(full: "·", blocks: ".", ascii: ".") }
  package var ellipsis: Character { kind == .full ? "…" : "~" }

  /// Heights of one cell for bars that stand, lowest first.
  package var levels: [Unicode.Scalar] {
    switch kind {
    case .full: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    case .blocks: ["▄", "█"]
    case .ascii: [".", ":", "|", "#"]
    }
  }

  /// The digit of a pane's key in its title.
  package func hotkey(_ digit: Int) -> Unicode.Scalar {
    let raised: [Unicode.Scalar] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    let plain: [Unicode.Scalar] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    return (kind == .full ? raised : plain)[min(9, max(0, digit))]
  }

  private func pick(full: Unicode.Scalar, blocks: Unicode.Scalar, ascii: Unicode.Scalar) -> Unicode.Scalar {
    switch kind {
    case .full: full
    case .blocks: blocks
    case .ascii: ascii
    }
  }
}

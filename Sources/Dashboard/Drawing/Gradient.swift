import Ground

/// 101 colours for 0 to 100 percent, as btop has them.
package struct Gradient: Sendable, Equatable {
  private let steps: [Color]

  /// One colour throughout.
  package init(_ color: Color) { steps = [Color](repeating: color, count: 101) }

  /// From start to end, or through the middle one where it is given.
  package init(start: Color, middle: Color?, end: Color) {
    guard !start.isTerminal, !end.isTerminal else {
      steps = [Color](repeating: start, count: 101)
      return
    }
    steps = (0...100).map { percent in
      if let middle, !middle.isTerminal {
        return percent <= 50
          ? start.mixed(with: middle, share: percent * 256 / 50)
          : middle.mixed(with: end, share: (percent - 50) * 256 / 50)
      }
      return start.mixed(with: end, share: percent * 256 / 100)
    }
  }

  /// The colour for a share of 0...1; anything outside is clamped.
  package func at(_ share: Double) -> Color {
    steps[share.isFinite ? min(100, max(0, Int(saturating: (share * 100).rounded()))) : 0]
  }
}

/// A piece of a figure, in the figure's own frame: x to its right, y up, z ahead.
struct SolidPart {
  enum Shape {
    /// A block around `a` with half axes `b`, `c`, `d`.
    case block
    /// A round column from `a` to `b`, of radius `r` there and `s` here; capped.
    case column
    /// A ball around `a` of radius `r`.
    case ball
    /// A flat regular polygon around `a` with half axes `b` and `c` and `sides` corners; 4 is a rectangle.
    case panel
  }

  var shape: Shape
  var a: Point
  var b: Point = .zero
  var c: Point = .zero
  var d: Point = .zero
  var r: Float = 0
  var s: Float = 0
  var sides = 4
  var colour: SIMD3<Float>
  /// Whether it shines by itself.
  var glows = false
  /// Metres towards the camera that it is sorted before its place: marks on a surface come after the surface.
  var bias: Float = 0
}

/// The parts of one figure, with the verbs that build it.
struct SolidList {
  private(set) var parts: [SolidPart] = []
  /// Raises everything that follows: things on a dolly or a fork.
  var lift: Float = 0
  var scale: Float = 1

  init() { parts.reserveCapacity(96) }

  mutating func removeAll() {
    parts.removeAll(keepingCapacity: true)
    lift = 0
    scale = 1
  }

  private func placed(_ p: Point) -> Point { p * scale + Point(0, lift, 0) }

  /// An upright block: centre, full size.
  mutating func block(_ center: Point, _ size: Point, _ colour: SIMD3<Float>, glows: Bool = false) {
    let h = size * (0.5 * scale)
    parts.append(
      SolidPart(
        shape: .block, a: placed(center), b: Point(h.x, 0, 0), c: Point(0, h.y, 0), d: Point(0, 0, h.z),
        colour: colour, glows: glows))
  }

  /// A block with slanted half axes.
  mutating func slanted(_ center: Point, _ b: Point, _ c: Point, _ d: Point, _ colour: SIMD3<Float>) {
    parts.append(
      SolidPart(shape: .block, a: placed(center), b: b * scale, c: c * scale, d: d * scale, colour: colour))
  }

  mutating func column(
    _ from: Point, _ to: Point, _ radius: Float, _ endRadius: Float, _ colour: SIMD3<Float>, bias: Float = 0
  ) {
    parts.append(
      SolidPart(
        shape: .column, a: placed(from), b: placed(to), r: radius * scale, s: endRadius * scale, colour: colour,
        bias: bias))
  }

  mutating func ball(_ center: Point, _ radius: Float, _ colour: SIMD3<Float>, glows: Bool = false, bias: Float = 0) {
    parts.append(
      SolidPart(shape: .ball, a: placed(center), r: radius * scale, colour: colour, glows: glows, bias: bias))
  }

  /// A flat piece seen from both sides; with `bias`, a mark upon the surface below.
  mutating func panel(
    _ center: Point, _ right: Point, _ up: Point, _ colour: SIMD3<Float>, sides: Int = 4, glows: Bool = false,
    bias: Float = 0
  ) {
    parts.append(
      SolidPart(
        shape: .panel, a: placed(center), b: right * scale, c: up * scale, sides: sides, colour: colour, glows: glows,
        bias: bias))
  }
}

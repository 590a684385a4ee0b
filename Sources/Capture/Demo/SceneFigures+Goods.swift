/// The figures of things that lie about: pallets, boxes, cones, drums, signs.
extension SceneFigures {
  static func pallet(_ pose: ActorPose, into list: inout SolidList) {
    let board = Palette.pick(Palette.boards, pose.look.choiceA)
    for row: Float in [-1, 0, 1] {
      list.block([0, 0.02, row * 0.42], [1.16, 0.04, 0.13], board * 0.8)
      for place: Float in [-1, 0, 1] {
        list.block([place * 0.5, 0.085, row * 0.42], [0.14, 0.09, 0.13], board * 0.7)
      }
    }
    for slat in 0..<5 {
      let tone = board * (slat % 2 == 0 ? 1.05 : 0.93)
      list.block([-0.49 + 0.245 * Float(slat), 0.15, 0], [0.19, 0.035, 1.0], tone)
    }
    guard pose.state == .stacked else { return }
    let sack = Palette.pick(Palette.sacks, pose.look.choiceB)
    for level in 0..<3 {
      let y = 0.31 + 0.28 * Float(level)
      for place: Float in [-1, 1] {
        let tone = sack * ((level + (place > 0 ? 1 : 0)) % 2 == 0 ? 1 : 0.88)
        list.block(
          level % 2 == 0 ? [place * 0.27, y, 0] : [0, y, place * 0.23],
          level % 2 == 0 ? [0.52, 0.26, 0.92] : [1.06, 0.26, 0.44], tone)
      }
    }
  }

  static func box(_ pose: ActorPose, into list: inout SolidList) {
    let carton = Palette.pick(Palette.cartons, pose.look.choiceA)
    let tape: SIMD3<Float> = [232, 214, 170]
    let (w, h, d): (Float, Float, Float) = (0.4, 0.32, 0.34)
    switch pose.state {
    case .damaged:
      // Crushed: lower on one side, leaning, with torn holes.
      list.slanted([0, 0.25, 0], [w * 1.05, 0.06, 0], [0.13, 0.24, 0.03], [0, 0.03, d * 1.05], carton * 0.9)
      for end: Float in [-1, 1] {
        list.panel(
          [0.1, 0.24, end * (d * 1.05 + 0.01)], [0.2, 0.04, 0], [0.04, 0.13, 0], [52, 38, 26], sides: 3, bias: 0.4)
        list.panel(
          [-0.2, 0.22, end * (d * 1.05 + 0.012)], [0.1, -0.03, 0], [0.06, 0.1, 0], [70, 52, 36], sides: 3, bias: 0.4)
        list.panel(
          [end * (w * 1.05 + 0.02), 0.24 + end * 0.06, 0.03], [0, 0, 0.19], [0.04, 0.12, 0.02], [52, 38, 26], sides: 3,
          bias: 0.45)
      }
      list.panel([0.12, 0.5, 0.02], [0.2, 0.0, 0.1], [-0.05, 0.0, 0.2], [58, 43, 30], sides: 5, bias: 0.3)
      list.panel([-0.42, 0.42, 0.1], [0.14, 0.14, 0.02], [0, 0.02, 0.22], carton * 1.12)
    case .open:
      list.block([0, h, 0], [w * 2, h * 2, d * 2], carton)
      list.panel([0, h * 2 + 0.002, 0], [w * 0.94, 0, 0], [0, 0, d * 0.94], [58, 42, 28], bias: 0.35)
      for side: Float in [-1, 1] {
        list.panel([side * (w + 0.11), h * 2 + 0.1, 0], [side * 0.11, 0.1, 0], [0, 0, d], carton * 1.12)
        list.panel([0, h * 2 + 0.12, side * (d + 0.09)], [w, 0, 0], [0, 0.12, side * 0.09], carton * 1.18)
      }
    default:
      list.block([0, h, 0], [w * 2, h * 2, d * 2], carton)
      list.panel([0, h * 2 + 0.002, 0], [w, 0, 0], [0, 0, 0.05], tape, bias: 0.36)
      for side: Float in [-1, 1] {
        list.panel([side * (w + 0.003), h * 1.75, 0], [0, 0, 0.05], [0, h * 0.25, 0], tape, bias: 0.42)
        list.panel([0.14, h * 0.8, side * (d + 0.003)], [0.16, 0, 0], [0, 0.12, 0], Palette.white, bias: 0.36)
        list.panel([0.14, h * 0.9, side * (d + 0.005)], [0.12, 0, 0], [0, 0.025, 0], Palette.dark, bias: 0.37)
      }
    }
  }

  static func cone(_ pose: ActorPose, into list: inout SolidList) {
    // From the foot up: height, radius, colour of each ring.
    let rings: [(Float, Float, Float, Float, SIMD3<Float>)] = [
      (0.05, 0.2, 0.29, 0.155, Palette.orange), (0.29, 0.155, 0.45, 0.112, Palette.white),
      (0.45, 0.112, 0.6, 0.075, Palette.orange), (0.6, 0.075, 0.72, 0.05, Palette.white),
      (0.72, 0.05, 0.84, 0.03, Palette.orange),
    ]
    if pose.state == .fallen {
      list.slanted([0, 0.22, -0.4], [0.22, 0, 0], [0, 0.22, 0.05], [0, 0.006, -0.025], Palette.orange * 0.7)
      for (from, r, to, s, colour) in rings {
        list.column([0, 0.21 - from * 0.19, from - 0.43], [0, 0.21 - to * 0.19, to - 0.43], r, s, colour)
      }
    } else {
      list.block([0, 0.03, 0], [0.5, 0.06, 0.5], Palette.orange * 0.7)
      for (from, r, to, s, colour) in rings { list.column([0, from, 0], [0, to, 0], r, s, colour) }
    }
  }

  static func drum(_ pose: ActorPose, into list: inout SolidList) {
    let paint = Palette.pick(Palette.drums, pose.look.choiceA)
    let fallen = pose.state == .fallen
    // Along the drum's axis: body, ribs, lid.
    func at(_ along: Float) -> Point { fallen ? Point(along - 0.45, 0.31, 0) : Point(0, along, 0) }
    for (from, to, radius, tone) in [
      (0, 0.04, 0.31, 0.75), (0.04, 0.29, 0.29, 1), (0.29, 0.33, 0.31, 0.8), (0.33, 0.57, 0.29, 1.12),
      (0.57, 0.61, 0.31, 0.8), (0.61, 0.86, 0.29, 1), (0.86, 0.9, 0.31, 0.75),
    ] as [(Float, Float, Float, Float)] {
      list.column(at(from), at(to), radius, radius, paint * tone)
    }
    if fallen {
      list.ball([0.462, 0.44, 0], 0.04, Palette.dark, bias: 0.1)
    } else {
      list.panel([0.1, 0.905, 0.08], [0.05, 0, 0], [0, 0, 0.05], Palette.dark, sides: 8, bias: 0.1)
    }
  }

  static func sign(_ pose: ActorPose, into list: inout SolidList) {
    list.block([0, 0.03, 0], [0.5, 0.06, 0.4], Palette.dark)
    list.column([0, 0.06, 0], [0, 1.0, 0], 0.03, 0.03, Palette.steel)
    let y: Float = 1.3
    for face: Float in [-1, 1] {
      let z = face * 0.025
      func plate(_ size: Float, _ colour: SIMD3<Float>, _ sides: Int, _ layer: Float, drop: Float = 0) {
        list.panel(
          [0, y - drop, z + face * layer * 0.004], [size, 0, 0], [0, size, 0], colour, sides: sides,
          bias: 0.3 + layer * 0.01)
      }
      func bar(_ x: Float, _ dy: Float, _ w: Float, _ h: Float, _ colour: SIMD3<Float>) {
        list.panel([x, y + dy, z + face * 0.016], [w, 0, 0], [0, h, 0], colour, bias: 0.34)
      }
      switch pose.state {
      case .caution:
        plate(0.4, Palette.dark, 3, 0, drop: 0.06)
        plate(0.33, [255, 205, 20], 3, 1, drop: 0.06)
        bar(0, -0.02, 0.035, 0.11, Palette.dark)
        bar(0, -0.19, 0.035, 0.03, Palette.dark)
      case .go:
        plate(0.36, Palette.white, 12, 0)
        plate(0.31, [20, 150, 70], 12, 1)
        bar(0, -0.05, 0.045, 0.14, Palette.white)
        list.panel([0, y + 0.12, z + face * 0.016], [0.13, 0, 0], [0, 0.1, 0], Palette.white, sides: 3, bias: 0.34)
      default:
        plate(0.37, Palette.white, 8, 0)
        plate(0.32, [205, 25, 30], 8, 1)
        bar(0, 0, 0.22, 0.055, Palette.white)
      }
    }
  }
}

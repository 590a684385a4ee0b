/// Colours of the scene, linear in 0...255.
enum Palette {
  static let vests: [SIMD3<Float>] = [
    [255, 128, 20], [222, 240, 40], [235, 70, 50], [60, 130, 225], [245, 245, 245],
  ]
  static let trousers: [SIMD3<Float>] = [[44, 56, 92], [60, 60, 66], [92, 78, 60], [34, 40, 46]]
  static let skins: [SIMD3<Float>] = [[240, 200, 170], [205, 150, 115], [140, 92, 66], [96, 64, 48]]
  static let helmets: [SIMD3<Float>] = [[250, 250, 245], [250, 205, 40], [225, 50, 45], [50, 110, 210]]
  static let shells: [SIMD3<Float>] = [[238, 242, 246], [70, 190, 200], [150, 120, 220], [120, 205, 110]]
  static let totes: [SIMD3<Float>] = [[45, 95, 205], [205, 55, 50], [60, 150, 75], [120, 120, 128]]
  static let trucks: [SIMD3<Float>] = [[250, 195, 20], [240, 110, 25], [205, 45, 40]]
  static let boards: [SIMD3<Float>] = [[205, 165, 110], [184, 142, 92], [165, 128, 88]]
  static let cartons: [SIMD3<Float>] = [[196, 150, 98], [178, 132, 84], [210, 168, 118]]
  static let sacks: [SIMD3<Float>] = [[232, 226, 210], [214, 222, 230], [222, 205, 190]]
  static let drums: [SIMD3<Float>] = [[30, 90, 190], [25, 130, 85], [185, 35, 40], [90, 96, 104]]
  static let rubber: SIMD3<Float> = [34, 34, 38]
  static let steel: SIMD3<Float> = [150, 156, 164]
  static let dark: SIMD3<Float> = [40, 43, 50]
  static let orange: SIMD3<Float> = [255, 98, 22]
  static let white: SIMD3<Float> = [248, 248, 246]

  static func pick(_ colours: [SIMD3<Float>], _ choice: Int) -> SIMD3<Float> { colours[choice % colours.count] }
}

/// Builds the figure of every class in every state.
enum SceneFigures {
  /// Height in metres of the dolly that carries things that cannot move by themselves.
  static let dollyHeight: Float = 0.2

  static func build(_ pose: ActorPose, into list: inout SolidList) {
    list.removeAll()
    if pose.carried {
      dolly(pose.kind, into: &list)
      list.lift = dollyHeight
    }
    list.scale = pose.look.scale
    switch pose.kind {
    case .person: person(pose, into: &list)
    case .robot: robot(pose, into: &list)
    case .forklift: forklift(pose, into: &list)
    case .pallet: pallet(pose, into: &list)
    case .box: box(pose, into: &list)
    case .cone: cone(pose, into: &list)
    case .drum: drum(pose, into: &list)
    case .sign: sign(pose, into: &list)
    }
  }

  private static func dolly(_ kind: SceneClass, into list: inout SolidList) {
    let half: Float = kind == .pallet ? 0.55 : 0.36
    list.block([0, 0.16, 0], [half * 2, 0.07, half * 1.8], [96, 102, 112])
    for side: Float in [-1, 1] {
      for end: Float in [-1, 1] {
        list.column(
          [side * (half - 0.1), 0.065, end * (half - 0.12)], [side * (half - 0.03), 0.065, end * (half - 0.12)], 0.065,
          0.065, Palette.rubber)
      }
    }
  }

  private static func person(_ pose: ActorPose, into list: inout SolidList) {
    let vest = Palette.pick(Palette.vests, pose.look.choiceA)
    let trousers = Palette.pick(Palette.trousers, pose.look.choiceB)
    let skin = Palette.pick(Palette.skins, pose.look.choiceC)
    let helmet = Palette.pick(Palette.helmets, pose.look.choiceB + pose.look.choiceC)
    let walking = pose.state == .walking
    let stride = pose.travelled / 1.45
    let swing = walking ? 0.34 * sineOfTurns(stride) : 0
    for side: Float in [-1, 1] {
      let reach = swing * side
      // The foot that comes forward leaves the floor, most where it passes the other.
      let raised = walking ? max(0, side * cosineOfTurns(stride)) * 0.2 : 0
      let knee = Point(side * 0.105, 0.48 + raised * 0.5, reach * 0.58 + 0.03 + raised * 0.8)
      let foot = Point(side * 0.105, 0.07 + raised, reach)
      list.column([side * 0.1, 0.92, 0], knee, 0.105, 0.08, trousers)
      list.column(knee, foot, 0.08, 0.06, trousers)
      list.block(foot + Point(0, -0.02, 0.05), [0.1, 0.09, 0.26], Palette.dark)
      let shoulder = Point(side * 0.25, 1.4, 0)
      if pose.state == .waving, side > 0 {
        let wave = 0.16 * sineOfTurns(pose.time * 0.9)
        let elbow = Point(0.45, 1.56, 0.06)
        let hand = Point(0.45 + wave, 1.9, 0.08)
        list.column(shoulder, elbow, 0.065, 0.055, vest)
        list.column(elbow, hand, 0.055, 0.045, vest)
        list.ball(hand, 0.07, skin)
      } else {
        // Walkers bend their arms, so that they can be told from standers at every point of the stride.
        let elbow = Point(side * (walking ? 0.33 : 0.29), 1.14, -reach * 0.35 - 0.04)
        let hand = walking ? Point(side * 0.27, 1.12, 0.24 - reach * 0.6) : Point(side * 0.3, 0.87, 0.04)
        list.column(shoulder, elbow, 0.065, 0.055, vest)
        list.column(elbow, hand, 0.055, 0.045, vest)
        list.ball(hand, 0.06, skin)
      }
    }
    list.column([0, 0.88, 0], [0, 1.08, 0], 0.18, 0.19, vest)
    list.column([0, 1.08, 0], [0, 1.17, 0], 0.195, 0.2, Palette.white)
    list.column([0, 1.17, 0], [0, 1.46, 0], 0.2, 0.225, vest)
    list.column([0, 1.44, 0], [0, 1.54, 0], 0.07, 0.06, skin)
    list.ball([0, 1.63, 0], 0.125, skin)
    list.column([0, 1.66, 0], [0, 1.7, 0], 0.15, 0.14, helmet, bias: 0.05)
    list.column([0, 1.7, 0], [0, 1.79, 0], 0.14, 0.07, helmet, bias: 0.06)
  }

  private static func robot(_ pose: ActorPose, into list: inout SolidList) {
    let shell = Palette.pick(Palette.shells, pose.look.choiceA)
    let tote = Palette.pick(Palette.totes, pose.look.choiceB)
    list.block([0, 0.12, 0], [0.78, 0.12, 1.0], Palette.dark)
    list.block([0, 0.36, 0], [0.86, 0.36, 1.08], shell)
    list.block([0, 0.57, 0], [0.8, 0.06, 1.02], Palette.dark)
    for end: Float in [-1, 1] {
      list.panel(
        [0, 0.42, end * 0.545], [0.33, 0, 0], [0, 0.05, 0], end > 0 ? [90, 235, 255] : [255, 70, 60], glows: true,
        bias: 0.62)
    }
    for side: Float in [-1, 1] {
      list.panel([side * 0.435, 0.36, 0.1], [0, 0, 0.3], [0, 0.04, 0], [60, 70, 84], bias: 0.5)
      for end: Float in [-1, 1] {
        list.column([side * 0.36, 0.13, end * 0.36], [side * 0.45, 0.13, end * 0.36], 0.13, 0.13, Palette.rubber)
      }
    }
    if pose.state == .laden {
      list.block([0, 0.79, -0.05], [0.66, 0.36, 0.78], tote)
      list.block([0, 1.0, -0.05], [0.72, 0.06, 0.84], tote * 0.72)
    } else {
      list.column([0, 0.6, 0.3], [0, 0.74, 0.3], 0.13, 0.12, [70, 74, 84])
      list.column([0, 0.74, 0.3], [0, 0.8, 0.3], 0.13, 0.1, [25, 27, 32])
    }
    list.column([-0.3, 0.6, -0.42], [-0.3, 1.22, -0.42], 0.025, 0.02, Palette.steel)
    let lit = sineOfTurns(pose.time * 1.1) > 0
    list.ball([-0.3, 1.26, -0.42], 0.075, lit ? [255, 190, 40] : [170, 96, 20], glows: true)
  }

  private static func forklift(_ pose: ActorPose, into list: inout SolidList) {
    let paint = Palette.pick(Palette.trucks, pose.look.choiceA)
    let forkHeight: Float = pose.state == .raised ? 1.5 : 0.1
    for side: Float in [-1, 1] {
      for end: Float in [-0.62, 0.55] {
        list.column([side * 0.4, 0.25, end], [side * 0.58, 0.25, end], 0.25, 0.25, Palette.rubber)
        list.column([side * 0.57, 0.25, end], [side * 0.59, 0.25, end], 0.11, 0.11, Palette.steel, bias: 0.1)
      }
      for end: Float in [-0.6, 0.42] {
        list.block([side * 0.46, 1.5, end], [0.07, 1.2, 0.07], Palette.dark)
      }
      list.block([side * 0.3, 1.2, 0.86], [0.09, 2.3, 0.1], [62, 66, 76])
      list.block([side * 0.28, forkHeight, 1.35], [0.12, 0.06, 1.0], [84, 88, 98])
    }
    list.block([0, 0.55, -0.55], [1.06, 0.62, 0.62], paint * 0.9)
    list.block([0, 0.42, 0.2], [1.0, 0.36, 0.95], paint)
    list.block([0, 0.96, -0.62], [0.94, 0.2, 0.44], Palette.dark)
    list.block([0, 2.14, -0.09], [1.04, 0.08, 1.16], paint * 0.8)
    list.block([0, 2.32, 0.86], [0.7, 0.08, 0.1], [62, 66, 76])
    list.block([0, forkHeight + 0.22, 0.93], [0.78, 0.4, 0.06], [84, 88, 98])
    list.column([0, 0.8, -0.2], [0, 1.38, -0.22], 0.2, 0.22, Palette.pick(Palette.vests, pose.look.choiceB + 2))
    list.ball([0, 1.55, -0.2], 0.14, Palette.pick(Palette.skins, pose.look.choiceC))
    list.block([0, 1.0, 0.42], [0.6, 0.5, 0.06], paint * 0.8)
    list.ball([0.4, 2.24, -0.5], 0.08, [255, 150, 30], glows: true)
    if pose.state == .raised {
      list.block([0, forkHeight + 0.33, 1.42], [0.8, 0.6, 0.76], Palette.pick(Palette.cartons, pose.look.choiceB))
    }
  }
}

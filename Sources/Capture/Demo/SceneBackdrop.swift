import Ground

/// The hall that everything happens in: floor, walls, gate, racks, lamps. Drawn once for a seed.
struct SceneBackdrop {
  /// The colour that things fade to behind the gate.
  let gateColour: SIMD3<Float>
  private let wall: SIMD3<Float>
  private let sideWall: SIMD3<Float>
  private let floor: SIMD3<Float>
  private let marking: SIMD3<Float>
  private let rackFrame: SIMD3<Float>
  private let rackBeam: SIMD3<Float>
  private let tile: Float
  private let seed: UInt64

  private static let halfWidth: Float = 8.5
  private static let hallHeight: Float = 5.6

  private static let walls: [SIMD3<Float>] = [
    [168, 186, 192], [188, 184, 172], [150, 172, 164], [176, 176, 186], [132, 148, 160],
  ]
  private static let floors: [SIMD3<Float>] = [
    [150, 152, 152], [132, 136, 142], [162, 158, 148], [124, 132, 128], [150, 144, 142],
  ]
  private static let markings: [SIMD3<Float>] = [[232, 196, 60], [236, 236, 228], [220, 130, 60]]
  private static let frames: [SIMD3<Float>] = [[52, 84, 136], [70, 90, 84], [96, 98, 106]]
  private static let beams: [SIMD3<Float>] = [[206, 118, 52], [196, 176, 84], [128, 140, 150]]

  init(seed: UInt64) {
    var random = SeededRandom(seed, 2)
    self.seed = random.next()
    wall = Palette.pick(Self.walls, random.below(16)) * random.between(0.85, 1.08)
    sideWall = wall * random.between(0.72, 0.9)
    floor = Palette.pick(Self.floors, random.below(16)) * random.between(0.85, 1.1)
    marking = Palette.pick(Self.markings, random.below(16))
    rackFrame = Palette.pick(Self.frames, random.below(16))
    rackBeam = Palette.pick(Self.beams, random.below(16))
    tile = random.between(1.4, 2.6)
    gateColour = SIMD3(26, 29, 36)
  }

  func draw(into layer: inout ExposureLayer, with painter: SolidPainter, clip: ClipRectangle, shift: SIMD2<Float>) {
    paintRows(&layer, painter.camera, shift)
    let (w, h, z) = (Self.halfWidth, Self.hallHeight, SceneScript.wallDistance)
    func quad(
      _ x0: Float, _ x1: Float, _ y0: Float, _ y1: Float, _ z: Float, _ top: SIMD3<Float>, _ bottom: SIMD3<Float>
    ) {
      painter.surface(
        [[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]], top, bottom, clip: clip, shift: shift, into: &layer)
    }
    // The far wall, a stripe along it, panel joints, the gate with its frame.
    quad(-w, w, 0, h, z, wall, wall * 0.88)
    quad(-w, w, 0.5, 0.75, z, marking * 0.8, marking * 0.8)
    for joint in -4...4 {
      let x = Float(joint) * 1.9
      quad(x - 0.03, x + 0.03, 0, h, z, wall * 0.82, wall * 0.75)
    }
    let (g, gh) = (SceneScript.gateHalfWidth, SceneScript.gateHeight)
    quad(-g - 0.25, g + 0.25, 0, gh + 0.25, z, [214, 190, 60], [190, 166, 50])
    quad(-g, g, 0, gh, z, gateColour * 0.8, gateColour * 1.25)
    for slat in 0..<3 {
      let y = gh - 0.1 - Float(slat) * 0.16
      quad(-g, g, y - 0.12, y, z, [120, 124, 130], [96, 100, 106])
    }
    for side: Float in [-1, 1] { sides(side * w, &layer, painter, clip, shift) }
    for lamp in 0..<4 {
      let near = 4 + Float(lamp) * 3
      for side: Float in [-1, 1] {
        painter.surface(
          [
            [side * 2.4, h, near], [side * 3.4, h, near], [side * 3.4, h, near + 1.4], [side * 2.4, h, near + 1.4],
          ], [255, 252, 240], [255, 252, 240], clip: clip, shift: shift, into: &layer)
      }
    }
  }

  /// A side wall with a rack before it.
  private func sides(
    _ x: Float, _ layer: inout ExposureLayer, _ painter: SolidPainter, _ clip: ClipRectangle, _ shift: SIMD2<Float>
  ) {
    func strip(_ y0: Float, _ y1: Float, _ z0: Float, _ z1: Float, _ at: Float, _ colour: SIMD3<Float>) {
      painter.surface(
        [[at, y0, z0], [at, y0, z1], [at, y1, z1], [at, y1, z0]], colour, colour * 0.9, clip: clip, shift: shift,
        into: &layer)
    }
    strip(0, Self.hallHeight, 1, SceneScript.wallDistance, x, sideWall)
    var random = SeededRandom(seed, x > 0 ? 5 : 6)
    let rack = x * 0.94
    for bay in 0..<6 {
      let z = 1 + Float(bay) * 2
      for shelf in 0..<3 {
        let y = Float(shelf) * 1.25
        // Bins: dull, so that nobody takes them for boxes.
        strip(y + 0.15, y + random.between(0.55, 1.0), z + 0.2, z + 1.75, rack, sideWall * random.between(0.45, 0.75))
      }
    }
    for shelf in 1...3 { strip(Float(shelf) * 1.25 - 0.06, Float(shelf) * 1.25 + 0.08, 1, 13, rack * 0.99, rackBeam) }
    for post in 0...6 { strip(0, 4.0, 1 + Float(post) * 2 - 0.06, 1 + Float(post) * 2 + 0.06, rack * 0.985, rackFrame) }
  }

  /// Floor and ceiling: every row of them shows one distance, so texture costs a table look-up a pixel.
  private func paintRows(_ layer: inout ExposureLayer, _ camera: SceneCamera, _ shift: SIMD2<Float>) {
    let grain = Self.grain(seed)
    for row in 0..<layer.height {
      let v = Float(row) + 0.5 - shift.y
      guard let z = camera.floorDistance(atRow: v) else {
        let share = min(1, max(0, 1 - (Float(row) / (camera.centerY + 1))))
        layer.fill(
          row: row, left: 0, right: layer.width, colour: SIMD3<Float>(120, 128, 138) * (0.6 + 0.35 * (1 - share)))
        continue
      }
      paintFloor(&layer, row, z, camera, shift.x, grain)
    }
  }

  private func paintFloor(
    _ layer: inout ExposureLayer, _ row: Int, _ z: Float, _ camera: SceneCamera, _ shiftX: Float, _ grain: [Float]
  ) {
    let step = camera.metresPerPixel(atFloorDistance: z)
    var x = (0.5 - shiftX - camera.centerX) * step
    let fade = 1 - min(0.3, z * 0.014)
    let across = z / tile
    let jointHalf = max(0.012, step * 0.6) / tile
    let acrossJoint = abs(across - across.rounded()) < max(0.012, step * 2.2) / tile
    let coarse = (Int(saturating: z * 7) & 63) << 6
    let fine = (Int(saturating: z * 41) & 63) << 6
    let far = min(1, step * 25)
    var p = layer.pixels + row * layer.width * 3
    for _ in 0..<layer.width {
      let along = x / tile
      // Shifted by whole tables so that the index of a negative x is right too.
      let g1 = grain[coarse | (Int(saturating: x * 7 + 6400) & 63)]
      let g2 = grain[fine | (Int(saturating: x * 41 + 64000) & 63)]
      var tone = fade * (1 + 0.05 * g1 + 0.06 * g2 * (1 - far))
      if acrossJoint || abs(along - along.rounded()) < jointHalf { tone *= 0.84 }
      var colour = floor
      let lane = abs(abs(x) - 3.1)
      if lane < 0.09 { colour = marking }
      let c = (colour * tone).clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
      p[0] = UInt8(saturating: c.x)
      p[1] = UInt8(saturating: c.y)
      p[2] = UInt8(saturating: c.z)
      p += 3
      x += step
    }
  }

  /// 64 x 64 values in -1...1.
  private static func grain(_ seed: UInt64) -> [Float] {
    var random = SeededRandom(seed, 7)
    return (0..<4096).map { _ in random.between(-1, 1) }
  }
}

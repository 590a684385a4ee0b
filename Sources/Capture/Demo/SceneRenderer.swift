import Ground

/// Renders the demo scene: every frame a pure function of seed, options and frame number.
///
/// Each frame is four exposures within the shutter's time, each shifted by a part of a pixel: their mean has smooth
/// edges and motion blur. Then the sensor: brightness and colour of the light, and noise. After creation nothing
/// allocates. One thread at a time.
package final class SceneRenderer {
  package let width: Int
  package let height: Int
  package let framesPerSecond: Double
  let options: DemoOptions

  static let exposures = 4
  /// Share of the frame's time that the shutter is open.
  private static let shutter: Float = 0.5
  /// A rotated grid: every exposure has a column and a row of its own.
  private static let shifts: [SIMD2<Float>] = [[-0.125, -0.375], [0.375, -0.125], [-0.375, 0.125], [0.125, 0.375]]

  private let script: SceneScript
  let painter: SolidPainter
  private let gateColour: SIMD3<Float>
  private let light: SceneLight
  private var layers: [ExposureLayer] = []
  private let backdrop: UnsafeMutablePointer<UInt8>
  private var sensor: SceneSensor
  /// What the camera's controls make of the next frames.
  package var exposure: SceneExposure {
    get { sensor.settings }
    set { sensor.settings = newValue }
  }
  var poses: [ActorPose] = []
  private var order: [(distance: Float, index: Int)] = []
  private var solids = SolidList()
  let whole: ClipRectangle
  let gate: ClipRectangle
  private let hull: UnsafeMutablePointer<Point>
  var truthLayers: (all: IdentityLayer, one: IdentityLayer)?

  /// - Parameters:
  ///   - width: pixels, at least 32; `height` alike.
  package init(options: DemoOptions, width: Int, height: Int, framesPerSecond: Double) {
    self.width = width
    self.height = height
    self.framesPerSecond = framesPerSecond
    self.options = options
    script = SceneScript(seed: options.seed, objects: options.objects)
    var random = SeededRandom(options.seed, 3)
    let camera = SceneCamera(
      width: width, height: height, height: random.between(1.3, 1.6), pitchTurns: random.between(0.016, 0.026),
      zoom: random.between(0.89, 0.97))
    let lampX = random.between(-0.6, 0.6)
    light = SceneLight(
      direction: normalised(Point(lampX, 1, -0.55)), ambient: random.between(0.56, 0.66),
      diffuse: random.between(0.5, 0.6))
    painter = SolidPainter(camera: camera, rows: height)
    let scenery = SceneBackdrop(seed: options.seed)
    gateColour = scenery.gateColour
    sensor = SceneSensor(options: options, width: width)
    whole = ClipRectangle(left: 0, top: 0, right: Float(width), bottom: Float(height))
    gate = SceneRenderer.gate(camera, whole)
    backdrop = .allocate(capacity: width * height * 3)
    hull = .allocate(capacity: 16)
    poses.reserveCapacity(32)
    order.reserveCapacity(128)
    for index in 0..<Self.exposures {
      var layer = ExposureLayer(width: width, height: height)
      scenery.draw(into: &layer, with: painter, clip: whole, shift: Self.shifts[index])
      layers.append(layer)
    }
    for i in 0..<(width * height * 3) {
      let sum = layers.reduce(UInt16(2)) { $0 &+ UInt16($1.pixels[i]) }
      backdrop[i] = UInt8(truncatingIfNeeded: sum >> 2)
    }
    for layer in layers {
      for row in 0..<height {
        layer.lows[row] = 0
        layer.highs[row] = Int32(width)
      }
      layer.restore(from: backdrop)
    }
  }

  deinit {
    painter.free()
    backdrop.deallocate()
    hull.deallocate()
    sensor.free()
    for layer in layers { layer.free() }
    truthLayers?.all.free()
    truthLayers?.one.free()
  }

  /// The gate's opening in the picture.
  private static func gate(_ camera: SceneCamera, _ whole: ClipRectangle) -> ClipRectangle {
    let low = camera.pixel(ofViewed: camera.view(Point(-SceneScript.gateHalfWidth, 0, SceneScript.wallDistance)))
    let high = camera.pixel(
      ofViewed: camera.view(Point(SceneScript.gateHalfWidth, SceneScript.gateHeight - 0.54, SceneScript.wallDistance)))
    return ClipRectangle(
      left: max(whole.left, low.x), top: max(whole.top, high.y), right: min(whole.right, high.x),
      bottom: min(whole.bottom, low.y))
  }

  /// The moment in the middle of frame `index`'s exposure, in seconds of the scene.
  func time(ofFrame index: UInt64) -> Float {
    // In Double first: after hours a Float of seconds would stutter. The scene repeats after 2^14 seconds.
    Float((Double(index) / framesPerSecond).truncatingRemainder(dividingBy: 16384)) + 3
  }

  /// Renders frame `index` into `pixels`, packed RGB, `width * height * 3` bytes.
  package func render(frame index: UInt64, into pixels: UnsafeMutablePointer<UInt8>) {
    let middle = time(ofFrame: index)
    let open = Self.shutter / Float(framesPerSecond)
    for exposure in 0..<Self.exposures {
      let moment = middle + open * ((Float(exposure) + 0.5) / Float(Self.exposures) - 0.5)
      layers[exposure].restore(from: backdrop)
      draw(at: moment, shift: Self.shifts[exposure], into: &layers[exposure])
    }
    sensor.develop(layers, backdrop: backdrop, frame: index, time: middle, into: pixels)
  }

  /// Draws everybody, far ones first, shadows before all.
  private func draw(at time: Float, shift: SIMD2<Float>, into layer: inout ExposureLayer) {
    arrange(at: time)
    for pose in poses { drawShadow(of: pose, shift: shift, into: &layer) }
    for pose in poses { draw(pose, shift: shift, into: &layer) }
  }

  /// Puts everybody of the moment into ``poses``, far ones first.
  func arrange(at time: Float) {
    script.poses(at: time, into: &poses)
    poses.sort { $0.z != $1.z ? $0.z > $1.z : $0.id < $1.id }
  }

  func draw<Sink: SpanSink>(_ pose: ActorPose, shift: SIMD2<Float>, into sink: inout Sink) {
    SceneFigures.build(pose, into: &solids)
    let (sine, cosine) = (sineOfTurns(pose.yaw), cosineOfTurns(pose.yaw))
    let placement = SolidPainter.Placement(
      origin: Point(pose.x, 0, pose.z), right: Point(cosine, 0, -sine), ahead: Point(sine, 0, cosine), light: light,
      clarity: clarity(at: pose.z), fog: gateColour, clip: pose.z > SceneScript.wallDistance ? gate : whole,
      shift: shift)
    solids.parts.withUnsafeBufferPointer { painter.draw($0, order: &order, at: placement, into: &sink) }
  }

  /// Full before the wall, none where movers begin.
  func clarity(at z: Float) -> Float {
    min(1, max(0, 1 - (z - SceneScript.wallDistance) / (SceneScript.hiddenDistance - SceneScript.wallDistance - 0.6)))
  }

  /// Ground covered by a figure of each class: half width and half length in metres, and height.
  func footprint(_ pose: ActorPose) -> (Float, Float, Float) {
    switch pose.kind {
    case .person: (0.24, 0.2, 1.5)
    case .robot: (0.44, 0.55, pose.state == .laden ? 1.0 : 0.6)
    case .forklift: (0.55, 0.95, 1.7)
    case .pallet: (0.58, 0.5, pose.state == .stacked ? 0.9 : 0.16)
    case .box: (0.4, 0.36, 0.6)
    case .cone: pose.state == .fallen ? (0.22, 0.44, 0.2) : (0.22, 0.22, 0.45)
    case .drum: pose.state == .fallen ? (0.45, 0.3, 0.5) : (0.3, 0.3, 0.85)
    case .sign: (0.25, 0.18, 0.9)
    }
  }

  /// A dark contact area, and a lighter one away from the lamp.
  private func drawShadow(of pose: ActorPose, shift: SIMD2<Float>, into layer: inout ExposureLayer) {
    guard pose.z < SceneScript.wallDistance else { return }
    let (halfX, halfZ, height) = footprint(pose)
    let (sine, cosine) = (sineOfTurns(pose.yaw), cosineOfTurns(pose.yaw))
    let lean = light.direction / max(0.3, light.direction.y) * -height
    for (grow, keep, cast) in [(Float(1.18), UInt16(150), Float(0)), (1.3, 205, 0.3), (1.25, 215, 0.65)] {
      for corner in 0..<16 {
        // Between a rectangle and an ellipse.
        let turn = Float(corner) / 16
        let (c, s) = (cosineOfTurns(turn), sineOfTurns(turn))
        let u = c * halfX * grow * (1 + 0.2 * abs(s))
        let v = s * halfZ * grow * (1 + 0.2 * abs(c))
        hull[corner] = Point(
          pose.x + cosine * u + sine * v + lean.x * cast, 0, pose.z - sine * u + cosine * v + lean.z * cast)
      }
      painter.shadow(
        UnsafeBufferPointer(start: hull, count: 16), keep: keep, clip: whole, shift: shift, into: &layer)
    }
  }
}

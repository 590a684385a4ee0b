/// Metres: x to the right, y up, z away from the camera.
typealias Point = SIMD3<Float>

@inline(__always) func dot(_ a: Point, _ b: Point) -> Float { a.x * b.x + a.y * b.y + a.z * b.z }

@inline(__always) func cross(_ a: Point, _ b: Point) -> Point {
  Point(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

@inline(__always) func normalised(_ a: Point) -> Point {
  let length = dot(a, a).squareRoot()
  return length > 1e-9 ? a / length : Point(0, 1, 0)
}

/// A pinhole camera on a robot: a fixed height above the floor, looking ahead and a little down.
struct SceneCamera {
  static let nearest: Float = 0.35
  let height: Float
  private let sine: Float
  private let cosine: Float
  let focal: Float
  let centerX: Float
  let centerY: Float

  init(width: Int, height frameHeight: Int, height: Float, pitchTurns: Float, zoom: Float) {
    self.height = height
    sine = sineOfTurns(pitchTurns)
    cosine = cosineOfTurns(pitchTurns)
    focal = zoom * max(Float(width) * 0.75, Float(frameHeight)) / 0.75
    centerX = Float(width) / 2
    centerY = Float(frameHeight) / 2
  }

  var position: Point { Point(0, height, 0) }

  /// World to camera: right, up, forward.
  @inline(__always) func view(_ p: Point) -> Point {
    let y = p.y - height
    return Point(p.x, y * cosine + p.z * sine, p.z * cosine - y * sine)
  }

  /// Camera to picture; the point must be at least ``nearest`` away.
  @inline(__always) func pixel(ofViewed p: Point) -> SIMD2<Float> {
    let scale = focal / p.z
    return SIMD2(centerX + p.x * scale, centerY - p.y * scale)
  }

  /// The floor's distance (world z) that row `v` shows, or nil at and above the horizon.
  func floorDistance(atRow v: Float) -> Float? {
    // A ray through the row: forward 1, up (centerY - v) / focal, in the camera's frame.
    let up = (centerY - v) / focal
    let fall = up * cosine - sine
    guard fall < -1e-4 else { return nil }
    let run = up * sine + cosine
    return run * (height / -fall)
  }

  /// Metres a pixel at the floor's distance `z`.
  func metresPerPixel(atFloorDistance z: Float) -> Float {
    view(Point(0, 0, z)).z / focal
  }
}

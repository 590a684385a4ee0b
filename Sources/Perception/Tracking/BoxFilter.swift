import Vision

/// A constant-velocity Kalman filter over a box: centre and size, each coordinate on its own.
///
/// The noise is proportional to the box's height, as in DeepSORT (Wojke, Bewley and Paulus, 2017): positions 1/20, speeds
/// 1/160 of it a step. A step is 1/30 s.
struct BoxFilter: Sendable {
  /// One coordinate: value, speed a step, and their 2x2 covariance.
  private struct Coordinate: Sendable {
    var value: Float
    var speed: Float = 0
    var p00: Float
    var p01: Float = 0
    var p11: Float

    init(_ value: Float, deviation: Float, speedDeviation: Float) {
      self.value = value
      p00 = deviation * deviation
      p11 = speedDeviation * speedDeviation
    }

    mutating func predict(_ dt: Float, _ q: Float, _ qSpeed: Float) {
      value += speed * dt
      p00 += dt * (2 * p01 + dt * p11) + q * q * dt
      p01 += dt * p11
      p11 += qSpeed * qSpeed * dt
    }

    mutating func correct(_ measured: Float, _ r: Float) {
      let s = p00 + r * r
      guard s > 0 else { return }
      let gain = p00 / s
      let speedGain = p01 / s
      let residual = measured - value
      value += gain * residual
      speed += speedGain * residual
      p11 -= speedGain * p01
      p01 *= 1 - gain
      p00 *= 1 - gain
    }
  }

  private var x: Coordinate
  private var y: Coordinate
  private var w: Coordinate
  private var h: Coordinate

  init(_ box: Box) {
    let scale = max(1, box.height)
    func coordinate(_ value: Float) -> Coordinate {
      Coordinate(value, deviation: scale / 10, speedDeviation: scale / 16)
    }
    x = coordinate(box.centerX)
    y = coordinate(box.centerY)
    w = coordinate(box.width)
    h = coordinate(box.height)
  }

  var box: Box {
    let width = max(1, w.value)
    let height = max(1, h.value)
    return Box(x: x.value - width / 2, y: y.value - height / 2, width: width, height: height)
  }

  /// Pixels a step.
  var speed: Float { (x.speed * x.speed + y.speed * y.speed).squareRoot() }

  /// Whether what is seen as `box` moves out through an edge of the frame: touches it, to a hundredth of the frame, and
  /// goes on that way.
  func isLeaving(_ frame: (width: Int, height: Int)?, at box: Box) -> Bool {
    guard let frame else { return false }
    let (width, height) = (Float(frame.width), Float(frame.height))
    let least = 0.002 * max(box.width, box.height)
    return box.x <= 0.01 * width && x.speed < -least || box.right >= 0.99 * width && x.speed > least
      || box.y <= 0.01 * height && y.speed < -least || box.bottom >= 0.99 * height && y.speed > least
  }

  /// Moves on by `steps` of 1/30 s.
  mutating func predict(_ steps: Float) {
    let scale = max(1, h.value)
    x.predict(steps, scale / 20, scale / 160)
    y.predict(steps, scale / 20, scale / 160)
    w.predict(steps, scale / 20, scale / 160)
    h.predict(steps, scale / 20, scale / 160)
  }

  mutating func correct(_ box: Box) {
    let deviation = max(1, box.height) / 20
    x.correct(box.centerX, deviation)
    y.correct(box.centerY, deviation)
    w.correct(box.width, deviation)
    h.correct(box.height, deviation)
  }

  /// An object that is not seen goes on for a moment, then is taken to wait: speeds and growth extrapolate badly.
  mutating func coast() {
    x.speed *= 0.9
    y.speed *= 0.9
    w.speed *= 0.8
    h.speed *= 0.8
  }
}

import Glibc

extension Candidate {
  /// How much two turned boxes overlap, as Gaussians: ProbIoU (Llerena et al. 2021), the measure that Ultralytics'
  /// oriented models are trained and suppressed with. In 0...1.
  public func probabilisticIoU(_ other: Candidate) -> Float {
    let a = covariance
    let b = other.covariance
    let epsilon: Float = 1e-7
    let xx = a.xx + b.xx
    let yy = a.yy + b.yy
    let xy = a.xy + b.xy
    let dx = box.centerX - other.box.centerX
    let dy = box.centerY - other.box.centerY
    let determinant = xx * yy - xy * xy
    let t1 = (xx * dy * dy + yy * dx * dx) / (determinant + epsilon) * 0.25
    let t2 = (-xy * dx * dy) / (determinant + epsilon) * 0.5
    let product = max(0, a.xx * a.yy - a.xy * a.xy) * max(0, b.xx * b.yy - b.xy * b.xy)
    let t3 = logf(determinant / (4 * product.squareRoot() + epsilon) + epsilon) * 0.5
    let distance = min(max(t1 + t2 + t3, epsilon), 100)
    return 1 - (1 - expf(-distance) + epsilon).squareRoot()
  }

  private var covariance: (xx: Float, yy: Float, xy: Float) {
    let w = box.width * box.width / 12
    let h = box.height * box.height / 12
    let c = cosf(angle)
    let s = sinf(angle)
    return (w * c * c + h * s * s, w * s * s + h * c * c, (w - h) * c * s)
  }
}

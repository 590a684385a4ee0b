import COpenBLAS
import Ground
import Kernels

/// A floating type that OpenBLAS multiplies matrices of.
package protocol BlasScalar: BinaryFloatingPoint, TensorElement {
  /// c = alpha * op(a) * op(b) + beta * c, row-major; op(a) is m x k, op(b) k x n, c m x n.
  static func gemm(
    _ m: Int, _ n: Int, _ k: Int, alpha: Self, _ a: UnsafePointer<Self>, _ lda: Int, transA: Bool,
    _ b: UnsafePointer<Self>, _ ldb: Int, transB: Bool, beta: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
}

/// Rows of a product that are computed at a time, so that the network's time limit is looked at now and then: all of
/// them, but for products of some seconds.
private func rowsAtATime(_ m: Int, _ n: Int, _ k: Int) -> Int {
  let row = max(1, n.multipliedReportingOverflow(by: max(1, k)).partialValue)
  return max(64, min(m, (1 << 34) / row))
}

extension Float: BlasScalar {
  package static func gemm(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float, _ a: UnsafePointer<Float>, _ lda: Int, transA: Bool,
    _ b: UnsafePointer<Float>, _ ldb: Int, transB: Bool, beta: Float, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    let step = rowsAtATime(m, n, k)
    // What is left out when the time is over is never used: the network's next step looks at the clock as well.
    for first in stride(from: 0, to: m, by: step) where !ock_time_is_over() {
      cob_sgemm(
        transA, transB, Int32(min(step, m - first)), Int32(n), Int32(k), alpha, a + first * (transA ? 1 : lda),
        Int32(max(1, lda)), b, Int32(max(1, ldb)), beta, c + first * ldc, Int32(max(1, ldc)))
    }
  }
}

extension Double: BlasScalar {
  package static func gemm(
    _ m: Int, _ n: Int, _ k: Int, alpha: Double, _ a: UnsafePointer<Double>, _ lda: Int, transA: Bool,
    _ b: UnsafePointer<Double>, _ ldb: Int, transB: Bool, beta: Double, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    let step = rowsAtATime(m, n, k)
    // What is left out when the time is over is never used: the network's next step looks at the clock as well.
    for first in stride(from: 0, to: m, by: step) where !ock_time_is_over() {
      cob_dgemm(
        transA, transB, Int32(min(step, m - first)), Int32(n), Int32(k), alpha, a + first * (transA ? 1 : lda),
        Int32(max(1, lda)), b, Int32(max(1, ldb)), beta, c + first * ldc, Int32(max(1, ldc)))
    }
  }
}

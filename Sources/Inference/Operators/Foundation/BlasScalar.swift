import COpenBLAS

/// A floating type that OpenBLAS multiplies matrices of.
package protocol BlasScalar: BinaryFloatingPoint, TensorElement {
  /// c = alpha * op(a) * op(b) + beta * c, row-major; op(a) is m x k, op(b) k x n, c m x n.
  static func gemm(
    _ m: Int, _ n: Int, _ k: Int, alpha: Self, _ a: UnsafePointer<Self>, _ lda: Int, transA: Bool,
    _ b: UnsafePointer<Self>, _ ldb: Int, transB: Bool, beta: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
}

/// OpenBLAS' own threads are off: they spin, and contend with the pool (see docs/ARCHITECTURE.md).
private let blasIsSingleThreaded: Bool = {
  openblas_set_num_threads(1)
  return true
}()

extension Float: BlasScalar {
  package static func gemm(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float, _ a: UnsafePointer<Float>, _ lda: Int, transA: Bool,
    _ b: UnsafePointer<Float>, _ ldb: Int, transB: Bool, beta: Float, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    precondition(blasIsSingleThreaded)
    cblas_sgemm(
      CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans, blasint(m), blasint(n),
      blasint(k), alpha, a, blasint(max(1, lda)), b, blasint(max(1, ldb)), beta, c, blasint(max(1, ldc)))
  }
}

extension Double: BlasScalar {
  package static func gemm(
    _ m: Int, _ n: Int, _ k: Int, alpha: Double, _ a: UnsafePointer<Double>, _ lda: Int, transA: Bool,
    _ b: UnsafePointer<Double>, _ ldb: Int, transB: Bool, beta: Double, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    precondition(blasIsSingleThreaded)
    cblas_dgemm(
      CblasRowMajor, transA ? CblasTrans : CblasNoTrans, transB ? CblasTrans : CblasNoTrans, blasint(m), blasint(n),
      blasint(k), alpha, a, blasint(max(1, lda)), b, blasint(max(1, ldb)), beta, c, blasint(max(1, ldc)))
  }
}

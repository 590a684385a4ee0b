import Ground

/// MatMul and Gemm.
enum MatrixProductFamily {
  static let definitions: [OperatorDefinition] = [
    OperatorDefinition("MatMul") { _ in MatMul() }
      .shapes(ShapeRules.oneTyped(productShape)).kernel(LinearKernels.matMul).late(.starts),
    OperatorDefinition("Gemm", shapes: { try $0.shapes($1) }, make: { try Gemm($0) }).late(.starts),
  ]

  @Sendable
  private static func productShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let a = question.input(0), let b = question.input(1) else { return nil }
    return [Fact(a.type, try MatMul.Geometry(a.shape, b.shape).shape)]
  }
}

extension Gemm {
  fileprivate func shapes(_ question: ShapeQuestion) throws -> [Fact]? {
    guard ShapeRules.hasOneType(question), let a = question.input(0), let b = question.input(1) else { return nil }
    let (m, _, n) = try geometry(a.shape, b.shape, question.input(2)?.shape)
    return [Fact(a.type, [m, n])]
  }
}

/// MatMul: matrix product with NumPy's broadcasting of the leading axes.
package struct MatMul: Operator {
  package init() {}

  /// The shapes of a product: batch extents, and m, k, n of each matrix.
  package struct Geometry: Sendable {
    package var m: Int
    package var k: Int
    package var n: Int
    /// The broadcast leading extents.
    package var batch: [Int]
    package var shape: [Int]
    private var left: [Int]
    private var right: [Int]

    package init(_ a: [Int], _ b: [Int]) throws {
      let mismatch = InferenceError(.badShape, "matrices \(a) and \(b) do not fit")
      guard let lastA = a.last, let lastB = b.last else { throw mismatch }
      m = a.count == 1 ? 1 : a[a.count - 2]
      k = lastA
      n = b.count == 1 ? 1 : lastB
      guard (b.count == 1 ? lastB : b[b.count - 2]) == k else { throw mismatch }
      let (leadingA, leadingB) = (Array(a.dropLast(2)), Array(b.dropLast(2)))
      let rank = max(leadingA.count, leadingB.count)
      left = [Int](repeating: 1, count: rank - leadingA.count) + leadingA
      right = [Int](repeating: 1, count: rank - leadingB.count) + leadingB
      batch = try zip(left, right).map { x, y in
        guard x == y || x == 1 || y == 1 else { throw mismatch }
        return x == 1 ? y : x
      }
      shape = batch + (a.count == 1 ? [] : [m]) + (b.count == 1 ? [] : [n])
    }

    package var batchCount: Int { batch.reduce(1, *) }

    /// Which matrix of each side batch item `index` multiplies.
    package func sources(_ index: Int) -> (Int, Int) {
      var (rest, a, b, scaleA, scaleB) = (index, 0, 0, 1, 1)
      for axis in batch.indices.reversed() {
        let at = rest % batch[axis]
        rest /= batch[axis]
        if left[axis] != 1 { a += at * scaleA }
        if right[axis] != 1 { b += at * scaleB }
        scaleA *= left[axis]
        scaleB *= right[axis]
      }
      return (a, b)
    }
  }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    [.tensor(try product(try inputs.tensor(0, "A"), try inputs.tensor(1, "B")))]
  }

  /// The product of two tensors of one type, their leading axes broadcast.
  package func product(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    guard a.type == b.type else { throw InferenceError(.badType, "A and B differ in type") }
    switch a.type {
    case .float32, .float16, .bfloat16:
      return try multiply(Float.self, a.widened(), b.widened()).narrowed(to: a.type)
    case .float64: return try multiply(Double.self, a, b)
    case .int32: return try multiplyIntegers(Int32.self, a, b)
    case .int64: return try multiplyIntegers(Int64.self, a, b)
    case .uint32: return try multiplyIntegers(UInt32.self, a, b)
    case .uint64: return try multiplyIntegers(UInt64.self, a, b)
    default: throw InferenceError(.badType, "MatMul is not defined for \(a.type.name)")
    }
  }

  private func multiply<T: BlasScalar>(_: T.Type, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    let geometry = try Geometry(a.shape, b.shape)
    let result = try Tensor(uninitialized: T.type, geometry.shape)
    let (m, k, n) = (geometry.m, geometry.k, geometry.n)
    guard result.count > 0 else { return result }
    guard k > 0, let x = a.elements(as: T.self).baseAddress, let w = b.elements(as: T.self).baseAddress,
      let y = result.elements(as: T.self).baseAddress
    else {
      result.elements(as: T.self).update(repeating: 0)
      return result
    }
    for index in 0..<geometry.batchCount {
      let (left, right) = geometry.sources(index)
      T.gemm(
        m, n, k, alpha: 1, x + left * m * k, k, transA: false, w + right * k * n, n, transB: false, beta: 0,
        y + index * m * n, n)
    }
    withExtendedLifetime((a, b, result)) {}
    return result
  }

  private func multiplyIntegers<T: FixedWidthInteger & TensorElement>(
    _: T.Type, _ a: Tensor, _ b: Tensor
  ) throws -> Tensor {
    let geometry = try Geometry(a.shape, b.shape)
    let result = try Tensor(uninitialized: T.type, geometry.shape)
    let (m, k, n) = (geometry.m, geometry.k, geometry.n)
    let (x, w, y) = (a.pointer(to: T.self), b.pointer(to: T.self), result.mutablePointer(to: T.self))
    for index in 0..<(result.count == 0 ? 0 : geometry.batchCount) {
      let (left, right) = geometry.sources(index)
      try multiplyWrapping(m, k, n, x + left * m * k, w + right * k * n, y + index * m * n)
    }
    withExtendedLifetime((a, b)) {}
    return result
  }
}

/// c = a * b in integers that wrap; a is m x k, b k x n, all row-major.
///
/// - Throws: ``InferenceError`` of kind `.overLimit` when the network's time is over.
func multiplyWrapping<T: FixedWidthInteger>(
  _ m: Int, _ k: Int, _ n: Int, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ c: UnsafeMutablePointer<T>
) throws {
  c.update(repeating: 0, count: m * n)
  var watch = LoopWatch()
  for i in 0..<m {
    for l in 0..<k {
      try watch.spend(n)
      let value = a[i * k + l]
      for j in 0..<n { c[i * n + j] &+= value &* b[l * n + j] }
    }
  }
}

/// Elements that matrices can be multiplied of: floats by OpenBLAS, integers exactly.
protocol MatrixScalar: ComputeElement {
  /// c = a * b; a is m x k, b k x n, all row-major.
  static func multiply(
    _ m: Int, _ k: Int, _ n: Int, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>
  ) throws
}

extension MatrixScalar where Self: BlasScalar {
  static func multiply(
    _ m: Int, _ k: Int, _ n: Int, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>
  ) {
    gemm(m, n, k, alpha: 1, a, k, transA: false, b, n, transB: false, beta: 0, c, n)
  }
}

extension Float: MatrixScalar {}
extension Double: MatrixScalar {}
extension Int64: MatrixScalar {
  static func multiply(
    _ m: Int, _ k: Int, _ n: Int, _ a: UnsafePointer<Int64>, _ b: UnsafePointer<Int64>,
    _ c: UnsafeMutablePointer<Int64>
  ) throws { try multiplyWrapping(m, k, n, a, b, c) }
}

/// Gemm: alpha * A' * B' + beta * C, where the prime may transpose.
package struct Gemm: Operator {
  package let alpha: Float
  package let beta: Float
  package let transA: Bool
  package let transB: Bool

  init(_ attributes: NodeAttributes) throws {
    alpha = try attributes.float("alpha", default: 1)
    beta = try attributes.float("beta", default: 1)
    transA = try attributes.flag("transA")
    transB = try attributes.flag("transB")
  }

  /// m, k, n of the product; C must broadcast to m x n in one direction.
  package func geometry(_ a: [Int], _ b: [Int], _ c: [Int]?) throws -> (m: Int, k: Int, n: Int) {
    guard a.count == 2, b.count == 2 else { throw InferenceError(.badShape, "Gemm takes matrices, not \(a) and \(b)") }
    let (m, k) = transA ? (a[1], a[0]) : (a[0], a[1])
    let (inner, n) = transB ? (b[1], b[0]) : (b[0], b[1])
    guard inner == k else { throw InferenceError(.badShape, "matrices \(a) and \(b) do not fit") }
    if let c {
      let padded = [Int](repeating: 1, count: max(0, 2 - c.count)) + c
      guard padded.count == 2, padded[0] == 1 || padded[0] == m, padded[1] == 1 || padded[1] == n else {
        throw InferenceError(.badShape, "C \(c) does not broadcast to \([m, n])")
      }
    }
    return (m, k, n)
  }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let a = try inputs.tensor(0, "A")
    let b = try inputs.tensor(1, "B")
    let c = try inputs.optionalTensor(2, "C")
    guard a.type == b.type, c == nil || c?.type == a.type else {
      throw InferenceError(.badType, "A, B and C differ in type")
    }
    switch a.type {
    case .float32, .float16, .bfloat16:
      return [.tensor(try run(Float.self, a.widened(), b.widened(), c?.widened()).narrowed(to: a.type))]
    case .float64: return [.tensor(try run(Double.self, a, b, c))]
    case .int32: return [.tensor(try runIntegers(Int32.self, a, b, c))]
    case .int64: return [.tensor(try runIntegers(Int64.self, a, b, c))]
    case .uint32: return [.tensor(try runIntegers(UInt32.self, a, b, c))]
    case .uint64: return [.tensor(try runIntegers(UInt64.self, a, b, c))]
    default: throw InferenceError(.badType, "Gemm is not defined for \(a.type.name)")
    }
  }

  /// C spread over the m x n result.
  private func spread<T: TensorElement>(
    _ c: Tensor, _ m: Int, _ n: Int, _ y: UnsafeMutableBufferPointer<T>, _ scale: (T) -> T
  ) {
    let rows = c.rank == 2 ? c.shape[0] : 1
    let columns = c.shape.last ?? 1
    let source = c.elements(as: T.self)
    for i in 0..<m {
      let row = rows == 1 ? 0 : i * columns
      for j in 0..<n { y[i * n + j] = scale(source[row + (columns == 1 ? 0 : j)]) }
    }
  }

  private func run<T: BlasScalar>(_: T.Type, _ a: Tensor, _ b: Tensor, _ c: Tensor?) throws -> Tensor {
    let (m, k, n) = try geometry(a.shape, b.shape, c?.shape)
    let result = try Tensor(uninitialized: T.type, [m, n])
    let y = result.elements(as: T.self)
    let factor = T(beta)
    if let c, beta != 0 { spread(c, m, n, y) { $0 * factor } } else { y.update(repeating: 0) }
    guard k > 0, result.count > 0, let x = a.elements(as: T.self).baseAddress,
      let w = b.elements(as: T.self).baseAddress, let target = y.baseAddress
    else { return result }
    T.gemm(
      m, n, k, alpha: T(alpha), x, a.shape[1], transA: transA, w, b.shape[1], transB: transB, beta: 1, target, n)
    withExtendedLifetime((a, b, c, result)) {}
    return result
  }

  private func runIntegers<T: FixedWidthInteger & TensorElement>(
    _: T.Type, _ a: Tensor, _ b: Tensor, _ c: Tensor?
  ) throws -> Tensor {
    let (m, k, n) = try geometry(a.shape, b.shape, c?.shape)
    let (scale, factor) = (
      T(truncatingIfNeeded: Int(exactly: alpha) ?? 1), T(truncatingIfNeeded: Int(exactly: beta) ?? 1)
    )
    let result = try Tensor(uninitialized: T.type, [m, n])
    let (x, w, y) = (a.elements(as: T.self), b.elements(as: T.self), result.elements(as: T.self))
    if let c { spread(c, m, n, y) { $0 &* factor } } else { y.update(repeating: 0) }
    var watch = LoopWatch()
    for i in 0..<m {
      for l in 0..<k {
        try watch.spend(n)
        let value = scale &* x[transA ? l * m + i : i * k + l]
        for j in 0..<n { y[i * n + j] &+= value &* w[transB ? j * k + l : l * n + j] }
      }
    }
    return result
  }
}

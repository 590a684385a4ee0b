import Ground

/// How operands of different shapes line up (NumPy's rule: from the last axis, an extent of 1 repeats), as nested loops
/// with the fewest levels: axes that every operand walks contiguously are merged into one.
struct Broadcasting {
  /// The shape of the result.
  let shape: [Int]
  /// The loops, outermost first; the last is the row that kernels run over. Never empty.
  private let extents: [Int]
  /// For every operand, how many elements each loop steps (0 where it repeats).
  private let strides: [[Int]]

  /// The result's shape for operands of `shapes`.
  static func shape(_ shapes: [[Int]]) throws -> [Int] {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (index, extent) in shape.enumerated() {
        let axis = rank - shape.count + index
        if result[axis] == 1 {
          result[axis] = extent
        } else if extent != 1 && extent != result[axis] {
          throw InferenceError(.badShape, "shapes \(shapes) do not broadcast")
        }
      }
    }
    return result
  }

  init(_ shapes: [[Int]]) throws { try self.init(shapes, to: Broadcasting.shape(shapes)) }

  /// Lines `shapes` up with `target`, which each must broadcast to.
  init(_ shapes: [[Int]], to target: [Int]) throws {
    shape = target
    _ = try Tensor.checkedByteCount(.bool, target)
    var operandStrides: [[Int]] = []
    for shape in shapes {
      guard shape.count <= target.count else {
        throw InferenceError(.badShape, "shape \(shape) does not broadcast to \(target)")
      }
      var strides = [Int](repeating: 0, count: target.count)
      var step = 1
      for (index, extent) in shape.enumerated().reversed() {
        let axis = target.count - shape.count + index
        guard extent == target[axis] || extent == 1 else {
          throw InferenceError(.badShape, "shape \(shape) does not broadcast to \(target)")
        }
        strides[axis] = extent == 1 ? 0 : step
        step *= extent
      }
      operandStrides.append(strides)
    }
    var extents: [Int] = []
    var merged = [[Int]](repeating: [], count: shapes.count)
    for axis in target.indices where target[axis] != 1 {
      let joins =
        !extents.isEmpty
        && merged.indices.allSatisfy { operand in
          merged[operand][extents.count - 1] == operandStrides[operand][axis] * target[axis]
        }
      if joins {
        extents[extents.count - 1] *= target[axis]
        for operand in merged.indices { merged[operand][extents.count - 1] = operandStrides[operand][axis] }
      } else {
        extents.append(target[axis])
        for operand in merged.indices { merged[operand].append(operandStrides[operand][axis]) }
      }
    }
    if extents.isEmpty {
      extents = [1]
      merged = merged.map { _ in [0] }
    }
    self.extents = extents
    strides = merged
  }

  /// Elements of a row.
  var rowLength: Int { extents[extents.count - 1] }

  /// How far operand `index` steps inside a row: 0, 1, or more.
  func rowStride(_ index: Int) -> Int { strides[index][extents.count - 1] }

  /// Calls `body` for every row with the result's offset and those of the first (up to) three operands.
  @inline(__always)
  func forEachRow(_ body: (_ result: Int, _ a: Int, _ b: Int, _ c: Int) throws -> Void) rethrows {
    if extents.contains(0) { return }
    let levels = extents.count - 1
    var counter = [Int](repeating: 0, count: levels)
    var (a, b, c) = (0, 0, 0)
    let none = [Int](repeating: 0, count: levels + 1)
    let (stepA, stepB, stepC) = (
      strides.count > 0 ? strides[0] : none, strides.count > 1 ? strides[1] : none,
      strides.count > 2 ? strides[2] : none
    )
    var result = 0
    while true {
      try body(result, a, b, c)
      result += rowLength
      var level = levels - 1
      while level >= 0 {
        counter[level] += 1
        a += stepA[level]
        b += stepB[level]
        c += stepC[level]
        if counter[level] < extents[level] { break }
        a -= stepA[level] * extents[level]
        b -= stepB[level] * extents[level]
        c -= stepC[level] * extents[level]
        counter[level] = 0
        level -= 1
      }
      if level < 0 { return }
    }
  }
}

/// Runs a function of two operands over the rows of a broadcast, with loops of their own for the common strides.
@inline(__always)
func broadcastLoop<A, B, R>(
  _ plan: Broadcasting, _ a: UnsafePointer<A>, _ b: UnsafePointer<B>, _ result: UnsafeMutablePointer<R>,
  _ function: (A, B) -> R
) {
  let length = plan.rowLength
  let (strideA, strideB) = (plan.rowStride(0), plan.rowStride(1))
  plan.forEachRow { offset, offsetA, offsetB, _ in
    let (a, b, result) = (a + offsetA, b + offsetB, result + offset)
    switch (strideA, strideB) {
    case (1, 1): for i in 0..<length { result[i] = function(a[i], b[i]) }
    case (1, 0):
      let right = b[0]
      for i in 0..<length { result[i] = function(a[i], right) }
    case (0, 1):
      let left = a[0]
      for i in 0..<length { result[i] = function(left, b[i]) }
    default: for i in 0..<length { result[i] = function(a[i * strideA], b[i * strideB]) }
    }
  }
}

import Glibc

/// softmax(scale Q K^T + mask) V for every head of every item of a batch. Inputs: Q, K, V, mask or nothing. Each is
/// walked by strides of its own, so that the transposes around an attention need not happen.
package struct FusedAttention: FusedOperator {
  package static let definition = FusedDefinition<FusedAttention>("Attention", kernel: AttentionKernels.compile)

  /// Distances, in elements, along the axes of a row of matrices.
  package struct Strides: Sendable, Hashable {
    package var batch, head, row, column: Int
  }

  package var batch, heads, queries, keys: Int
  /// Columns of Q and K, and of V.
  package var depth, width: Int
  /// K's rows are keys, its columns the depth.
  package var q, k, v, out: Strides
  /// 0 along what is repeated.
  package var mask: Strides?
  package var scale: Float
  /// Rows that are masked entirely give 0 in place of NaN.
  package var guards: Bool
  package var outputShape: [Int]

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let tensors = try ["Q", "K", "V"].enumerated().map { try inputs.tensor($0, $1) }
    let added = try inputs.optionalTensor(3, "mask")
    let result = try Tensor(uninitialized: .float32, outputShape)
    let target = result.elements(as: Float.self)
    let (q, k, v) = (
      tensors[0].elements(as: Float.self), tensors[1].elements(as: Float.self), tensors[2].elements(as: Float.self)
    )
    let sums = added?.elements(as: Float.self)
    for item in 0..<(batch * heads * queries) {
      let (at, head, query) = (item / queries / heads, item / queries % heads, item % queries)
      var scores = (0..<keys).map { key -> Float in
        var sum: Float = 0
        for i in 0..<depth {
          sum += q[self.q.place(at, head, query, i)] * k[self.k.place(at, head, key, i)]
        }
        return sum * scale + (mask.flatMap { mask in sums?[mask.place(at, head, query, key)] } ?? 0)
      }
      let top = scores.max() ?? 0
      var total: Float = 0
      for key in scores.indices {
        scores[key] = expf(scores[key] - top)
        total += scores[key]
      }
      for column in 0..<width {
        var sum: Float = 0
        for key in scores.indices {
          let share = scores[key] / total
          sum += (guards && share.isNaN ? 0 : share) * v[self.v.place(at, head, key, column)]
        }
        target[out.place(at, head, query, column)] = sum
      }
    }
    return [.tensor(result)]
  }
}

extension FusedAttention.Strides {
  fileprivate func place(_ batch: Int, _ head: Int, _ row: Int, _ column: Int) -> Int {
    batch * self.batch + head * self.head + row * self.row + column * self.column
  }

  /// Of a dense tensor of four axes whose axis order[i] is axis i of the row of matrices.
  package init(_ shape: [Int], order: [Int]) {
    var steps = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * shape[axis + 1] }
    let turned = order.map { steps[$0] }
    self.init(batch: turned[0], head: turned[1], row: turned[2], column: turned[3])
  }
}

import Glibc

/// What surrounds attention in com.microsoft's transformers: embeddings, residual normalisations, biases.
enum MicrosoftTransformerOperators {
  private static let domain = "com.microsoft"

  static let definitions: [OperatorDefinition] = [
    .tensors("EmbedLayerNormalization", domain: domain) { attributes in
      let epsilon = Double(try attributes.float("epsilon", default: 1e-12))
      return { x in try embed(x, epsilon: epsilon) }
    },
    .tensors("SkipLayerNormalization", domain: domain) { attributes in
      let epsilon = Double(try attributes.float("epsilon", default: 1e-12))
      return { x in
        try normalizedSum(x, scale: 2, shift: 3, bias: 4, epsilon: epsilon, centers: true)
      }
    },
    .tensors("SkipSimplifiedLayerNormalization", domain: domain) { attributes in
      let epsilon = Double(try attributes.float("epsilon", default: 1e-12))
      return { x in
        try normalizedSum(x, scale: 2, shift: nil, bias: 3, epsilon: epsilon, centers: false)
      }
    },
    .tensor("RotaryEmbedding", domain: domain) { attributes in
      let heads = try attributes.int("num_heads", default: 0)
      let width = try attributes.int("rotary_embedding_dim", default: 0)
      let interleaves = try attributes.flag("interleaved")
      return { x in
        let (data, cosines) = (try x.tensor(0), try x.tensor(2))
        try require(cosines.rank == 2, "a cache of shape \(cosines.shape)")
        let size = width > 0 ? width : 2 * cosines.shape[1]
        let count = data.rank == 3 && heads == 0 && size > 0 ? data.shape[2] / size : heads
        let split = try AttentionOperators.separated(data, heads: count)
        let rotated = try TransformerOperators.rotated(
          split, cosines: cosines, sines: try x.tensor(3), places: try places(try x.tensor(1), of: split),
          interleaves: interleaves)
        return data.rank == 3 ? try AttentionOperators.joined(rotated) : rotated
      }
    },
    .tensor("BiasSoftmax", domain: domain) { attributes in
      let axis = try attributes.int("axis", default: 1)
      return { x in
        let sum = try arithmetic(Addition.self, try x.tensor(0), try x.tensor(1))
        let first = try normalizedAxis(axis, rank: sum.rank)
        // Everything from the axis on is one row.
        let row = sum.shape[first...].reduce(1, *)
        let flat = try sum.reshaped([sum.shape[..<first].reduce(1, *), row])
        return try SoftmaxOperators.apply(.softmax, flat, axis: 1).reshaped(sum.shape)
      }
    },
    .tensor("BiasAdd", domain: domain) { _ in
      { x in
        let sum = try arithmetic(Addition.self, try x.tensor(0), try x.tensor(1))
        return try arithmetic(Addition.self, sum, try x.tensor(2))
      }
    },
    .tensor("BiasSplitGelu", domain: domain) { _ in
      { x in
        let sum = try arithmetic(Addition.self, try x.tensor(0), try x.tensor(1))
        let half = (sum.shape.last ?? 0) / 2
        let parts = try SlicingOperators.split(sum, axis: sum.rank - 1, lengths: [half, half])
        let gate = try mapReals(parts[1], ActivationOperators.exactGelu, ActivationOperators.exactGelu)
        return try arithmetic(Multiplication.self, parts[0], gate)
      }
    },
    .tensor("GroupNorm", domain: domain) { attributes in
      let groups = try attributes.int("groups", default: 1)
      let epsilon = Double(try attributes.float("epsilon", default: 1e-5))
      let isChannelsLast = try attributes.flag("channels_last", default: true)
      let usesSiLU = try attributes.flag("activation")
      return { x in
        let order = ChannelsLast(rank: try x.tensor(0).rank, applies: isChannelsLast)
        let result = try NormalizationOperators.grouped(
          try order.first(try x.tensor(0)), groups: groups, epsilon: epsilon, scale: try x.tensor(1),
          bias: try x.tensor(2))
        let activated = usesSiLU ? try mapFloats(try result.converted(to: .float32)) { $0 / (1 + expf(-$0)) } : result
        return try order.last(try activated.converted(to: result.type))
      }
    },
  ]

  /// Normalised rows of input + skip + bias; then mean, inverse deviation and the sum itself.
  private static func normalizedSum(
    _ x: Arguments, scale: Int, shift: Int?, bias: Int, epsilon: Double, centers: Bool
  ) throws -> [Tensor] {
    var sum = try arithmetic(Addition.self, try x.tensor(0), try x.tensor(1))
    if let bias = try x.optionalTensor(bias) { sum = try arithmetic(Addition.self, sum, bias) }
    try require(sum.rank > 0, "rows are needed, not a scalar")
    let rows = RowNormalization(axis: sum.rank - 1, epsilon: epsilon, centers: centers, wantsStatistics: true)
    return try rows.apply(sum, scale: try x.optionalTensor(scale), bias: try shift.flatMap { try x.optionalTensor($0) })
      + [sum]
  }

  /// The normalised sum of the words', positions' and segments' embeddings; each sequence's length; the sum.
  private static func embed(_ x: Arguments, epsilon: Double) throws -> [Tensor] {
    let words = try x.tensor(0)
    try require(words.rank == 2, "words of shape \(words.shape)")
    let (batch, length) = (words.shape[0], words.shape[1])
    let positions = try x.optionalTensor(8) ?? Tensor(int64s: Array(0..<length), [1, length])
    var sum = try arithmetic(
      Addition.self, try GatheringOperators.gather(try x.tensor(2), words, axis: 0),
      try GatheringOperators.gather(try x.tensor(3), positions, axis: 0))
    if let segments = try x.optionalTensor(1), let table = try x.optionalTensor(4) {
      sum = try arithmetic(Addition.self, sum, try GatheringOperators.gather(table, segments, axis: 0))
    }
    let rows = RowNormalization(axis: 2, epsilon: epsilon, centers: true)
    let result = try rows.apply(sum, scale: try x.tensor(5), bias: try x.tensor(6))
    let flags = try x.optionalTensor(7)?.integers() ?? []
    try require(flags.isEmpty || flags.count == batch * length, "a mask of \(flags.count) words")
    let counts = (0..<batch).map { entry in
      flags.isEmpty ? 0 : flags[(entry * length)..<((entry + 1) * length)].reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
    }
    return [result[0], try Tensor(int64s: counts).converted(to: .int32), sum]
  }

  /// Positions as (batch, sequence): one number stands for where the sequence starts.
  private static func places(_ given: Tensor, of data: Tensor) throws -> Tensor {
    if given.count != 1 || data.shape[2] == 1 && given.rank == 2 { return given }
    let start = try given.scalarInteger()
    try require(start >= 0 && start < 1 << 40, "a first position of \(start)")
    return Tensor(int64s: (0..<data.shape[2]).map { start + $0 }, [1, data.shape[2]])
  }
}

/// Moves channels between the last axis and the second, for operators that keep them last.
struct ChannelsLast {
  private let order: [Int]?
  private let inverse: [Int]

  /// - Parameter applies: false leaves tensors as they are.
  init(rank: Int, applies: Bool) {
    order = applies && rank >= 3 ? [0, rank - 1] + Array(1..<(rank - 1)) : nil
    inverse = rank >= 3 ? [0] + Array(2..<rank) + [1] : []
  }

  func first(_ x: Tensor) throws -> Tensor {
    guard let order, x.rank == order.count else { return x }
    return try x.transposed(order)
  }

  func last(_ x: Tensor) throws -> Tensor {
    guard order != nil, x.rank == inverse.count else { return x }
    return try x.transposed(inverse)
  }
}

import Glibc
import Ground

/// RotaryEmbedding and TensorScatter: positions and caches of transformers.
enum TransformerOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("RotaryEmbedding", since: 23) { attributes in
      let heads = try attributes.int("num_heads", default: 0)
      let width = try attributes.int("rotary_embedding_dim", default: 0)
      let interleaves = try attributes.flag("interleaved")
      return { x in
        let given = try x.tensor(0)
        let data = try AttentionOperators.separated(given, heads: heads)
        let places = try x.optionalTensor(3)
        let rotated = try rotate(
          data, try angles(x.tensor(1), places), try angles(x.tensor(2), places),
          width: width == 0 ? data.shape[3] : width, interleaves: interleaves)
        return given.rank == 3 ? try AttentionOperators.joined(rotated) : rotated
      }
    },
    .tensor("TensorScatter", since: 24) { attributes in
      let axis = try attributes.int("axis", default: -2)
      let wraps = try attributes.string("mode", default: "linear") == "circular"
      return { x in
        try scatter(try x.tensor(0), try x.tensor(1), try x.optionalTensor(2)?.integers(), axis: axis, wraps: wraps)
      }
    },
  ]

  /// Cosines or sines as (batch, 1, sequence, half), looked up by position where positions are given.
  private static func angles(_ cache: Tensor, _ places: Tensor?) throws -> Tensor {
    let found = try places.map { try GatheringOperators.gather(cache, $0, axis: 0) } ?? cache
    try require(found.rank == 3, "a cache of shape \(cache.shape)")
    return try ReshapingOperators.unsqueeze(found, [1])
  }

  /// `x` (batch, heads, sequence, size) turned by the angles of its positions, as wide as the caches say.
  static func rotated(
    _ x: Tensor, cosines: Tensor, sines: Tensor, places: Tensor, interleaves: Bool
  ) throws -> Tensor {
    try require(cosines.rank == 2, "a cache of shape \(cosines.shape)")
    return try rotate(
      x, try angles(cosines, places), try angles(sines, places), width: 2 * min(cosines.shape[1], 1 << 20),
      interleaves: interleaves)
  }

  private static func rotate(
    _ x: Tensor, _ cosines: Tensor, _ sines: Tensor, width: Int, interleaves: Bool
  ) throws -> Tensor {
    try require(
      width >= 0 && width <= x.shape[3] && width % 2 == 0 && cosines.shape[3] == width / 2,
      "a rotation of \(width) of \(x.shape[3]) elements")
    let parts = try SlicingOperators.split(x, axis: 3, lengths: [width, x.shape[3] - width])
    let shape = x.shape[..<3] + (interleaves ? [width / 2, 2] : [2, width / 2])
    let pairs = try parts[0].reshaped(Array(shape))
    let axis = interleaves ? 4 : 3
    let halves = try SlicingOperators.split(pairs, axis: axis, lengths: [1, 1]).map {
      try $0.reshaped(Array(x.shape[..<3]) + [width / 2])
    }
    func times(_ a: Tensor, _ b: Tensor) throws -> Tensor { try arithmetic(Multiplication.self, a, b) }
    let real = try arithmetic(Subtraction.self, try times(halves[0], cosines), try times(halves[1], sines))
    let imaginary = try arithmetic(Addition.self, try times(halves[0], sines), try times(halves[1], cosines))
    let turned = try ControlFlowOperators.stack([real, imaginary], axis: axis).reshaped(parts[0].shape)
    return try SlicingOperators.concatenate([turned, parts[1]], axis: 3)
  }

  private static func scatter(
    _ cache: Tensor, _ update: Tensor, _ starts: [Int]?, axis: Int, wraps: Bool
  ) throws -> Tensor {
    let axis = try normalizedAxis(axis, rank: cache.rank)
    var wanted = update.shape
    if wanted.count == cache.rank { wanted[axis] = cache.shape[axis] }
    try require(
      axis > 0 && wanted == cache.shape && update.type == cache.type && update.shape[axis] <= cache.shape[axis]
        && (starts == nil || starts?.count == cache.shape[0]), "an update of \(update.shape) to \(cache.shape)")
    guard cache.type != .string else { throw InferenceError(.badType, "caches hold no strings") }
    let result = try cache.copied()
    if update.count == 0 { return result }
    let (extent, length) = (cache.shape[axis], update.shape[axis])
    let lines = cache.shape[..<axis].reduce(1, *)
    let bytes = cache.shape[(axis + 1)...].reduce(1, *) * cache.type.byteCount
    for line in 0..<lines {
      let start = starts?[line / (lines / cache.shape[0])] ?? 0
      try require(start >= 0 && start < extent + (wraps ? Int.max - extent - length : 1 - length), "index \(start)")
      for step in 0..<length {
        let place = (start + step) % extent
        (result.base + (line * extent + place) * bytes)
          .copyMemory(from: update.base + (line * length + step) * bytes, byteCount: bytes)
      }
    }
    return result
  }
}

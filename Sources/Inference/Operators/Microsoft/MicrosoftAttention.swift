import Ground

/// Attention as ONNX Runtime's transformer optimiser and quantiser write it in the domain com.microsoft: projections,
/// padding masks and caches are part of the operator.
enum MicrosoftAttentionOperators {
  private static let domain = "com.microsoft"

  static let definitions: [OperatorDefinition] = [
    .tensors("Attention", domain: domain) { attributes in
      let heads = try PackedHeads(attributes)
      return { x in
        let (data, weight) = (try x.tensor(0), try x.tensor(1))
        let product = try MatMul().product(data, weight)
        let projected = try x.optionalTensor(2).map { try arithmetic(Addition.self, product, $0) } ?? product
        return try heads.attend(
          projected, mask: try x.optionalTensor(3), past: try x.optionalTensor(4), bias: try x.optionalTensor(5))
      }
    },
    .tensors("QAttention", domain: domain) { attributes in
      let heads = try PackedHeads(attributes)
      return { x in
        let projected = try QuantizedProductOperators.floatProduct(
          try x.tensor(0), scale: try x.tensor(3), zero: try x.optionalTensor(6), weight: try x.tensor(1),
          weightScale: try x.tensor(4), weightZero: try x.optionalTensor(7), bias: try x.optionalTensor(2))
        return try heads.attend(
          projected, mask: try x.optionalTensor(5), past: try x.optionalTensor(8), bias: nil)
      }
    },
    .tensors("MultiHeadAttention", domain: domain) { attributes in
      let heads = try SeparateHeads(attributes)
      return { x in try heads.evaluate(x) }
    },
    .tensors("GroupQueryAttention", domain: domain) { attributes in
      let heads = try GroupedHeads(attributes)
      return { x in try heads.evaluate(x) }
    },
  ]
}

/// A padding mask in any of ONNX Runtime's forms, as a bias that is added to the scores.
private struct PaddingMask {
  /// What a hidden key's score gets.
  let filter: Float

  /// The bias in a shape that broadcasts to (batch, heads, queries, keys).
  ///
  /// `mask` holds a key count a batch entry, ends followed by starts, or a flag a key: (batch, keys),
  /// (batch, queries, keys) or (batch, 1, most keys, most keys).
  func bias(_ mask: Tensor, batch: Int, queries: Int, keys: Int) throws -> Tensor {
    if mask.rank == 1 { return try ranges(mask.integers(), batch: batch, keys: keys) }
    let flags: Tensor
    switch mask.rank {
    case 2: flags = try mask.reshaped([mask.shape[0], 1, 1, mask.shape[1]])
    case 3: flags = try mask.reshaped([mask.shape[0], 1, mask.shape[1], mask.shape[2]])
    case 4 where mask.shape[2] >= keys && mask.shape[3] >= keys && keys >= queries:
      flags = try mask.cropped([0, 0, keys - queries, 0], [mask.shape[0], mask.shape[1], queries, keys])
    default: throw InferenceError(.badShape, "a mask of shape \(mask.shape) for \(queries) queries and \(keys) keys")
    }
    let filter = filter
    return try mapFloats(try flags.converted(to: .float32)) { $0 > 0 ? 0 : filter }
  }

  private func ranges(_ bounds: [Int], batch: Int, keys: Int) throws -> Tensor {
    try require(
      bounds.count == batch || bounds.count == 2 * batch || bounds.count == 3 * batch + 2,
      "\(bounds.count) bounds of a mask for a batch of \(batch)")
    let hasStarts = bounds.count == 2 * batch && batch > 0
    let result = try Tensor(uninitialized: .float32, [batch, 1, 1, keys])
    let target = result.elements(as: Float.self)
    for entry in 0..<batch {
      let (start, end) = (hasStarts ? bounds[batch + entry] : 0, bounds[entry])
      for key in 0..<keys { target[entry * keys + key] = key >= start && key < end ? 0 : filter }
    }
    return result
  }
}

/// The attributes that com.microsoft's attention operators share, and the attention itself.
private struct HeadSettings {
  let heads: Int
  let scale: Float?
  let isCausal: Bool
  let mask: PaddingMask

  init(_ attributes: NodeAttributes) throws {
    heads = try attributes.int("num_heads", default: 1)
    scale = try attributes.float("scale").flatMap { $0 == 0 ? nil : $0 }
    isCausal = try attributes.flag("unidirectional")
    mask = PaddingMask(filter: try attributes.float("mask_filter_value", default: -10000))
    try require(heads > 0, "\(heads) heads")
  }

  /// Attention over heads (batch, heads, sequence, size), with masks; the output has the heads joined.
  func attend(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, padding: Tensor?, bias: Tensor?, past: Int
  ) throws -> Tensor {
    try require(query.rank == 4 && key.rank == 4, "queries \(query.shape), keys \(key.shape)")
    var total = try bias?.converted(to: .float32)
    if let padding {
      let hidden = try mask.bias(padding, batch: query.shape[0], queries: query.shape[2], keys: key.shape[2])
      total = try total.map { try arithmetic(Addition.self, $0, hidden) } ?? hidden
    }
    let attention = Attention(scale: scale, isCausal: isCausal)
    let offsets = isCausal ? [Int](repeating: past, count: query.shape[0]) : nil
    return try AttentionOperators.joined(
      try attention.attend(query, key, value, mask: total, offsets: offsets).output)
  }
}

/// Attention and QAttention: query, key and value come out of one product, side by side.
private struct PackedHeads: Sendable {
  private let settings: HeadSettings
  private let widths: [Int]?

  init(_ attributes: NodeAttributes) throws {
    settings = try HeadSettings(attributes)
    widths = try attributes.ints("qkv_hidden_sizes").flatMap { $0.allSatisfy { $0 == 0 } ? nil : $0 }
    let rotates = try attributes.flag("do_rotary")
    if rotates { throw InferenceError(.unsupportedFeature, "attention that rotates its own embeddings") }
  }

  func attend(_ projected: Tensor, mask: Tensor?, past: Tensor?, bias: Tensor?) throws -> [Tensor] {
    try require(projected.rank == 3, "sequences need three axes, the shape is \(projected.shape)")
    let width = projected.shape[2]
    let lengths = widths ?? [width / 3, width / 3, width / 3]
    try require(
      lengths.count == 3 && lengths.allSatisfy { $0 >= 0 && $0 <= width }, "\(lengths) of \(width) columns")
    let parts = try SlicingOperators.split(projected, axis: 2, lengths: lengths).map {
      try AttentionOperators.separated($0, heads: settings.heads)
    }
    var (key, value) = (parts[1], parts[2])
    var pastLength = 0
    if let past {
      try require(past.rank == 5 && past.shape[0] == 2, "a cache of shape \(past.shape)")
      let halves = try SlicingOperators.split(past, axis: 0, lengths: [1, 1]).map {
        try $0.reshaped(Array(past.shape[1...]))
      }
      pastLength = past.shape[3]
      key = try SlicingOperators.concatenate([halves[0], key], axis: 2)
      value = try SlicingOperators.concatenate([halves[1], value], axis: 2)
    }
    let output = try settings.attend(parts[0], key, value, padding: mask, bias: bias, past: pastLength)
    let isStackable = key.shape == value.shape
    let present = isStackable ? try ControlFlowOperators.stack([key, value], axis: 0) : key
    return [try output.converted(to: projected.type), present]
  }
}

/// MultiHeadAttention: projected before; query, key and value may come apart or packed.
private struct SeparateHeads: Sendable {
  private let settings: HeadSettings

  init(_ attributes: NodeAttributes) throws { settings = try HeadSettings(attributes) }

  func evaluate(_ x: Arguments) throws -> [Tensor] {
    let given = try x.tensor(0)
    var parts = try separated(given, try x.optionalTensor(1), try x.optionalTensor(2))
    if let bias = try x.optionalTensor(3) { parts = try biased(parts, bias) }
    var past = 0
    if let pastKey = try x.optionalTensor(6), let pastValue = try x.optionalTensor(7) {
      try require(pastKey.rank == 4, "a cache of shape \(pastKey.shape)")
      past = pastKey.shape[2]
      parts[1] = try SlicingOperators.concatenate([pastKey, parts[1]], axis: 2)
      parts[2] = try SlicingOperators.concatenate([pastValue, parts[2]], axis: 2)
    }
    let output = try settings.attend(
      parts[0], parts[1], parts[2], padding: try x.optionalTensor(4), bias: try x.optionalTensor(5), past: past)
    return [try output.converted(to: given.type), parts[1], parts[2]]
  }

  /// Query, key and value as (batch, heads, sequence, size).
  private func separated(_ query: Tensor, _ key: Tensor?, _ value: Tensor?) throws -> [Tensor] {
    guard let key else { return try unpacked(query, count: 3) }
    let first = try AttentionOperators.separated(query, heads: settings.heads)
    guard let value else { return [first] + (try unpacked(key, count: 2)) }
    return [
      first, try AttentionOperators.separated(key, heads: settings.heads),
      try AttentionOperators.separated(value, heads: settings.heads),
    ]
  }

  /// The parts of (batch, sequence, heads, count, size).
  private func unpacked(_ x: Tensor, count: Int) throws -> [Tensor] {
    try require(x.rank == 5 && x.shape[3] == count, "a packed tensor of shape \(x.shape)")
    return try SlicingOperators.split(x, axis: 3, lengths: Array(repeating: 1, count: count)).map {
      try $0.reshaped([x.shape[0], x.shape[1], x.shape[2], x.shape[4]]).transposed([0, 2, 1, 3])
    }
  }

  private func biased(_ parts: [Tensor], _ bias: Tensor) throws -> [Tensor] {
    try require(bias.rank == 1, "a bias of shape \(bias.shape)")
    let biases = try SlicingOperators.split(bias, axis: 0, lengths: parts.map { $0.shape[1] * $0.shape[3] })
    return try zip(parts, biases).map { part, bias in
      try arithmetic(Addition.self, part, try bias.reshaped([part.shape[1], 1, part.shape[3]]))
    }
  }
}

/// GroupQueryAttention: causal attention of many query heads over few key heads, with a cache and rotated positions.
private struct GroupedHeads: Sendable {
  private let settings: HeadSettings
  private let keyHeads: Int
  private let rotates: Bool
  private let interleaves: Bool

  init(_ attributes: NodeAttributes) throws {
    settings = try HeadSettings(attributes)
    keyHeads = try attributes.int("kv_num_heads", default: 1)
    rotates = try attributes.flag("do_rotary")
    interleaves = try attributes.flag("rotary_interleaved")
    let window = try attributes.int("local_window_size", default: -1)
    let cap = try attributes.float("softcap", default: 0)
    guard window < 0, cap == 0, keyHeads > 0, settings.heads % keyHeads == 0 else {
      throw InferenceError(.unsupportedFeature, "grouped attention with windows, caps or uneven groups")
    }
  }

  func evaluate(_ x: Arguments) throws -> [Tensor] {
    let given = try x.tensor(0)
    var parts = try separated(given, try x.optionalTensor(1), try x.optionalTensor(2))
    let batch = parts[0].shape[0]
    let queries = parts[0].shape[2]
    // Each entry of the batch ends at its own key; the cache must be as long for all of them.
    let lengths = try x.tensor(5).integers()
    try require(
      lengths.count == batch && Set(lengths).count <= 1, "caches of different lengths in one batch: \(lengths)")
    let past = (lengths.first ?? 0) + 1 - queries
    if rotates {
      let (cosines, sines) = (try x.tensor(7), try x.tensor(8))
      let places = Tensor(int64s: (0..<queries).map { max(0, past) + $0 }, [1, queries])
      for index in 0..<2 {
        parts[index] = try TransformerOperators.rotated(
          parts[index], cosines: cosines, sines: sines, places: places, interleaves: interleaves)
      }
    }
    if past > 0, let pastKey = try x.optionalTensor(3), let pastValue = try x.optionalTensor(4) {
      parts[1] = try SlicingOperators.concatenate([try crop(pastKey, past), parts[1]], axis: 2)
      parts[2] = try SlicingOperators.concatenate([try crop(pastValue, past), parts[2]], axis: 2)
    }
    let attention = Attention(scale: settings.scale, isCausal: true)
    let offsets = [Int](repeating: max(0, past), count: batch)
    let output = try attention.attend(parts[0], parts[1], parts[2], mask: nil, offsets: offsets).output
    return [try AttentionOperators.joined(output).converted(to: given.type), parts[1], parts[2]]
  }

  private func crop(_ cache: Tensor, _ length: Int) throws -> Tensor {
    try require(cache.rank == 4 && cache.shape[2] >= length, "a cache of shape \(cache.shape) for \(length) keys")
    return try cache.cropped([0, 0, 0, 0], [cache.shape[0], cache.shape[1], length, cache.shape[3]])
  }

  private func separated(_ query: Tensor, _ key: Tensor?, _ value: Tensor?) throws -> [Tensor] {
    if let key, let value {
      return [
        try AttentionOperators.separated(query, heads: settings.heads),
        try AttentionOperators.separated(key, heads: keyHeads),
        try AttentionOperators.separated(value, heads: keyHeads),
      ]
    }
    let total = settings.heads + 2 * keyHeads
    let all = try AttentionOperators.separated(query, heads: total)
    return try SlicingOperators.split(all, axis: 1, lengths: [settings.heads, keyHeads, keyHeads])
  }
}

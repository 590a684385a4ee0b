import Glibc

/// Scaled dot-product attention (Vaswani et al., 2017) as ONNX defines it from opset 23 on, with grouped heads, masks,
/// windows and caches.
enum AttentionOperators {
  static let definitions: [OperatorDefinition] = [
    .tensors("Attention", since: 23) { attributes in
      let attention = try Attention(attributes)
      return { x in try attention.evaluate(x) }
    }
  ]

  /// (batch, sequence, heads * size) as (batch, heads, sequence, size); four axes are taken to be so already.
  static func separated(_ x: Tensor, heads: Int) throws -> Tensor {
    if x.rank == 4 { return x }
    try require(
      x.rank == 3 && heads > 0 && heads <= max(1, x.shape[2]) && x.shape[2] % heads == 0,
      "\(heads) heads in shape \(x.shape)")
    return try x.reshaped([x.shape[0], x.shape[1], heads, x.shape[2] / heads]).transposed([0, 2, 1, 3])
  }

  /// The inverse of ``separated(_:heads:)``.
  static func joined(_ x: Tensor) throws -> Tensor {
    try x.transposed([0, 2, 1, 3]).reshaped([x.shape[0], x.shape[2], x.shape[1] * x.shape[3]])
  }
}

struct Attention: Sendable {
  /// What the fourth output shows.
  private enum Stage: Int { case raw, capped, masked, probabilities }

  private let scale: Float?
  private let isCausal: Bool
  private var softcap: Float = 0
  private var queryHeads = 0
  private var keyHeads = 0
  private var leftWindow: Int?
  private var rightWindow: Int?
  private var stage = Stage.raw

  init(scale: Float?, isCausal: Bool) {
    self.scale = scale
    self.isCausal = isCausal
  }

  init(_ attributes: NodeAttributes) throws {
    scale = try attributes.float("scale")
    isCausal = try attributes.flag("is_causal")
    softcap = try attributes.float("softcap", default: 0)
    queryHeads = try attributes.int("q_num_heads", default: 0)
    keyHeads = try attributes.int("kv_num_heads", default: 0)
    leftWindow = try attributes.int("left_window_size").flatMap { $0 < 0 ? nil : $0 }
    rightWindow = try attributes.int("right_window_size").flatMap { $0 < 0 ? nil : $0 }
    stage = Stage(rawValue: try attributes.int("qk_matmul_output_mode", default: 0)) ?? .raw
  }

  func evaluate(_ x: Arguments) throws -> [Tensor] {
    let given = try x.tensor(0)
    let query = try AttentionOperators.separated(given, heads: queryHeads)
    var key = try AttentionOperators.separated(try x.tensor(1), heads: keyHeads)
    var value = try AttentionOperators.separated(try x.tensor(2), heads: keyHeads)
    var offsets: [Int]?
    if let pastKey = try x.optionalTensor(4), let pastValue = try x.optionalTensor(5) {
      key = try SlicingOperators.concatenate([pastKey, key], axis: 2)
      value = try SlicingOperators.concatenate([pastValue, value], axis: 2)
      offsets = query.shape.first.map { Array(repeating: pastKey.shape[2], count: $0) }
    }
    let valid = try x.optionalTensor(6)?.integers()
    if let valid {
      try require(valid.count == query.shape[0], "\(valid.count) lengths for a batch of \(query.shape[0])")
      try require(valid.allSatisfy { $0 >= 0 && $0 <= key.shape[2] }, "lengths \(valid) of \(key.shape[2]) keys")
      offsets = offsets ?? valid.map { $0 - query.shape[2] }
    }
    let result = try attend(query, key, value, mask: try x.optionalTensor(3), offsets: offsets, valid: valid)
    let output = given.rank == 3 ? try AttentionOperators.joined(result.output) : result.output
    return [try output.converted(to: given.type), key, value, try result.shown.converted(to: given.type)]
  }

  /// softmax(scale * query * keyᵀ + mask) * value, all (batch, heads, sequence, size).
  ///
  /// - Parameters:
  ///   - offsets: for each batch, the keys that precede the first query (causal masks and windows).
  ///   - valid: for each batch, how many keys are no padding.
  func attend(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, offsets: [Int]?, valid: [Int]? = nil
  ) throws -> (output: Tensor, shown: Tensor) {
    try require(
      query.rank == 4 && key.rank == 4 && value.rank == 4 && key.shape[1] > 0 && query.shape[1] % key.shape[1] == 0
        && key.shape[2] == value.shape[2] && key.shape[3] == query.shape[3] && key.shape[0] == query.shape[0],
      "queries \(query.shape), keys \(key.shape), values \(value.shape)")
    let factor = scale ?? 1 / Float(max(1, query.shape[3])).squareRoot()
    let scaled = try mapFloats(try query.converted(to: .float32)) { $0 * factor }
    let keys = try shared(key, among: query.shape[1]).transposed([0, 1, 3, 2])
    let raw = try product(scaled, keys)
    let cap = softcap
    let capped = cap > 0 ? try mapReals(raw, { cap * tanhf($0 / cap) }, { $0 }) : raw
    var logits = capped
    if let mask { logits = try masked(logits, mask) }
    if isCausal || leftWindow != nil || rightWindow != nil || valid != nil {
      logits = try hidden(logits, offsets: offsets, valid: valid)
    }
    let probabilities = try normalized(logits)
    let output = try product(probabilities, try shared(value, among: query.shape[1]))
    let stages = [raw, capped, logits, probabilities]
    return (output, stages[stage.rawValue])
  }

  private func product(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    try MatMul().product(a, b)
  }

  /// Heads repeated so that each of `count` query heads has its own.
  private func shared(_ x: Tensor, among count: Int) throws -> Tensor {
    let wide = try x.converted(to: .float32)
    if x.shape[1] == count { return wide }
    let group = count / x.shape[1]
    var maps = x.shape.map { Array(0..<$0) }
    maps[1] = (0..<count).map { $0 / group }
    return try wide.mapped(maps)
  }

  /// A boolean mask hides, a float mask is added; one that is too short hides the rest.
  private func masked(_ logits: Tensor, _ mask: Tensor) throws -> Tensor {
    let keys = logits.shape[3]
    var bias = mask
    if mask.type == .bool {
      bias = try select(mask, Tensor(scalar: Float(0)), Tensor(scalar: -Float.infinity))
    }
    bias = try bias.converted(to: .float32)
    if let last = bias.shape.last, last < keys, last != 1 {
      bias = try PaddingOperators.pad(
        bias, [0, keys - last], [bias.rank - 1], .constant, Tensor(scalar: -Float.infinity))
    }
    let sum = try arithmetic(Addition.self, logits, bias)
    try require(sum.shape == logits.shape, "a mask of shape \(mask.shape) for scores of shape \(logits.shape)")
    return sum
  }

  /// Hides keys by position: the future, what lies outside the window, padding.
  private func hidden(_ logits: Tensor, offsets: [Int]?, valid: [Int]?) throws -> Tensor {
    let result = try logits.copied()
    let (heads, queries, keys) = (logits.shape[1], logits.shape[2], logits.shape[3])
    let scores = result.elements(as: Float.self)
    for batch in 0..<logits.shape[0] {
      for row in 0..<(heads * queries) {
        let position = row % queries + (offsets?[batch] ?? 0)
        var range = 0..<min(keys, valid?[batch] ?? keys)
        if isCausal { range = range.clamped(to: 0..<max(0, position + 1)) }
        if let leftWindow { range = range.clamped(to: max(0, position - min(leftWindow, keys + queries))..<Int.max) }
        if let rightWindow { range = range.clamped(to: 0..<max(0, position + min(rightWindow, keys + queries) + 1)) }
        let start = (batch * heads * queries + row) * keys
        for key in 0..<keys where !range.contains(key) { scores[start + key] = -.infinity }
      }
    }
    return result
  }

  /// Softmax over the keys; a query that sees none gets zeros.
  private func normalized(_ logits: Tensor) throws -> Tensor {
    if logits.count == 0 { return logits }
    let soft = try SoftmaxOperators.apply(.softmax, logits, axis: 3)
    return try mapFloats(soft) { $0.isNaN ? 0 : $0 }
  }
}

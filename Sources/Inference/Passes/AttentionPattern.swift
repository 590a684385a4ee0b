/// Q K^T, scale, mask, softmax, times V: one operator, with the transposes and scales around it taken in.
extension Rewrite {
  static let fuseAttention = Rewrite("attention", changesRounding: true) { index, editor in
    guard let match = AttentionMatch(index, editor) else { return false }
    let inputs = [match.q.source, match.k.source, match.v.source, match.mask]
    editor.replace(
      match.removed,
      with: .fused(match.operation, inputs, match.output, name: match.name))
    return true
  }
}

/// The parts of an attention whose product with V is the node at some index.
private struct AttentionMatch {
  /// A factor of a product: where it comes from, before transposes and scales, and how it lies there.
  struct Factor {
    var source: ValueID
    var strides: FusedAttention.Strides
    /// Batch, heads, rows, columns as the product sees them.
    var extents: [Int]
    var scale: Float = 1
    var removed: [Int] = []
  }

  private(set) var q, k, v: Factor
  private(set) var mask: ValueID?
  private(set) var output: ValueID
  private(set) var removed: [Int]
  let name: String
  private(set) var operation: FusedAttention

  init?(_ index: Int, _ editor: GraphEditor) {
    guard let product = editor.node(index, "MatMul"), let result = product.outputs.first ?? nil,
      let (weights, softmaxChain, guards) = AttentionMatch.softmax(product.inputs[0], editor),
      let scores = AttentionMatch.scores(weights, editor),
      let q = AttentionMatch.factor(scores.node.inputs[0], editor),
      let turned = AttentionMatch.factor(scores.node.inputs[1], editor),
      let v = AttentionMatch.factor(product.inputs[1], editor)
    else { return nil }
    // K^T: its rows are the depth.
    var k = turned
    (k.strides.row, k.strides.column) = (turned.strides.column, turned.strides.row)
    k.extents.swapAt(2, 3)
    guard q.extents[..<2] == k.extents[..<2], q.extents[..<2] == v.extents[..<2], q.extents[3] == k.extents[3],
      v.extents[2] == k.extents[2], q.strides.column == 1, v.strides.column == 1,
      k.strides.column == 1 || k.strides.row == 1, v.scale == 1, !q.extents.contains(0), !v.extents.contains(0)
    else { return nil }
    name = product.name
    (self.q, self.k, self.v) = (q, k, v)
    removed = [index, scores.index] + softmaxChain + scores.removed + q.removed + k.removed + v.removed
    output = result
    let whole = Array(v.extents[..<2]) + [q.extents[2], v.extents[3]]
    let resultShape = editor.fact(result)?.shape ?? []
    guard resultShape.count == 3 || resultShape.count == 4 else { return nil }
    operation = FusedAttention(
      batch: whole[0], heads: whole[1], queries: whole[2], keys: k.extents[2], depth: q.extents[3], width: whole[3],
      q: q.strides, k: k.strides, v: v.strides, out: FusedAttention.Strides(whole, order: [0, 1, 2, 3]), mask: nil,
      scale: q.scale * k.scale * scores.scale, guards: guards, outputShape: resultShape)
    if let added = scores.mask {
      guard let strides = AttentionMatch.maskStrides(editor.fact(added), whole[0], whole[1], whole[2], k.extents[2])
      else {
        return nil
      }
      (mask, operation.mask) = (added, strides)
    }
    takeTranspose(editor)
  }

  /// The softmax behind V's weights, through the guard of masked rows if there is one.
  private static func softmax(
    _ id: ValueID?, _ editor: GraphEditor
  ) -> (input: ValueID?, removed: [Int], guards: Bool)? {
    guard editor.isUsedOnce(id), var (index, node) = editor.producer(of: id) else { return nil }
    var removed = [index]
    let guards = node.activation == .nanToZero
    if guards {
      guard editor.isUsedOnce(node.inputs[0]), let behind = editor.producer(of: node.inputs[0]) else { return nil }
      (index, node) = behind
      removed.append(index)
    }
    guard node.domain.isEmpty, node.operatorType == "Softmax", let rank = editor.fact(node.inputs[0])?.shape.count,
      editor.fact(node.inputs[0])?.type == .float32,
      let axis = try? node.attributes.int("axis", default: node.attributes.opset < 13 ? 1 : -1),
      axis == -1 || axis == rank - 1
    else { return nil }
    return (node.inputs[0], removed, guards)
  }

  /// The product of Q and K^T behind a softmax, with what was added to it and multiplied with it on the way.
  private static func scores(
    _ id: ValueID?, _ editor: GraphEditor
  ) -> (index: Int, node: Graph.Node, mask: ValueID?, scale: Float, removed: [Int])? {
    var id = id
    var mask: ValueID?
    var removed: [Int] = []
    if let (index, sum) = editor.producer(of: id, "Add"), editor.isUsedOnce(id), sum.inputs.count == 2 {
      let isFirst = leadsToProduct(sum.inputs[0], editor)
      guard isFirst || leadsToProduct(sum.inputs[1], editor) else { return nil }
      id = sum.inputs[isFirst ? 0 : 1]
      mask = sum.inputs[isFirst ? 1 : 0]
      removed.append(index)
    }
    var scale: Float = 1
    if let scaled = scaling(id, editor) {
      id = scaled.source
      scale = scaled.factor
      removed.append(scaled.index)
    }
    guard editor.isUsedOnce(id), let (index, node) = editor.producer(of: id, "MatMul") else { return nil }
    return (index, node, mask, scale, removed)
  }

  private static func leadsToProduct(_ id: ValueID?, _ editor: GraphEditor) -> Bool {
    let source = scaling(id, editor)?.source ?? id
    return editor.isUsedOnce(id) && editor.producer(of: source, "MatMul") != nil
  }

  /// What a value that only one node reads is a constant multiple of.
  private static func scaling(
    _ id: ValueID?, _ editor: GraphEditor
  ) -> (index: Int, source: ValueID, factor: Float)? {
    guard editor.isUsedOnce(id), let (index, node) = editor.producer(of: id), node.domain.isEmpty,
      node.inputs.count == 2,
      ["Mul", "Div"].contains(node.operatorType)
    else { return nil }
    let rank = editor.fact(id)?.shape.count
    for (value, other) in [(0, 1), (1, 0)] where node.operatorType == "Mul" || value == 0 {
      guard let factor = editor.uniform(node.inputs[other]), factor.isFinite, factor != 0,
        let source = node.inputs[value],
        editor.constant(node.inputs[other])?.count == 1, editor.fact(source)?.shape.count == rank
      else { continue }
      return (index, source, node.operatorType == "Mul" ? factor : 1 / factor)
    }
    return nil
  }

  /// A factor of three or four axes, seen through scales and a transpose that nothing else needs.
  private static func factor(_ id: ValueID?, _ editor: GraphEditor) -> Factor? {
    guard var source = id, let fact = editor.fact(source), fact.type == .float32, (3...4).contains(fact.shape.count)
    else {
      return nil
    }
    let rank = fact.shape.count
    var order = Array(0..<rank)
    var removed: [Int] = []
    var scale: Float = 1
    var isTurned = false
    while true {
      if let scaled = scaling(source, editor) {
        source = scaled.source
        scale *= scaled.factor
        removed.append(scaled.index)
      } else if !isTurned, editor.isUsedOnce(source), let (index, node) = editor.producer(of: source, "Transpose"),
        let permutation = try? node.attributes.ints("perm"), permutation.count == rank, let inner = node.inputs[0],
        editor.fact(inner)?.shape.count == rank
      {
        order = permutation
        source = inner
        removed.append(index)
        isTurned = true
      } else {
        break
      }
    }
    // Three axes are those of a batch of one.
    let lead = 4 - rank
    let sourceShape = [Int](repeating: 1, count: lead) + (editor.fact(source)?.shape ?? [])
    let fullOrder = Array(0..<lead) + order.map { $0 + lead }
    return Factor(
      source: source, strides: FusedAttention.Strides(sourceShape, order: fullOrder),
      extents: [Int](repeating: 1, count: lead) + fact.shape, scale: scale, removed: removed)
  }

  /// How a mask repeats over (batch, heads, queries, keys); nil if it does not have a number for each key.
  private static func maskStrides(
    _ fact: Fact?, _ batch: Int, _ heads: Int, _ queries: Int, _ keys: Int
  ) -> FusedAttention.Strides? {
    guard let fact, fact.type == .float32, fact.shape.count <= 4, fact.shape.last == keys else { return nil }
    let shape = [Int](repeating: 1, count: 4 - fact.shape.count) + fact.shape
    guard zip(shape, [batch, heads, queries, keys]).allSatisfy({ $0 == 1 || $0 == $1 }) else { return nil }
    var strides = FusedAttention.Strides(shape, order: [0, 1, 2, 3])
    if shape[0] == 1 { strides.batch = 0 }
    if shape[1] == 1 { strides.head = 0 }
    if shape[2] == 1 { strides.row = 0 }
    return strides
  }

  /// Writes the result where a transpose that alone reads it would put it.
  private mutating func takeTranspose(_ editor: GraphEditor) {
    guard editor.isUsedOnce(output), let reader = editor.consumers(of: output).first,
      let node = editor.node(reader, "Transpose"), let permutation = try? node.attributes.ints("perm"),
      permutation.count == operation.outputShape.count, let turned = node.outputs.first ?? nil,
      let shape = editor.fact(turned)?.shape
    else { return }
    let lead = 4 - permutation.count
    let full = Array(0..<lead) + permutation.map { $0 + lead }
    // Axis i of the result is axis full.firstIndex(of: i) of what the transpose gives.
    let order = (0..<4).compactMap { full.firstIndex(of: $0) }
    let strides = FusedAttention.Strides([Int](repeating: 1, count: lead) + shape, order: order)
    guard strides.column == 1 else { return }
    operation.out = strides
    operation.outputShape = shape
    output = turned
    removed.append(reader)
  }
}

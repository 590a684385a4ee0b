import Ground

/// TreeEnsemble (ai.onnx.ml 5): decision trees whose leaves vote on targets.
enum TreeOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("TreeEnsemble", domain: "ai.onnx.ml", since: 5) { attributes in
      let ensemble = try TreeEnsemble(attributes)
      return { x in try ensemble.apply(try x.tensor(0)) }
    }
  ]
}

private struct TreeEnsemble: Sendable {
  /// How an inner node compares a feature with its split; the numbers are those of the file.
  private enum Comparison: Int { case atMost, less, atLeast, greater, equal, notEqual, member }
  private enum Aggregation: Int { case average, sum, minimum, maximum }

  private struct Node {
    var feature: Int
    var comparison: Comparison
    var split: Double
    var members: Set<Double>
    var takesMissing: Bool
    var yes: Int
    var no: Int
    var yesIsLeaf: Bool
    var noIsLeaf: Bool
  }

  private let nodes: [Node]
  private let roots: [Int]
  private let leafTargets: [Int]
  private let leafWeights: [Double]
  private let targetCount: Int
  private let aggregation: Aggregation

  init(_ attributes: NodeAttributes) throws {
    roots = try attributes.ints("tree_roots") ?? []
    leafTargets = try attributes.ints("leaf_targetids") ?? []
    leafWeights = try attributes.tensor("leaf_weights")?.doubles() ?? []
    targetCount = try attributes.int("n_targets", default: 1)
    guard let aggregation = Aggregation(rawValue: try attributes.int("aggregate_function", default: 1)),
      try attributes.int("post_transform", default: 0) == 0
    else { throw InferenceError(.unsupportedFeature, "trees whose votes are transformed") }
    self.aggregation = aggregation
    nodes = try TreeEnsemble.nodes(attributes)
    try require(
      leafTargets.count == leafWeights.count && targetCount > 0 && targetCount <= 1 << 20
        && leafTargets.allSatisfy { $0 >= 0 && $0 < targetCount } && roots.allSatisfy(nodes.indices.contains),
      "\(leafTargets.count) leaves for \(leafWeights.count) weights and \(targetCount) targets")
    for node in nodes {
      try require(
        (node.yesIsLeaf ? leafWeights.indices : nodes.indices).contains(node.yes)
          && (node.noIsLeaf ? leafWeights.indices : nodes.indices).contains(node.no), "a branch that leads nowhere")
    }
  }

  private static func nodes(_ attributes: NodeAttributes) throws -> [Node] {
    let features = try attributes.ints("nodes_featureids") ?? []
    let modes = try attributes.tensor("nodes_modes")?.integers() ?? []
    let splits = try attributes.tensor("nodes_splits")?.doubles() ?? []
    let missing = try attributes.ints("nodes_missing_value_tracks_true") ?? Array(repeating: 0, count: modes.count)
    let yes = try attributes.ints("nodes_truenodeids") ?? []
    let no = try attributes.ints("nodes_falsenodeids") ?? []
    let yesLeafs = try attributes.ints("nodes_trueleafs") ?? []
    let noLeafs = try attributes.ints("nodes_falseleafs") ?? []
    let counts = [features.count, splits.count, missing.count, yes.count, no.count, yesLeafs.count, noLeafs.count]
    try require(counts.allSatisfy { $0 == modes.count }, "node lists of different lengths")
    // Sets of members stand one after the other, NaN between them.
    var sets =
      try attributes.tensor("membership_values")?.doubles().split(
        omittingEmptySubsequences: false, whereSeparator: \.isNaN) ?? []
    return try modes.indices.map { index in
      guard let comparison = Comparison(rawValue: modes[index]), features[index] >= 0 else {
        throw InferenceError(.badAttribute, "node \(index) compares in an unknown way")
      }
      let members = comparison == .member && !sets.isEmpty ? Set(sets.removeFirst()) : []
      return Node(
        feature: features[index], comparison: comparison, split: splits[index], members: members,
        takesMissing: missing[index] != 0, yes: yes[index], no: no[index], yesIsLeaf: yesLeafs[index] != 0,
        noIsLeaf: noLeafs[index] != 0)
    }
  }

  func apply(_ x: Tensor) throws -> Tensor {
    try require(
      x.rank == 2 && nodes.allSatisfy { $0.feature < x.shape[1] }, "features of shape \(x.shape) for these trees")
    let rows = try x.doubles()
    _ = try Tensor.checkedByteCount(.float64, [x.shape[0], targetCount])
    try NetworkBudget.current?.check(x.shape[0] * targetCount * MemoryLayout<Double>.stride)
    var result = [Double]()
    result.reserveCapacity(x.shape[0] * targetCount)
    var watch = LoopWatch()
    for row in 0..<x.shape[0] {
      result += try votes(rows[(row * x.shape[1])..<((row + 1) * x.shape[1])], &watch)
    }
    return try Tensor([x.shape[0], targetCount], result).converted(to: x.type)
  }

  private func votes(_ features: ArraySlice<Double>, _ watch: inout LoopWatch) throws -> [Double] {
    var sums = [Double?](repeating: nil, count: targetCount)
    for root in roots {
      let leaf = try leaf(root, features, &watch)
      let (target, weight) = (leafTargets[leaf], leafWeights[leaf])
      let old = sums[target]
      switch aggregation {
      case .average, .sum: sums[target] = (old ?? 0) + weight
      case .minimum: sums[target] = min(old ?? weight, weight)
      case .maximum: sums[target] = max(old ?? weight, weight)
      }
    }
    let divisor = aggregation == .average ? Double(max(1, roots.count)) : 1
    return sums.map { ($0 ?? 0) / divisor }
  }

  private func leaf(_ root: Int, _ features: ArraySlice<Double>, _ watch: inout LoopWatch) throws -> Int {
    var place = root
    // A path is no longer than there are nodes, unless a hostile tree goes round.
    for _ in 0...nodes.count {
      try watch.spend(1)
      let node = nodes[place]
      let value = features[features.startIndex + node.feature]
      let agrees = value.isNaN ? node.takesMissing : holds(node, value)
      let (next, isLeaf) = agrees ? (node.yes, node.yesIsLeaf) : (node.no, node.noIsLeaf)
      if isLeaf { return next }
      place = next
    }
    throw InferenceError(.malformedModel, "a tree that goes round in circles")
  }

  private func holds(_ node: Node, _ value: Double) -> Bool {
    switch node.comparison {
    case .atMost: value <= node.split
    case .less: value < node.split
    case .atLeast: value >= node.split
    case .greater: value > node.split
    case .equal: value == node.split
    case .notEqual: value != node.split
    case .member: node.members.contains(value)
    }
  }
}

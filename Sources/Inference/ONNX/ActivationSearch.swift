import Ground

/// Finds out whether a graph's outputs are probabilities, by the operators that produce them. Run on the graph as the file has
/// it, before rewrites fuse its nodes.
///
/// One pass in topological order: each node's outputs follow from what its inputs are. Operators that only move, round or pool
/// numbers hand on what they got, so that a Softmax counts behind Reshape, QuantizeLinear and DequantizeLinear too.
struct ActivationSearch {
  /// What is known of a value.
  private enum Nature: Equatable {
    case sigmoid
    case softmax
    case linear
    /// Logarithms of probabilities: LogSoftmax.
    case logarithms

    var isProbability: Bool { self == .sigmoid || self == .softmax }
  }

  private let graph: Graph
  private var natures: [ValueID: Nature] = [:]
  private var producers: [ValueID: Int] = [:]

  /// One entry per output of the graph; nil where its operators do not tell.
  static func activations(ofOutputsOf graph: Graph) -> [OutputActivation?] {
    var search = ActivationSearch(graph: graph)
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs { if let output { search.producers[output] = index } }
      guard let output = node.outputs.first ?? nil, let nature = search.nature(of: node) else { continue }
      // Of operators with several outputs only Split's are all alike.
      let alike = node.operatorType == "Split" ? node.outputs.compactMap { $0 } : [output]
      for output in alike { search.natures[output] = nature }
    }
    return graph.outputs.map { search.natures[$0].map(activation) }
  }

  private init(graph: Graph) { self.graph = graph }

  private static func activation(_ nature: Nature) -> OutputActivation {
    switch nature {
    case .sigmoid: .sigmoid
    case .softmax: .softmax
    // The softmax of logarithms of probabilities gives the probabilities.
    case .linear, .logarithms: .linear
    }
  }

  private static let movers: Set<String> = [
    "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "CastLike", "QuantizeLinear",
    "DequantizeLinear", "Dropout", "Slice", "Split", "Gather", "GatherElements", "GatherND", "Expand", "Tile", "TopK",
    "ReduceMax", "ReduceMin", "ReduceMean", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Resize",
    "Upsample", "DepthToSpace", "SpaceToDepth", "Clip", "Relu", "QLinearGlobalAveragePool", "QLinearAveragePool",
    "QLinearReduceMean",
  ]

  private static let products: Set<String> = [
    "Gemm", "MatMul", "Conv", "ConvTranspose", "Einsum", "QLinearConv", "QLinearMatMul", "QGemm", "MatMulInteger",
    "ConvInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "BatchNormalization", "LayerNormalization",
    "InstanceNormalization", "MatMulNBits", "FusedMatMul",
  ]

  private func nature(of node: Graph.Node) -> Nature? {
    guard node.domain.isEmpty || node.domain == "com.microsoft" else { return nil }
    switch node.operatorType {
    case "Sigmoid", "HardSigmoid", "QLinearSigmoid": return .sigmoid
    case "Softmax", "QLinearSoftmax", "Hardmax": return .softmax
    case "LogSoftmax": return .logarithms
    case "Exp": return nature(node.input(0)) == .logarithms ? .softmax : nil
    case "FusedConv", "FusedGemm": return fused(node)
    case "Cast": return isCastToFloat(node) ? nature(node.input(0)) : nil
    case "Concat", "QLinearConcat", "Max", "Min", "Mean": return common(node.inputs.compactMap { $0 })
    case "Where": return common(node.inputs.dropFirst().compactMap { $0 })
    case "Add", "Sub", "QLinearAdd": return isShiftedTanh(node, half: true) ? .sigmoid : sum(node)
    case "Mul", "QLinearMul": return isShiftedTanh(node, half: false) ? .sigmoid : product(node)
    case "Div": return quotient(node)
    case "Reciprocal": return isOnePlusExponential(node.input(0)) ? .sigmoid : nil
    case let name where ActivationSearch.movers.contains(name): return nature(node.input(0))
    case let name where ActivationSearch.products.contains(name): return .linear
    default: return nil
    }
  }

  private func nature(_ id: ValueID?) -> Nature? { id.flatMap { natures[$0] } }

  private func isConstant(_ id: ValueID?) -> Bool { id.map { graph.constants[$0] != nil } ?? false }

  /// ONNX Runtime's convolutions and products with an activation inside.
  private func fused(_ node: Graph.Node) -> Nature? {
    guard case .string(let name)? = node.attributes["activation"] else { return .linear }
    switch name {
    case "Sigmoid", "HardSigmoid": return .sigmoid
    case "", "Relu", "LeakyRelu", "Clip": return .linear
    default: return nil
    }
  }

  /// Whole numbers, which Cast may make, are no probabilities.
  private func isCastToFloat(_ node: Graph.Node) -> Bool {
    guard case .int(let code)? = node.attributes["to"], let raw = Int32(exactly: code) else { return false }
    return ElementType(rawValue: raw)?.isFloat ?? false
  }

  /// What values put together are: all the same, or probabilities of both kinds.
  private func common(_ ids: [ValueID]) -> Nature? {
    let all = ids.map { natures[$0] }
    guard let first = all.first, let first else { return nil }
    if all.allSatisfy({ $0 == first }) { return first }
    return all.allSatisfy { $0?.isProbability == true } ? .sigmoid : nil
  }

  /// A bias keeps any number any number; 1 - p is a probability.
  private func sum(_ node: Graph.Node) -> Nature? {
    let (a, b) = (nature(node.input(0)), nature(node.input(1)))
    if a == .linear, b == nil || b == .linear { return .linear }
    if b == .linear, a == nil { return .linear }
    return node.operatorType == "Sub" && b?.isProbability == true && isOne(node.input(0)) ? .sigmoid : nil
  }

  /// A scale keeps any number any number; the product of two probabilities is one.
  private func product(_ node: Graph.Node) -> Nature? {
    let (a, b) = (nature(node.input(0)), nature(node.input(1)))
    if a?.isProbability == true, b?.isProbability == true { return .sigmoid }
    return (a == .linear && isConstant(node.input(1))) || (b == .linear && isConstant(node.input(0))) ? .linear : nil
  }

  /// Spelled-out forms: e^x / sum(e^x), p / sum(p) and 1 / (1 + e^-x).
  private func quotient(_ node: Graph.Node) -> Nature? {
    let (above, below) = (node.input(0), node.input(1))
    if isOne(above), isOnePlusExponential(below) { return .sigmoid }
    if nature(above) == .linear, isConstant(below) { return .linear }
    guard let above, let total = producer(below, "ReduceSum"), total.input(0) == above else { return nil }
    return producer(above, "Exp") != nil || nature(above)?.isProbability == true ? .softmax : nil
  }

  /// The sigmoid spelled out with Tanh: (tanh + 1) / 2 where the node is the product, tanh / 2 + 1/2 where it is the sum.
  private func isShiftedTanh(_ node: Graph.Node, half: Bool) -> Bool {
    let inner = half ? "Mul" : "Add"
    return pairs(node).contains { other, constant in
      guard isNumber(constant, 0.5), let step = producer(other, inner) else { return false }
      return pairs(step).contains { producer($0, "Tanh") != nil && isNumber($1, half ? 0.5 : 1) }
    }
  }

  /// The two operands, either way round.
  private func pairs(_ node: Graph.Node) -> [(ValueID?, ValueID?)] {
    [(node.input(0), node.input(1)), (node.input(1), node.input(0))]
  }

  private func isOnePlusExponential(_ id: ValueID?) -> Bool {
    guard let sum = producer(id, "Add") else { return false }
    return pairs(sum).contains { isOne($0) && producer($1, "Exp") != nil }
  }

  private func producer(_ id: ValueID?, _ type: String) -> Graph.Node? {
    guard let id, let index = producers[id], graph.nodes[index].domain.isEmpty else { return nil }
    return graph.nodes[index].operatorType == type ? graph.nodes[index] : nil
  }

  private func isOne(_ id: ValueID?) -> Bool { isNumber(id, 1) }

  private func isNumber(_ id: ValueID?, _ number: Float) -> Bool {
    guard let id, let tensor = graph.constants[id], tensor.count == 1 else { return false }
    return switch tensor.type {
    case .float32: tensor.elements(as: Float.self)[0] == number
    case .float16: Float(tensor.elements(as: Float16.self)[0]) == number
    case .float64: tensor.elements(as: Double.self)[0] == Double(number)
    default: false
    }
  }
}

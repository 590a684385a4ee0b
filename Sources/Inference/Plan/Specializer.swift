import Glibc
import Ground

/// Fixes a graph to given input shapes: finds every value's type and shape that follows from them, and computes what
/// follows from constants alone (which, with the shapes known, is all shape arithmetic).
struct Specializer {
  private(set) var graph: Graph
  /// By value; nil where the shape shows only during a run.
  private(set) var facts: [Fact?]
  private let interpreter: Interpreter

  /// Results larger than this are folded only if they do not outgrow their inputs much: a constant that is broadcast to
  /// a picture is better computed than stored.
  private static let foldLimit = 4 << 20

  init(_ graph: Graph, inputs: [Fact], interpreter: Interpreter) throws {
    self.graph = graph
    self.interpreter = interpreter
    facts = [Fact?](repeating: nil, count: graph.valueNames.count)
    for (id, fact) in zip(graph.inputs, inputs) { facts[id] = fact }
    for (id, tensor) in graph.constants { facts[id] = Fact(tensor.type, tensor.shape) }
    var kept: [Graph.Node] = []
    var pending = Array(graph.nodes.reversed())
    while let node = pending.popLast() {
      try interpreter.budget.checkTime()
      if let branch = try inlined(node) {
        pending.append(contentsOf: branch.reversed())
      } else if try !fold(node) {
        kept.append(node)
      }
    }
    self.graph.nodes = kept
  }

  // MARK: folding

  /// Computes the node now if its inputs are known, else finds its facts. True when the node is no longer needed.
  private mutating func fold(_ node: Graph.Node) throws -> Bool {
    if node.domain.isEmpty, node.operatorType == "Shape" || node.operatorType == "Size",
      let fact = node.inputs.first.flatMap({ $0 }).flatMap({ facts[$0] })
    {
      // Only the shape is looked at, so any tensor of it will do.
      return try fold(node, [.tensor(ZeroPages.tensor(fact))])
    }
    let isConstant = node.inputs.allSatisfy { $0 == nil || graph.constants[$0 ?? 0] != nil }
    if isConstant, node.bodies.isEmpty, node.operation.traits.randomness != .always, !isQuantizedWeight(node) {
      let inputs = node.inputs.map { $0.flatMap { graph.constants[$0] }.map(Value.tensor) }
      if try fold(node, inputs) { return true }
    }
    for (id, fact) in zip(node.outputs, infer(node)) { if let id { facts[id] = fact } }
    return false
  }

  /// Weights stay bytes: the passes may find a product of bytes that takes them.
  private func isQuantizedWeight(_ node: Graph.Node) -> Bool {
    guard node.operatorType == "DequantizeLinear", let id = node.inputs.first ?? nil, let tensor = graph.constants[id]
    else { return false }
    return tensor.rank > 0 && [.int8, .uint8, .int32].contains(tensor.type)
  }

  private mutating func fold(_ node: Graph.Node, _ inputs: [Value?]) throws -> Bool {
    guard let results = attempt(node, inputs) else { return false }
    let tensors = results.compactMap { try? $0.tensor() }
    let inputBytes = inputs.reduce(0) { $0 + ((try? $1?.tensor().byteCount) ?? 0) }
    let outputBytes = tensors.reduce(0) { $0 + $1.byteCount }
    guard tensors.count == results.count, outputBytes <= max(Specializer.foldLimit, 4 * inputBytes) else {
      return false
    }
    for (id, tensor) in zip(node.outputs, tensors) {
      guard let id else { continue }
      graph.constants[id] = tensor
      facts[id] = Fact(tensor.type, tensor.shape)
    }
    return true
  }

  /// The nodes of the branch that an If with a known condition takes, joined to the surrounding values; nil if the node
  /// is not such an If.
  private mutating func inlined(_ node: Graph.Node) throws -> [Graph.Node]? {
    guard node.domain.isEmpty, node.operatorType == "If", let id = node.inputs.first ?? nil,
      let condition = graph.constants[id], condition.type == .bool, condition.count == 1,
      let subgraph = try? node.attributes.graph(condition.array(of: Bool.self)[0] ? "then_branch" : "else_branch")
    else { return nil }
    let body = interpreter.graphs[subgraph.index].graph
    guard body.nodes.allSatisfy({ $0.bodies.isEmpty }), body.outputs.count == node.outputs.count else { return nil }
    var renamed: [ValueID: ValueID] = [:]
    for capture in body.captures { renamed[capture.inner] = capture.outer }
    for id in body.valueNames.indices where renamed[id] == nil {
      renamed[id] = graph.addValue(body.valueNames[id])
      facts.append(nil)
      guard let new = renamed[id], let tensor = body.constants[id] else { continue }
      graph.constants[new] = tensor
      facts[new] = Fact(tensor.type, tensor.shape)
    }
    var nodes = body.nodes
    for index in nodes.indices {
      nodes[index].inputs = nodes[index].inputs.map { $0.flatMap { renamed[$0] } }
      nodes[index].outputs = nodes[index].outputs.map { $0.flatMap { renamed[$0] } }
    }
    for (inner, outer) in zip(body.outputs, node.outputs) {
      guard let outer else { continue }
      nodes.append(try .standard("Identity", [renamed[inner] ?? inner], [outer]))
    }
    return nodes
  }

  /// The node's results; nil where it fails. A node that fails here fails at run time too, if it is reached: branches and
  /// empty inputs may spare it. Time that runs out shows with the next node.
  private func attempt(_ node: Graph.Node, _ inputs: [Value?]) -> [Value]? {
    do { return try interpreter.evaluate(node, inputs, captured: [:]) } catch { return nil }
  }

  // MARK: facts

  /// What is known of the node's outputs; nothing of those whose size cannot even be computed, so that a run refuses them.
  private func infer(_ node: Graph.Node) -> [Fact?] {
    inferred(node).map { fact in
      guard let fact else { return nil }
      do { _ = try Tensor.checkedCount(fact.shape) } catch { return nil }
      return fact
    }
  }

  private func inferred(_ node: Graph.Node) -> [Fact?] {
    let none = [Fact?](repeating: nil, count: node.outputs.count)
    let inputs = node.inputs.map { $0.flatMap { facts[$0] } }
    let isKnown = zip(node.inputs, inputs).allSatisfy { $0 == nil || $1 != nil }
    guard isKnown, node.bodies.isEmpty, !inputs.contains(where: { $0?.type == .string }) else { return none }
    let constants = node.inputs.map { $0.flatMap { graph.constants[$0] } }
    if let rule = node.operation.shapes {
      let question = ShapeQuestion(
        attributes: node.attributes, outputCount: node.outputs.count, inputs: inputs, constants: constants)
      // A rule that fails has met a form that it does not know, or a node that fails at run time: evaluation tells.
      if let answer = try? rule(question), answer.count == node.outputs.count { return answer }
    }
    switch node.operation.traits.shapeSource {
    case .shapes: break
    case .run: return none
    case .values(let indices):
      for index in indices where index < inputs.count && inputs[index] != nil && constants[index] == nil { return none }
    }
    return tried(node, inputs.enumerated().map { constants[$0] ?? $1.flatMap { try? ZeroPages.tensor($0) } }) ?? none
  }

  /// The facts that come out when the node is evaluated on zeros.
  private func tried(_ node: Graph.Node, _ inputs: [Tensor?]) -> [Fact?]? {
    guard let results = attempt(node, inputs.map { $0.map(Value.tensor) }) else { return nil }
    let facts = results.map { value -> Fact? in
      guard let tensor = try? value.tensor(), tensor.type != .string else { return nil }
      return Fact(tensor.type, tensor.shape)
    }
    return facts + [Fact?](repeating: nil, count: max(0, node.outputs.count - facts.count))
  }
}

/// Tensors of zeros that take no memory: the kernel backs untouched pages with one page of zeros.
private final class ZeroPages {
  private let bytes: UnsafeMutableRawBufferPointer

  private init?(byteCount: Int) {
    let count = max(1, byteCount)
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      start != MAP_FAILED
    else { return nil }
    bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
  }

  deinit { munmap(bytes.baseAddress, bytes.count) }

  static func tensor(_ fact: Fact) throws -> Tensor {
    let byteCount = try Tensor.checkedByteCount(fact.type, fact.shape)
    guard let pages = ZeroPages(byteCount: byteCount) else {
      throw InferenceError(.badShape, "no memory for a tensor of shape \(fact.shape)")
    }
    // Read-only memory: operators never write to their inputs.
    return Tensor(
      type: fact.type, shape: fact.shape, storage: TensorStorage(borrowing: pages.bytes, from: pages), byteOffset: 0)
  }
}

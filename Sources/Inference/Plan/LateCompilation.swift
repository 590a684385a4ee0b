import Synchronization

/// Compiles subgraphs whose input shapes are known only at run time: the heads of two-stage detectors, for example, which
/// get as many regions as the first stage found.
///
/// Such nodes are gathered into regions: a product with constant weights (``OperatorTraits/LateRole/starts``) and the
/// nodes behind it that read no other unknown value (``OperatorTraits/LateRole/follows``). A region is one operator of
/// the graph around it; it plans itself for each shape that it meets.
enum LateCompilation {
  /// Nodes of a region: larger ones are cut, which costs little.
  private static let longest = 64
  /// How far behind the first node its followers are looked for.
  private static let farthest = 1024

  private static let traits: OperatorTraits = {
    var traits = OperatorTraits()
    traits.late = .region
    traits.shapeSource = .run
    return traits
  }()

  /// The graph with its regions as single nodes.
  static func group(_ graph: Graph, facts: [Fact?], planner: (Graph) -> LateRegion) -> Graph {
    var grouped = graph
    var nodes = graph.nodes.map(Optional.some)
    var producers: [ValueID: Int] = [:]
    var readers: [ValueID: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for case let id? in node.outputs { producers[id] = index }
      for id in Set(node.dependencies) { readers[id, default: 0] += 1 }
    }
    for id in graph.outputs { readers[id, default: 0] += 1 }
    for start in graph.nodes.indices {
      guard let first = nodes[start], isLate(first, graph, facts) else { continue }
      let members = members(from: start, graph, nodes, producers)
      let region = Region(members.map { graph.nodes[$0] }, of: graph, readers: readers)
      for index in members { nodes[index] = nil }
      nodes[start] = Graph.Node(
        name: first.name,
        operation: Operation(
          domain: fusedDomain, name: "Late\(first.operatorType)", traits: LateCompilation.traits,
          evaluator: planner(region.graph)),
        attributes: NodeAttributes(opset: 1, inputCount: region.inputs.count, outputCount: region.outputs.count),
        inputs: region.inputs, outputs: region.outputs)
    }
    grouped.nodes = nodes.compactMap { $0 }
    return grouped
  }

  private static func isLate(_ node: Graph.Node, _ graph: Graph, _ facts: [Fact?]) -> Bool {
    guard node.operation.traits.late == .starts, node.inputs.count >= 2,
      let weight = node.inputs[1], graph.constants[weight] != nil, let data = node.inputs[0],
      graph.constants[data] == nil, node.outputs.count == 1, let output = node.outputs[0]
    else { return false }
    return facts[output] == nil
  }

  private static func mayFollow(_ node: Graph.Node) -> Bool {
    switch node.operation.traits.late {
    case .starts, .follows: true
    case .none, .region: false
    }
  }

  /// The nodes of the region that begins at `start`: what else they read exists before it.
  private static func members(
    from start: Int, _ graph: Graph, _ nodes: [Graph.Node?], _ producers: [ValueID: Int]
  ) -> [Int] {
    var members = [start]
    var inside = Set(graph.nodes[start].outputs.compactMap { $0 })
    for index in graph.nodes.indices.dropFirst(start + 1).prefix(farthest) where members.count < longest {
      guard let node = nodes[index], mayFollow(node), node.outputs.count == 1 else { continue }
      let read = node.inputs.compactMap { $0 }
      let isReady = read.allSatisfy { inside.contains($0) || graph.constants[$0] != nil || producers[$0] ?? -1 < start }
      guard isReady, read.contains(where: inside.contains) else { continue }
      members.append(index)
      inside.formUnion(node.outputs.compactMap { $0 })
    }
    return members
  }

  /// Nodes as a graph of their own.
  private struct Region {
    private(set) var graph = Graph()
    /// By the values of the graph around it.
    private(set) var inputs: [ValueID] = []
    private(set) var outputs: [ValueID] = []

    /// - Parameter readers: how many nodes of the outer graph read each value, and its outputs.
    init(_ nodes: [Graph.Node], of outer: Graph, readers: [ValueID: Int]) {
      var inner: [ValueID: ValueID] = [:]
      let made = Set(nodes.flatMap { $0.outputs.compactMap { $0 } })
      for id in Set(nodes.flatMap { $0.inputs.compactMap { $0 } }).union(made).sorted() {
        let new = graph.addValue(outer.valueNames[id])
        inner[id] = new
        if let tensor = outer.constants[id] {
          graph.constants[new] = tensor
        } else if !made.contains(id) {
          graph.inputs.append(new)
          inputs.append(id)
        }
      }
      graph.nodes = nodes.map { node in
        var copy = node
        copy.inputs = node.inputs.map { $0.flatMap { inner[$0] } }
        copy.outputs = node.outputs.map { $0.flatMap { inner[$0] } }
        return copy
      }
      var inside: [ValueID: Int] = [:]
      for node in nodes { for id in Set(node.dependencies) { inside[id, default: 0] += 1 } }
      for id in made.sorted() where readers[id, default: 0] > inside[id, default: 0] {
        outputs.append(id)
        if let new = inner[id] { graph.outputs.append(new) }
      }
    }
  }
}

/// A part of a graph that is planned when it meets its inputs' shapes; the last few plans are kept.
final class LateRegion: Operator {
  private let planner: Mutex<Planner>
  private let interpreter: Interpreter

  init(_ graph: Graph, budget: NetworkBudget, options: NetworkOptions, weights: WeightCache) {
    let interpreter = Interpreter(GraphSet(graphs: [graph]), budget: budget)
    self.interpreter = interpreter
    planner = Mutex(Planner(interpreter, graph: graph, options: options, weights: weights, isLate: true))
  }

  func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let tensors = try inputs.indices.map { try inputs.tensor($0, "a region's input") }
    return try planner.withLock { planner in
      if let plan = try planner.plan(for: tensors) {
        do {
          try plan.run(tensors)
          let results = try plan.outputTensors().map(Value.tensor)
          plan.releaseInputs()
          return results
        } catch let mismatch as PlanMismatch {
          planner.abandon(plan, mismatch)
        }
      }
      return try interpreter.run(inputs)
    }
  }
}

import Ground

/// Turns a specialised graph into steps: asks each operator's family for a kernel, inserts reorders between layouts,
/// leaves the rest to the reference tier.
///
/// Layouts are chosen in one pass from inputs to outputs: each kernel sees how its inputs come and says how it wants
/// them. A value is reordered at most once into each layout.
struct Lowering {
  private var graph: Graph
  private let facts: [Fact?]
  private let options: NetworkOptions
  private let weights: WeightCache
  private(set) var values: [PlanValue] = []
  private(set) var steps: [PlanStep] = []
  private(set) var outputs: [PlanValueID] = []
  private var planar: [ValueID: PlanValueID] = [:]
  private var blocked: [ValueID: PlanValueID] = [:]
  /// The types of the operators that read each value.
  private var readers: [ValueID: Set<String>] = [:]

  /// - Parameter facts: by value of `graph`; nil where unknown before the run.
  init(_ graph: consuming Graph, facts: [Fact?], options: NetworkOptions, weights: WeightCache) throws {
    self.graph = consume graph
    self.facts = facts
    self.options = options
    self.weights = weights
    for (index, id) in self.graph.inputs.enumerated() { planar[id] = add(id, facts[id], .input(index)) }
    for node in self.graph.nodes {
      for id in node.dependencies { readers[id, default: []].insert(node.operatorType) }
    }
    let lastReaders = self.lastReaders()
    for index in self.graph.nodes.indices {
      try NetworkBudget.current?.checkTime()
      try lower(self.graph.nodes[index])
      // What a kernel reads has become a value of the plan; what was packed is not needed any more.
      for id in lastReaders[index] { self.graph.constants[id] = nil }
    }
    for id in self.graph.outputs { outputs.append(try value(id, .planar)) }
  }

  /// For each node, the constants that no later node and no output reads.
  private func lastReaders() -> [[ValueID]] {
    var last: [ValueID: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for id in node.dependencies where graph.constants[id] != nil { last[id] = index }
    }
    for id in graph.outputs { last[id] = nil }
    var readers = [[ValueID]](repeating: [], count: graph.nodes.count)
    for (id, index) in last { readers[index].append(id) }
    return readers
  }

  private mutating func add(_ id: ValueID, _ fact: Fact?, _ origin: PlanValue.Origin) -> PlanValueID {
    values.append(PlanValue(name: graph.valueNames[id], fact: fact, origin: origin))
    return values.count - 1
  }

  /// The value in the wanted layout, reordered if it exists only in the other.
  private mutating func value(_ id: ValueID, _ layout: Layout) throws -> PlanValueID {
    if let known = layout == .planar ? planar[id] : blocked[id] { return known }
    if let tensor = graph.constants[id], planar[id] == nil {
      planar[id] = add(id, Fact(tensor.type, tensor.shape), .constant(tensor))
      if layout == .planar { return try value(id, layout) }
    }
    guard let source = layout == .planar ? blocked[id] : planar[id], let fact = values[source].fact else {
      throw InferenceError(.malformedModel, "nothing produces '\(graph.valueNames[id])'")
    }
    let wanted = fact.laid(layout)
    let target = add(id, wanted, .arena)
    steps.append(
      PlanStep(
        node: ReorderKernels.node, work: .kernel(ReorderKernels.compile(from: fact, to: wanted)),
        inputs: [source], outputs: [target]))
    if layout == .planar { planar[id] = target } else { blocked[id] = target }
    return target
  }

  /// The fact of a value as it comes now: blocked if it exists so.
  private func currentFact(_ id: ValueID) -> Fact? {
    if let plan = blocked[id] { return values[plan].fact }
    if let tensor = graph.constants[id] { return Fact(tensor.type, tensor.shape) }
    return planar[id].flatMap { values[$0].fact }
  }

  private mutating func lower(_ node: Graph.Node) throws {
    let compile = node.bodies.isEmpty ? node.operation.kernel : nil
    let outputFacts = node.outputs.compactMap { id -> Fact? in
      guard let id else { return node.operation.traits.allowsOmittedOutputs ? Fact(.float32, [0]) : nil }
      return facts[id]
    }
    let inputFacts = node.inputs.map { $0.flatMap(currentFact) }
    let isKnown =
      outputFacts.count == node.outputs.count
      && zip(node.inputs, inputFacts).allSatisfy { $0 == nil || $1 != nil }
    var reason = isKnown ? "the operator has no kernel" : "shapes are known only at run time"
    if case .region = node.operation.traits.late { reason = "compiled during the run, for each shape that it meets" }
    if isKnown, let compile {
      let request = CompileRequest(
        node: node, inputs: inputFacts, constants: node.inputs.map { $0.flatMap { graph.constants[$0] } },
        outputs: outputFacts, readers: (node.outputs.first ?? nil).flatMap { readers[$0] } ?? [], options: options,
        weights: weights)
      // A node with more inputs or outputs than its operator has, or with operands of a shape that the kernel cannot
      // take, is left to the reference tier.
      if let compilation = try compile(request), compilation.covers(node), canLay(compilation, inputFacts) {
        return try add(compilation, node, outputFacts)
      }
      let types = inputFacts.compactMap { $0?.type.name }
      reason =
        "no kernel for this form: \(types.isEmpty ? "no inputs" : types.joined(separator: ", ")), or its attributes"
    }
    try interpret(node, reason)
  }

  /// Whether every input can come in the layout that the kernel wants.
  private func canLay(_ compilation: Compilation, _ inputs: [Fact?]) -> Bool {
    switch compilation {
    case .kernel(let compiled):
      inputs.enumerated().allSatisfy { index, fact in
        guard let fact, compiled.reads[index], compiled.inputLayouts[index] == .blocked else { return true }
        return fact.canBeBlocked
      }
    case .views(_, let layout): layout == .planar || inputs.first??.canBeBlocked ?? false
    }
  }

  private mutating func add(_ compilation: Compilation, _ node: Graph.Node, _ outputFacts: [Fact]) throws {
    switch compilation {
    case .kernel(let compiled):
      var inputs: [PlanValueID?] = []
      for (index, id) in node.inputs.enumerated() {
        guard let id, compiled.reads[index] else {
          inputs.append(nil)
          continue
        }
        inputs.append(try value(id, compiled.inputLayouts[index]))
      }
      var outputs: [PlanValueID?] = []
      for (index, id) in node.outputs.enumerated() {
        outputs.append(id.map { define($0, outputFacts[index], compiled.outputLayouts[index], .arena) })
      }
      steps.append(PlanStep(node: node, work: .kernel(compiled), inputs: inputs, outputs: outputs))
    case .views(let offsets, let layout):
      guard let id = node.inputs.first ?? nil else { return try interpret(node, "input 0 is left out") }
      let source = try value(id, layout)
      for (index, id) in node.outputs.enumerated() {
        guard let id else { continue }
        _ = define(id, outputFacts[index], layout, .view(of: source, byteOffset: offsets[index]))
      }
    }
  }

  private mutating func define(
    _ id: ValueID, _ fact: Fact, _ layout: Layout, _ origin: PlanValue.Origin
  ) -> PlanValueID {
    let plan = add(id, fact.laid(layout), origin)
    if layout == .planar { planar[id] = plan } else { blocked[id] = plan }
    return plan
  }

  private mutating func interpret(_ node: Graph.Node, _ reason: String) throws {
    var inputs: [PlanValueID?] = []
    for id in node.inputs { inputs.append(try id.map { try value($0, .planar) }) }
    var captured: [(value: ValueID, plan: PlanValueID)] = []
    for id in node.captured { captured.append((value: id, plan: try value(id, .planar))) }
    let outputs = node.outputs.map { id -> PlanValueID? in
      guard let id else { return nil }
      let plan = add(id, facts[id], .held)
      planar[id] = plan
      return plan
    }
    steps.append(
      PlanStep(node: node, work: .interpreted(reason: reason), inputs: inputs, outputs: outputs, captured: captured))
  }
}

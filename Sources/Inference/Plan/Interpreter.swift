import Ground

/// Runs graphs node by node on the operators' reference tier, dropping each value after its last use.
///
/// Any number of runs may be in progress at once: each has its own values.
package final class Interpreter: Sendable {
  /// A graph with what every run of it needs.
  package struct Prepared: Sendable {
    package let graph: Graph
    /// The values before the first node: constants in their places.
    let initial: [Value?]
    /// For each node, the values that nothing after it reads.
    let releases: [[ValueID]]
  }

  package let graphs: [Prepared]

  /// What the tensors of all runs may take.
  let budget: NetworkBudget

  /// - Parameter budget: shared with the graph that this one is a part of.
  package init(_ set: GraphSet, budget: NetworkBudget = NetworkBudget()) {
    graphs = set.graphs.map(Prepared.init)
    self.budget = budget
  }

  /// Runs the main graph. Inputs in the graph's order.
  ///
  /// - Parameter observe: called after each node with its outputs and the nanoseconds it took.
  package func run(_ inputs: [Value?], observe: Observer? = nil) throws -> [Value] {
    let run = RunState(interpreter: self, observe: observe)
    return try NetworkBudget.$current.withValue(budget) {
      try execute(GraphSet.main, inputs, surrounding: nil, run)
    }
  }

  /// Evaluates one node of the main graph on given inputs.
  ///
  /// - Parameter captured: the values of the main graph that the node's bodies read.
  package func evaluate(_ node: Graph.Node, _ inputs: [Value?], captured: [ValueID: Value]) throws -> [Value] {
    let frame = Frame(captured: captured)
    let run = RunState(interpreter: self, observe: nil)
    return try NetworkBudget.$current.withValue(budget) {
      try node.evaluator.evaluate(inputs, NodeContext(outputCount: node.outputs.count, frame: frame, run: run))
    }
  }

  package typealias Observer = (_ node: Graph.Node, _ outputs: [Value], _ nanoseconds: Int64) -> Void

  fileprivate func execute(_ index: Int, _ inputs: [Value?], surrounding: Frame?, _ run: RunState) throws -> [Value] {
    let prepared = graphs[index]
    let graph = prepared.graph
    let frame = Frame(prepared.initial)
    guard inputs.count == graph.inputs.count else {
      throw InferenceError(.badInput, "\(inputs.count) values for \(graph.inputs.count) inputs")
    }
    for (id, value) in zip(graph.inputs, inputs) { frame[id] = value }
    for capture in graph.captures { frame[capture.inner] = surrounding?[capture.outer] }
    for (index, node) in graph.nodes.enumerated() {
      try budget.checkTime()
      try execute(node, frame, run, observe: surrounding == nil ? run.observe : nil)
      for id in prepared.releases[index] { frame[id] = nil }
    }
    return try graph.outputs.map { id in
      guard let value = frame[id] else {
        throw InferenceError(.malformedModel, "the output '\(graph.valueNames[id])' was not computed")
      }
      return value
    }
  }

  private func execute(_ node: Graph.Node, _ frame: Frame, _ run: RunState, observe: Observer?) throws {
    do {
      let inputs = node.inputs.map { id in id.flatMap { frame[$0] } }
      let context = NodeContext(outputCount: node.outputs.count, frame: frame, run: run)
      let start = MonotonicTime.now
      let outputs = try node.evaluator.evaluate(inputs, context)
      observe?(node, outputs, MonotonicTime.now.nanoseconds(since: start))
      for (id, value) in zip(node.outputs, outputs) { if let id { frame[id] = value } }
    } catch let error as InferenceError {
      throw error.at(node.label)
    }
  }
}

extension Interpreter.Prepared {
  init(_ graph: Graph) {
    self.graph = graph
    var initial = [Value?](repeating: nil, count: graph.valueNames.count)
    for (id, tensor) in graph.constants { initial[id] = .tensor(tensor) }
    self.initial = initial

    var lastUse = [Int](repeating: -1, count: graph.valueNames.count)
    for (index, node) in graph.nodes.enumerated() {
      for id in node.dependencies { lastUse[id] = index }
      for case let id? in node.outputs where lastUse[id] < 0 { lastUse[id] = index }
    }
    for id in graph.outputs { lastUse[id] = -1 }
    var releases = [[ValueID]](repeating: [], count: graph.nodes.count)
    for (id, index) in lastUse.enumerated() where index >= 0 { releases[index].append(id) }
    self.releases = releases
  }
}

/// The values of one graph during one run of it; owned by the thread that runs it.
private final class Frame {
  private var values: [Value?]
  /// What the bodies of one node read, where the node is evaluated alone.
  private let captured: [ValueID: Value]

  init(_ values: [Value?]) {
    self.values = values
    captured = [:]
  }

  init(captured: [ValueID: Value]) {
    values = []
    self.captured = captured
  }

  subscript(id: ValueID) -> Value? {
    get { id < values.count ? values[id] : captured[id] }
    set { values[id] = newValue }
  }
}

/// What all frames of one run share.
private final class RunState {
  let interpreter: Interpreter
  let observe: Interpreter.Observer?
  /// Runs of bodies so far. A hostile loop may ask for 2^63 turns; real ones take some thousands.
  var bodyRuns = 0
  static let bodyRunLimit = 1 << 17

  init(interpreter: Interpreter, observe: Interpreter.Observer?) {
    self.interpreter = interpreter
    self.observe = observe
  }
}

/// What a node sees of its run. `@unchecked Sendable`: used only by the thread that evaluates the node.
private final class NodeContext: EvaluationContext, @unchecked Sendable {
  let outputCount: Int
  private let frame: Frame
  private let run: RunState

  init(outputCount: Int, frame: Frame, run: RunState) {
    self.outputCount = outputCount
    self.frame = frame
    self.run = run
  }

  func run(_ body: Subgraph, _ inputs: [Value?]) throws -> [Value] {
    run.bodyRuns += 1
    guard run.bodyRuns <= RunState.bodyRunLimit else {
      throw InferenceError(.unsupportedFeature, "the loop runs more than \(RunState.bodyRunLimit) times")
    }
    return try run.interpreter.execute(body.index, inputs, surrounding: frame, run)
  }
}

import Ground

/// A network on our own kernels: plans for the input shapes it meets, and the reference tier behind them.
///
/// Created on any thread (loading may take a second); ``run(_:)`` is called by one thread at a time.
package final class OcellusNetwork: PreparedNetwork, @unchecked Sendable {
  package var inputs: [NetworkPort] { ports.inputs }
  package var outputs: [NetworkPort] { ports.outputs }
  package var metadata: [String: String] { ports.metadata }
  package var producer: String { ports.producer }
  package let loadMilliseconds: Double
  package let engine = EngineChoice(name: OcellusEngine.name)
  package var runsOn: String { OcellusEngine.runsOn }

  private let path: String
  private let ports: Ports
  let interpreter: Interpreter
  let planner: Planner?
  private let budget: NetworkBudget
  private let source: ModelFile

  /// Reads, checks, optimises and prepares an ONNX file.
  ///
  /// - Throws: ``InferenceError``, its place the file (and node).
  package init(path: String, options: NetworkOptions = NetworkOptions()) throws {
    let start = MonotonicTime.now
    if let problem = EngineFacts.blasProblem {
      throw InferenceError(
        .engineUnavailable, "OpenBLAS cannot be loaded: \(problem)", place: path, remedy: "install libopenblas0")
    }
    let budget = NetworkBudget(limits: options.limits)
    self.path = path
    self.budget = budget
    (interpreter, planner, source, ports) = try budget.spendCounting {
      let model = try ONNXModel(path: path)
      do {
        let interpreter = Interpreter(model.graphs, budget: budget)
        let planner =
          options.optimize
          ? Planner(
            interpreter, inputTypes: model.inputs.map(\.type), outputTypes: model.outputTypes, options: options) : nil
        if let facts = try OcellusNetwork.fixedFacts(model.inputs, budget) { try planner?.prepare(facts) }
        if let problem = model.file.problem { throw problem }
        return (interpreter, planner, model.file, Ports(model))
      } catch let error as InferenceError {
        throw error.at(path)
      }
    }
    loadMilliseconds = MonotonicTime.now.milliseconds(since: start)
  }

  /// What the file says of the network, without its graphs.
  private struct Ports {
    let inputs: [NetworkPort]
    let outputs: [NetworkPort]
    let metadata: [String: String]
    let producer: String

    init(_ model: ONNXModel) {
      (inputs, outputs, metadata, producer) = (model.inputs, model.outputs, model.metadata, model.producer)
    }
  }

  /// The inputs' facts, when the file fixes every shape.
  ///
  /// - Throws: ``InferenceError`` when they could never be given.
  private static func fixedFacts(_ ports: [NetworkPort], _ budget: NetworkBudget) throws -> [Fact]? {
    var total = 0
    let facts = try ports.compactMap { port -> Fact? in
      guard port.isTensor, let shape = port.shape else { return nil }
      let extents = shape.compactMap { $0 }
      guard extents.count == shape.count else { return nil }
      do {
        total += try Tensor.checkedByteCount(port.type, extents)
        try budget.check(total)
      } catch let error as InferenceError {
        throw error.at("input '\(port.name)'")
      }
      return Fact(port.type, extents)
    }
    return facts.count == ports.count ? facts : nil
  }

  /// Runs `body` under the network's budget, on inputs of `inputBytes` bytes.
  func counted<Result>(inputBytes: Int, _ body: () throws -> Result) throws -> Result {
    do {
      return try budget.spend(inputBytes: inputBytes) {
        try budget.reserve(inputBytes)
        defer { budget.give(inputBytes) }
        let result = try body()
        if let problem = source.problem { throw problem }
        return result
      }
    } catch let error as InferenceError {
      throw error.at(path)
    }
  }

  /// Runs the network once: one tensor per input, one per output, in the graph's order.
  ///
  /// The returned tensors' memory belongs to the network and is overwritten by the next run: copy what is kept.
  /// - Throws: ``InferenceError`` when an input does not fit its port, or an operator fails.
  package func run(_ inputs: [Tensor]) throws -> [Tensor] {
    try counted(inputBytes: inputs.reduce(0) { $0 + $1.byteCount }) {
      try check(inputs)
      if let plan = try planner?.plan(for: inputs), try run(plan, inputs) { return try plan.outputTensors() }
      let results = try interpreter.run(inputs.map { .tensor($0) })
      return try zip(results, outputs).map { try $0.tensor("output '\($1.name)'") }
    }
  }

  /// Runs the network on tensors, sequences and optionals alike; an absent optional input is nil.
  package func run(values: [Value?]) throws -> [Value] {
    let tensors = values.compactMap { value -> Tensor? in
      guard case .tensor(let tensor) = value else { return nil }
      return tensor
    }
    return try counted(inputBytes: tensors.reduce(0) { $0 + $1.byteCount }) {
      try check(values)
      if tensors.count == values.count, let plan = try planner?.plan(for: tensors), try run(plan, tensors) {
        return try plan.outputValues()
      }
      return try interpreter.run(values)
    }
  }

  /// False when the plan did not foresee a shape; it is then given up.
  private func run(_ plan: ExecutionPlan, _ inputs: [Tensor]) throws -> Bool {
    do {
      try plan.run(inputs)
      return true
    } catch let mismatch as PlanMismatch {
      planner?.abandon(plan, mismatch)
      return false
    }
  }

  func check(_ tensors: [Tensor]) throws {
    guard tensors.count == inputs.count else { throw countMismatch(tensors.count) }
    for index in tensors.indices where inputs[index].isTensor { try check(tensors[index], inputs[index]) }
  }

  private func check(_ values: [Value?]) throws {
    guard values.count == inputs.count else { throw countMismatch(values.count) }
    for (value, port) in zip(values, inputs) where port.isTensor {
      guard let tensor = try value?.tensor("input '\(port.name)'") else {
        throw InferenceError(.badInput, "input '\(port.name)' is missing")
      }
      try check(tensor, port)
    }
  }

  private func countMismatch(_ count: Int) -> InferenceError {
    InferenceError(.badInput, "the network takes \(inputs.count) inputs, not \(count)")
  }

  private func check(_ tensor: Tensor, _ port: NetworkPort) throws {
    guard tensor.type == port.type else {
      throw InferenceError(.badInput, "input '\(port.name)' must be \(port.type.name), not \(tensor.type.name)")
    }
    guard let shape = port.shape else { return }
    var fits = shape.count == tensor.shape.count
    for axis in shape.indices where fits { fits = shape[axis] == nil || shape[axis] == tensor.shape[axis] }
    if fits { return }
    func words(_ extents: [Int?]) -> String {
      extents.isEmpty ? "a scalar" : extents.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
    }
    throw InferenceError(.badInput, "input '\(port.name)' must be \(words(shape)), not \(words(tensor.shape))")
  }
}

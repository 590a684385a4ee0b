import Ground

/// A network on our own kernels: plans for the input shapes it meets, and the reference tier behind them.
///
/// Created on any thread (loading may take a second); ``run(_:)`` is called by one thread at a time.
package final class OcellusNetwork: PreparedNetwork, @unchecked Sendable {
  package let inputs: [NetworkPort]
  package let outputs: [NetworkPort]
  package let metadata: [String: String]
  package let producer: String
  package let loadMilliseconds: Double
  package let engine = EngineChoice(name: OcellusEngine.name)
  package var runsOn: String { OcellusEngine.runsOn }

  private let path: String
  let interpreter: Interpreter
  let planner: Planner?

  /// Reads, checks, optimises and prepares an ONNX file.
  ///
  /// - Throws: ``InferenceError``, its place the file (and node).
  package init(path: String, options: NetworkOptions = NetworkOptions()) throws {
    let start = MonotonicTime.now
    let model = try ONNXModel(path: path)
    self.path = path
    inputs = model.inputs
    outputs = model.outputs
    metadata = model.metadata
    producer = model.producer
    interpreter = Interpreter(model.graphs, modelBytes: model.byteCount)
    planner =
      options.optimize
      ? Planner(
        interpreter, inputTypes: model.inputs.map(\.type), outputTypes: model.outputTypes, options: options) : nil
    if let facts = OcellusNetwork.fixedFacts(inputs) { planner?.prepare(facts) }
    loadMilliseconds = MonotonicTime.now.milliseconds(since: start)
  }

  /// The inputs' facts, when the file fixes every shape.
  private static func fixedFacts(_ ports: [NetworkPort]) -> [Fact]? {
    let facts = ports.compactMap { port -> Fact? in
      guard port.isTensor, let shape = port.shape else { return nil }
      let extents = shape.compactMap { $0 }
      return extents.count == shape.count ? Fact(port.type, extents) : nil
    }
    return facts.count == ports.count ? facts : nil
  }

  /// Runs the network once: one tensor per input, one per output, in the graph's order.
  ///
  /// The returned tensors' memory belongs to the network and is overwritten by the next run: copy what is kept.
  /// - Throws: ``InferenceError`` when an input does not fit its port, or an operator fails.
  package func run(_ inputs: [Tensor]) throws -> [Tensor] {
    do {
      try check(inputs)
      if let plan = planner?.plan(for: inputs), try run(plan, inputs) { return try plan.outputTensors() }
      let results = try interpreter.run(inputs.map { .tensor($0) })
      return try zip(results, outputs).map { try $0.tensor("output '\($1.name)'") }
    } catch let error as InferenceError {
      throw error.at(path)
    }
  }

  /// Runs the network on tensors, sequences and optionals alike; an absent optional input is nil.
  package func run(values: [Value?]) throws -> [Value] {
    do {
      try check(values)
      let tensors = values.compactMap { try? $0?.tensor() }
      if tensors.count == values.count, let plan = planner?.plan(for: tensors), try run(plan, tensors) {
        return try plan.outputValues()
      }
      return try interpreter.run(values)
    } catch let error as InferenceError {
      throw error.at(path)
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

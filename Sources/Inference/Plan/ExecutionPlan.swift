import Ground

/// A network prepared for fixed input shapes: steps bound to addresses in one arena.
///
/// Used by one run at a time. A run of kernels alone allocates nothing.
final class ExecutionPlan: @unchecked Sendable {
  /// A step with its addresses.
  private struct BoundStep {
    let step: PlanStep
    let kernel: (any Kernel)?
    let call: KernelCall
    /// Held values that nothing after this step reads.
    let releases: [PlanValueID]
  }

  /// A pointer of a step that depends on the run: where it is, and what must stand there.
  private struct Patch {
    let slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    let byteOffset: Int
  }

  /// How often each graph pass fired: for tests.
  let fired: [String: Int]
  private let interpreter: Interpreter
  private let values: [PlanValue]
  private let roots: [MemoryPlan.Root]
  private let arena: TensorStorage
  private let pointers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>
  private var steps: [BoundStep] = []
  /// By root value (a graph input or a held value): the pointers to fill when it is known.
  private var patches: [[Patch]]
  /// Tensors over arena values and constants; nil for values that each run makes.
  private var fixed: [Tensor?]
  private var held: [Value?]
  private var inputs: [Tensor] = []
  private let outputs: [PlanValueID]
  /// The outputs, when none of them changes its address from run to run.
  private var fixedOutputs: [Tensor]?

  /// Bytes that the values of a run take together.
  var arenaBytes: Int { arena.bytes.count }

  /// The steps, by operator type, and whether each runs compiled.
  var stepKinds: [(operatorType: String, isCompiled: Bool)] {
    steps.map { ($0.step.node.operatorType, $0.kernel != nil) }
  }

  /// Which nodes run on the reference tier.
  var report: ExecutionReport {
    let fallbacks = steps.compactMap { bound -> ExecutionReport.Fallback? in
      guard case .interpreted(let reason) = bound.step.work else { return nil }
      let node = bound.step.node
      return ExecutionReport.Fallback(name: node.name, operatorType: node.operatorType, reason: reason)
    }
    return ExecutionReport(fallbacks: fallbacks, operatorCount: steps.count)
  }

  init(_ lowering: Lowering, fired: [String: Int], interpreter: Interpreter, threads: Int) throws {
    self.fired = fired
    self.interpreter = interpreter
    values = lowering.values
    outputs = lowering.outputs
    let memory = try MemoryPlan(values: values, steps: lowering.steps, outputs: outputs)
    roots = memory.roots
    arena = try TensorStorage(byteCount: memory.byteCount)
    let slots = lowering.steps.reduce(0) { $0 + $1.inputs.count + $1.outputs.count + 1 }
    pointers = .allocate(capacity: slots)
    pointers.initialize(repeating: nil)
    patches = [[Patch]](repeating: [], count: values.count)
    fixed = [Tensor?](repeating: nil, count: values.count)
    held = [Value?](repeating: nil, count: values.count)
    makeFixedTensors(memory)
    bind(lowering.steps, memory, threads: threads)
    let tensors = outputs.compactMap { fixed[$0] }
    fixedOutputs = tensors.count == outputs.count ? tensors : nil
  }

  deinit { pointers.deallocate() }

  // MARK: binding

  private func makeFixedTensors(_ memory: MemoryPlan) {
    for (id, value) in values.enumerated() {
      let root = roots[id]
      guard let fact = value.fact else { continue }
      switch values[root.id].origin {
      case .arena:
        guard let offset = memory.offsets[root.id] else { continue }
        fixed[id] = Tensor(
          type: fact.type, shape: fact.shape, storage: arena, byteOffset: offset + root.byteOffset)
      case .constant(let tensor):
        fixed[id] = Tensor(
          type: fact.type, shape: fact.shape, storage: tensor.storage, byteOffset: tensor.byteOffset + root.byteOffset,
          strings: tensor.strings)
      case .input, .held, .view: continue
      }
    }
  }

  private func bind(_ steps: [PlanStep], _ memory: MemoryPlan, threads: Int) {
    let releases = heldReleases(steps)
    var next = pointers.baseAddress.unsafelyUnwrapped
    for (index, step) in steps.enumerated() {
      let start = next
      for id in step.inputs + step.outputs {
        if let id { bind(id, to: next) }
        next += 1
      }
      if let offset = memory.scratchOffsets[index] {
        next.pointee = arena.bytes.baseAddress.unsafelyUnwrapped + offset
      }
      next += 1
      var kernel: (any Kernel)?
      if case .kernel(let compiled) = step.work { kernel = compiled.kernel }
      self.steps.append(
        BoundStep(
          step: step, kernel: kernel,
          call: KernelCall(start, inputs: step.inputs.count, outputs: step.outputs.count, threads: threads),
          releases: releases[index]))
    }
  }

  private func bind(_ id: PlanValueID, to slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    if let tensor = fixed[id] {
      slot.pointee = tensor.base
    } else {
      let root = roots[id]
      patches[root.id].append(Patch(slot: slot, byteOffset: root.byteOffset))
    }
  }

  private func heldReleases(_ steps: [PlanStep]) -> [[PlanValueID]] {
    var lastUse = [Int?](repeating: nil, count: values.count)
    for (index, step) in steps.enumerated() {
      for id in step.reads + step.outputs.compactMap({ $0 }) { lastUse[roots[id].id] = index }
    }
    for id in outputs { lastUse[roots[id].id] = nil }
    var releases = [[PlanValueID]](repeating: [], count: steps.count)
    for (id, step) in lastUse.enumerated() {
      if let step, case .held = values[id].origin { releases[step].append(id) }
    }
    return releases
  }

  // MARK: running

  /// Runs the steps on tensors of the shapes that the plan was made for.
  ///
  /// - Parameter observe: called after each step with the nanoseconds it took.
  func run(_ tensors: [Tensor], observe: Observer? = nil) throws {
    inputs = tensors
    for (id, value) in values.enumerated() {
      guard case .input(let index) = value.origin else { continue }
      patch(id, tensors[index].base)
    }
    for index in steps.indices {
      let start = observe == nil ? nil : MonotonicTime.now
      do {
        if let kernel = steps[index].kernel { try kernel.run(steps[index].call) } else { try interpret(steps[index]) }
      } catch let error as InferenceError {
        throw error.at(steps[index].step.node.label)
      }
      if let observe, let start {
        observe(steps[index].step, self, MonotonicTime.now.nanoseconds(since: start))
      }
      for id in steps[index].releases { held[id] = nil }
      try interpreter.budget.checkTime()
    }
  }

  typealias Observer = (_ step: PlanStep, _ plan: ExecutionPlan, _ nanoseconds: Int64) -> Void

  /// The outputs of the last run, as tensors over the plan's memory.
  func outputTensors() throws -> [Tensor] {
    if let fixedOutputs { return fixedOutputs }
    return try outputs.map { try currentValue($0).tensor("output '\(values[$0].name)'") }
  }

  func outputValues() throws -> [Value] { try outputs.map(currentValue) }

  /// Lets go of what the last run held.
  func releaseInputs() {
    inputs.removeAll(keepingCapacity: true)
    for id in held.indices where held[id] != nil { held[id] = nil }
  }

  /// Type and shape of a value, as far as they are known: for profiles.
  func fact(_ id: PlanValueID) -> Fact? {
    if let fact = values[id].fact { return fact }
    if case .tensor(let tensor)? = held[id] { return Fact(tensor.type, tensor.shape) }
    return nil
  }

  private func patch(_ root: PlanValueID, _ base: UnsafeMutableRawPointer) {
    for patch in patches[root] { patch.slot.pointee = base + patch.byteOffset }
  }

  private func currentValue(_ id: PlanValueID) throws -> Value {
    if let tensor = fixed[id] { return .tensor(tensor) }
    let root = roots[id]
    switch values[root.id].origin {
    case .input(let index): return .tensor(view(id, of: inputs[index], root.byteOffset))
    case .held:
      guard let value = held[root.id] else { throw InferenceError(.malformedModel, "'\(values[id].name)' is missing") }
      guard root.id != id, case .tensor(let tensor) = value else { return value }
      return .tensor(view(id, of: tensor, root.byteOffset))
    case .arena, .constant, .view: throw InferenceError(.malformedModel, "'\(values[id].name)' is missing")
    }
  }

  private func view(_ id: PlanValueID, of tensor: Tensor, _ byteOffset: Int) -> Tensor {
    guard let fact = values[id].fact, fact.shape != tensor.shape || byteOffset != 0 else { return tensor }
    return Tensor(
      type: fact.type, shape: fact.shape, storage: tensor.storage, byteOffset: tensor.byteOffset + byteOffset)
  }

  /// The value in memory that lasts: an operator may hand on its input as it is, whose place in the arena is given to
  /// others after the input's last use.
  private func settled(_ value: Value) throws -> Value {
    switch value {
    case .tensor(let tensor): tensor.storage === arena ? .tensor(try tensor.copied()) : value
    case .sequence(let members): .sequence(try members.map(settled))
    case .optional(let content): .optional(try content.map(settled))
    }
  }

  private func interpret(_ bound: BoundStep) throws {
    let step = bound.step
    let arguments = try step.inputs.map { try $0.map(currentValue) }
    var captured: [ValueID: Value] = [:]
    for (value, plan) in step.captured { captured[value] = try currentValue(plan) }
    let results = try interpreter.evaluate(step.node, arguments, captured: captured)
    for (id, result) in zip(step.outputs, results) {
      guard let id else { continue }
      let value = try settled(result)
      held[id] = value
      guard case .tensor(let tensor) = value else {
        if values[id].fact != nil { throw PlanMismatch(step.node, "'\(values[id].name)' is not a tensor") }
        continue
      }
      if let fact = values[id].fact, fact.type != tensor.type || fact.shape != tensor.shape {
        throw PlanMismatch(
          step.node,
          "'\(values[id].name)' is \(tensor.type.name) \(tensor.shape), expected \(fact.type.name) \(fact.shape)")
      }
      patch(id, tensor.base)
    }
  }
}

/// A value has another kind, type or shape than the plan foresaw; the network then runs on the reference tier instead.
struct PlanMismatch: Error, CustomStringConvertible {
  let description: String

  init(_ node: Graph.Node, _ what: String) { description = "\(node.label): \(what)" }
}

import Ground

/// Makes and keeps plans for a network's input shapes.
///
/// Up to three are kept, the least recently used goes first: cameras change their format rarely, and a network that is
/// fed ever new shapes must not grow.
final class Planner {
  private struct Entry {
    let inputs: [Fact]
    /// nil when no plan can be made for these shapes: the reference tier then runs them.
    var plan: ExecutionPlan?
    /// Why there is no plan.
    var failure: String?
    var lastUse: Int
  }

  static let capacity = 3
  private var entries: [Entry] = []
  private var clock = 0
  private let graph: Graph
  private let interpreter: Interpreter
  private let options: NetworkOptions
  private let weights: WeightCache
  /// Whether this plans a part of a graph that is compiled late: such parts hold no further ones.
  private let isLate: Bool
  /// Why the graph could not be prepared as it should; it then runs as it is.
  private var preparationProblem: String?

  init(_ interpreter: Interpreter, graph: Graph, options: NetworkOptions, weights: WeightCache, isLate: Bool) {
    self.interpreter = interpreter
    self.graph = graph
    self.options = options
    self.weights = weights
    self.isLate = isLate
  }

  /// - Parameters:
  ///   - inputTypes: the types of the graph's inputs.
  ///   - outputTypes: the types that the file declares for its outputs; nil where it leaves one open.
  convenience init(
    _ interpreter: Interpreter, inputTypes: [ElementType], outputTypes: [ElementType?], options: NetworkOptions
  ) {
    let graph = interpreter.graphs[GraphSet.main].graph
    var wide: Graph?
    var problem: String?
    if !options.exact {
      do {
        wide = try HalfWidening.widened(graph, inputTypes: inputTypes, outputTypes: outputTypes)
      } catch {
        problem = "half floats are not widened: \(error)"
      }
    }
    self.init(interpreter, graph: wide ?? graph, options: options, weights: WeightCache(), isLate: false)
    preparationProblem = problem
  }

  /// How many plans are held.
  var planCount: Int { entries.count }

  /// The plan that was used or made last.
  var latestPlan: ExecutionPlan? { entries.max { $0.lastUse < $1.lastUse }?.plan }

  /// What became of the shapes that were used last.
  var latestReport: ExecutionReport {
    guard let latest = entries.max(by: { $0.lastUse < $1.lastUse }) else { return ExecutionReport() }
    var report = latest.plan?.report ?? ExecutionReport(failure: latest.failure)
    report.notes = preparationProblem.map { [$0] } ?? []
    return report
  }

  /// The plan for tensors of these types and shapes, made if it is the first time.
  ///
  /// - Throws: as ``prepare(_:)``.
  func plan(for tensors: [Tensor]) throws -> ExecutionPlan? {
    clock += 1
    for index in entries.indices where Planner.fits(entries[index].inputs, tensors) {
      entries[index].lastUse = clock
      return entries[index].plan
    }
    return try prepare(tensors.map { Fact($0.type, $0.shape) })
  }

  /// Makes the plan for these input facts ahead of the first run.
  ///
  /// - Throws: ``InferenceError`` of kind `.overLimit` when the time for it is over.
  @discardableResult func prepare(_ inputs: [Fact]) throws -> ExecutionPlan? {
    if entries.count == Planner.capacity,
      let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse })
    {
      entries.remove(at: oldest)
    }
    // A graph that cannot be planned still runs on the reference tier, which also gives its errors in full.
    var entry = Entry(inputs: inputs, lastUse: clock)
    do {
      entry.plan = try NetworkBudget.$current.withValue(interpreter.budget) { try planMakingRoom(inputs) }
    } catch { entry.failure = "no plan for these shapes: \(error)" }
    try interpreter.budget.checkTime()
    entries.append(entry)
    return entry.plan
  }

  /// A plan; where the network's memory does not hold it beside the others, they go.
  private func planMakingRoom(_ inputs: [Fact]) throws -> ExecutionPlan {
    do { return try makePlan(inputs) } catch let error as InferenceError {
      guard error.kind == .overLimit, entries.contains(where: { $0.plan != nil }) else { throw error }
      entries.removeAll()
      return try makePlan(inputs)
    }
  }

  /// Gives up the plan that met an unforeseen shape.
  func abandon(_ plan: ExecutionPlan, _ mismatch: PlanMismatch) {
    for index in entries.indices where entries[index].plan === plan {
      entries[index].plan = nil
      entries[index].failure = "the plan was given up: \(mismatch)"
    }
  }

  private static func fits(_ facts: [Fact], _ tensors: [Tensor]) -> Bool {
    guard facts.count == tensors.count else { return false }
    for index in facts.indices {
      if facts[index].type != tensors[index].type || facts[index].shape != tensors[index].shape { return false }
    }
    return true
  }

  private func makePlan(_ inputs: [Fact]) throws -> ExecutionPlan {
    let specialized = try Specializer(graph, inputs: inputs, interpreter: interpreter)
    let known =
      isLate
      ? specialized.graph
      : LateCompilation.group(specialized.graph, facts: specialized.facts) {
        LateRegion($0, budget: interpreter.budget, options: options, weights: weights)
      }
    var rewritten = try Rewrites.apply(to: known, facts: specialized.facts, exact: options.exact)
    // The lowering alone holds the graph now, and releases each weight once it is packed.
    let graph = rewritten.graph
    rewritten.graph = Graph()
    let lowering = try Lowering(graph, facts: rewritten.facts, options: options, weights: weights)
    return try ExecutionPlan(
      lowering, fired: rewritten.fired, interpreter: interpreter, threads: options.threads)
  }
}

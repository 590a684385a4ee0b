import Ground

extension OcellusNetwork {
  /// Runs the network once and times each operator, in order of execution.
  ///
  /// - Throws: what ``run(_:)`` throws.
  package func profile(_ inputs: [Tensor]) throws -> [OperatorTiming] {
    try counted(inputBytes: inputs.reduce(0) { $0 + $1.byteCount }) { try timed(inputs) }
  }

  private func timed(_ inputs: [Tensor]) throws -> [OperatorTiming] {
    try check(inputs)
    var timings: [OperatorTiming] = []
    if let plan = try planner?.plan(for: inputs) {
      try plan.run(inputs) { step, plan, nanoseconds in
        var isCompiled = false
        if case .kernel = step.work { isCompiled = true }
        timings.append(
          OperatorTiming(
            name: step.node.name, operatorType: step.node.operatorType,
            inputShapes: step.inputs.map { $0.flatMap(plan.fact)?.shape },
            outputShapes: step.outputs.map { $0.flatMap(plan.fact)?.shape }, milliseconds: Double(nanoseconds) / 1e6,
            isCompiled: isCompiled))
      }
      return timings
    }
    _ = try interpreter.run(inputs.map { .tensor($0) }) { node, outputs, nanoseconds in
      timings.append(
        OperatorTiming(
          name: node.name, operatorType: node.operatorType, inputShapes: [],
          outputShapes: outputs.map { try? $0.tensor().shape }, milliseconds: Double(nanoseconds) / 1e6,
          isCompiled: false))
    }
    return timings
  }

  /// How often each graph pass fired in the most recent plan, by the pass's name: for tests.
  package var rewritesFired: [String: Int] { planner?.latestPlan?.fired ?? [:] }
  /// The steps of the most recent plan, by operator type, and whether each runs compiled: for tests.
  package var plannedSteps: [(operatorType: String, isCompiled: Bool)] { planner?.latestPlan?.stepKinds ?? [] }
  /// Why the most recent run was not planned, and which nodes of its plan have no kernel.
  package var execution: ExecutionReport { planner?.latestReport ?? ExecutionReport(failure: OcellusNetwork.unplanned) }
  private static let unplanned = "graph passes and kernels are turned off"
  /// Bytes of the most recent plan's arena.
  package var arenaBytes: Int { planner?.latestPlan?.arenaBytes ?? 0 }
  /// How many plans are held.
  package var planCount: Int { planner?.planCount ?? 0 }
}

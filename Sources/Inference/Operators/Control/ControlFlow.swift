import Ground

/// If, Loop and Scan: operators that run bodies.
enum ControlFlowOperators {
  static let definitions: [OperatorDefinition] = [
    .values("If") { attributes in
      let (yes, no) = (try attributes.graph("then_branch"), try attributes.graph("else_branch"))
      return { x in try x.context.run(try x.tensor(0).scalarBool() ? yes : no, []) }
    }
    .shapedByRun(),
    .values("Loop") { attributes in
      let body = try attributes.graph("body")
      return { x in try loop(body, x) }
    }
    .shapedByRun(),
    .values("Scan", since: 8) { attributes in
      let scan = try Scan(
        attributes, directions: "directions", inputAxes: nil, outputDirections: nil, outputAxes: nil)
      return { x in try scan.runBatches(x) }
    }
    .shapedByRun(),
    .values("Scan", since: 9) { attributes in
      let scan = try Scan(
        attributes, directions: "scan_input_directions", inputAxes: "scan_input_axes",
        outputDirections: "scan_output_directions", outputAxes: "scan_output_axes")
      return { x in try scan.run(try (0..<x.count).map(x.required), x.context) }
    }
    .shapedByRun(),
  ]

  private static func loop(_ body: Subgraph, _ x: Arguments) throws -> [Value] {
    let limit = try x.optionalTensor(0)?.scalarInteger() ?? Int.max
    var goesOn = try x.optionalTensor(1)?.scalarBool() ?? true
    var carried = (2..<max(2, x.count)).map { x.value($0) }
    try require(
      body.inputCount == carried.count + 2 && body.outputCount > carried.count,
      "the loop's body takes \(body.inputCount) values, the loop has \(carried.count)")
    var scans = [[Tensor]](repeating: [], count: body.outputCount - 1 - carried.count)
    var turn = 0
    while goesOn && turn < limit {
      let results = try x.context.run(
        body, [.tensor(Tensor(scalar: Int64(turn))), .tensor(Tensor(scalar: true))] + carried)
      goesOn = try results[0].tensor("the loop's condition").scalarBool()
      for index in carried.indices { carried[index] = results[1 + index] }
      for index in scans.indices { scans[index].append(try results[1 + carried.count + index].tensor("a scan output")) }
      turn += 1
    }
    let final = try carried.map { value in
      guard let value else { throw InferenceError(.badInput, "a value that the loop carries is missing") }
      return value
    }
    let stacked = try scans.enumerated().map { index, parts -> Value in
      if parts.isEmpty {
        let first = [.tensor(Tensor(scalar: Int64(0))), .tensor(Tensor(scalar: true))] + carried
        return .tensor(try body.emptyStack(of: 1 + carried.count + index, axis: 0, x.context, first))
      }
      return .tensor(try stack(parts, axis: 0))
    }
    return final + stacked
  }

  /// Tensors of one shape as one tensor with a new axis.
  static func stack(_ parts: [Tensor], axis: Int) throws -> Tensor {
    guard let first = parts.first else {
      throw InferenceError(.badInput, "no tensors to stack: their shape is unknown")
    }
    let axis = try normalizedAxis(axis, rank: first.rank + 1)
    return try SlicingOperators.concatenate(
      try parts.map { part in
        try require(part.shape == first.shape, "parts of shapes \(first.shape) and \(part.shape)")
        return try ReshapingOperators.unsqueeze(part, [axis])
      }, axis: axis)
  }
}

extension Subgraph {
  /// What stacking the results of no turn gives: the body's output with a new axis of extent 0.
  ///
  /// Type and shape are those that the file declares, as in ONNX Runtime. Where it leaves them open, the first turn that
  /// there is not tells them; and where that fails, extents that are not known are 0.
  ///
  /// - Parameter first: what the body's first turn would read.
  func emptyStack(of output: Int, axis: Int, _ context: any EvaluationContext, _ first: [Value?]) throws -> Tensor {
    let known = output < declared.count ? declared[output] : DeclaredTensor()
    var type = known.type
    var shape = known.fixedShape
    if type == nil || shape == nil, let tried = attempt(output, context, first) {
      type = type ?? tried.type
      shape = shape ?? tried.shape
    }
    var extents = shape ?? known.shape?.map { $0 ?? 0 } ?? []
    extents.insert(0, at: try normalizedAxis(axis, rank: extents.count + 1))
    return try Tensor(zeros: type ?? .float32, extents)
  }

  /// The output of a turn whose results are not used; nil where the body fails on what it would read.
  private func attempt(_ output: Int, _ context: any EvaluationContext, _ inputs: [Value?]) -> Tensor? {
    do { return try context.run(self, inputs)[output].tensor() } catch { return nil }
  }
}

/// Scan: a body run over slices of its inputs, states carried along.
private struct Scan: Sendable {
  let body: Subgraph
  let scanned: Int
  let inputAxes: [Int]?
  let outputAxes: [Int]?
  let inputBackwards: [Bool]
  let outputBackwards: [Bool]

  init(
    _ attributes: NodeAttributes, directions: String, inputAxes: String?, outputDirections: String?,
    outputAxes: String?
  ) throws {
    body = try attributes.graph("body")
    scanned = try attributes.int("num_scan_inputs", default: 0)
    self.inputAxes = try inputAxes.flatMap { try attributes.ints($0) }
    self.outputAxes = try outputAxes.flatMap { try attributes.ints($0) }
    inputBackwards = try attributes.ints(directions)?.map { $0 != 0 } ?? []
    outputBackwards = try outputDirections.flatMap { try attributes.ints($0) }?.map { $0 != 0 } ?? []
    try require(scanned > 0 && scanned <= body.inputCount, "a scan over \(scanned) of \(body.inputCount) inputs")
  }

  private func axis(_ axes: [Int]?, _ index: Int) -> Int { axes.flatMap { index < $0.count ? $0[index] : nil } ?? 0 }
  private func isBackwards(_ list: [Bool], _ index: Int) -> Bool { index < list.count && list[index] }

  func run(_ inputs: [Value], _ context: any EvaluationContext) throws -> [Value] {
    let states = inputs.count - scanned
    try require(
      states >= 0 && body.inputCount == inputs.count && body.outputCount >= states,
      "the scan's body takes \(body.inputCount) values, the scan has \(inputs.count)")
    var carried: [Value] = Array(inputs[..<states])
    let sources = try inputs[states...].enumerated().map { index, value in
      let tensor = try value.tensor("a scan input")
      return (tensor, try normalizedAxis(axis(inputAxes, index), rank: tensor.rank), isBackwards(inputBackwards, index))
    }
    let length = sources[0].0.shape[sources[0].1]
    try require(sources.allSatisfy { $0.0.shape[$0.1] == length }, "scan inputs of different lengths")
    var collected = [[Tensor]](repeating: [], count: body.outputCount - states)
    for step in 0..<length {
      let slices: [Value] = try sources.map { tensor, axis, backwards in
        let place = Tensor(scalar: Int64(backwards ? length - 1 - step : step))
        return .tensor(try GatheringOperators.gather(tensor, place, axis: axis))
      }
      let results = try context.run(body, carried + slices)
      carried = Array(results[..<states])
      for index in collected.indices { collected[index].append(try results[states + index].tensor("a scan output")) }
    }
    let outputs: [Value] = try collected.enumerated().map { index, parts in
      if parts.isEmpty {
        let slices = try sources.map { tensor, axis, _ -> Value in
          var shape = tensor.shape
          shape.remove(at: axis)
          return .tensor(try Tensor(zeros: tensor.type, shape))
        }
        let axis = axis(outputAxes, index)
        return .tensor(try body.emptyStack(of: states + index, axis: axis, context, carried + slices))
      }
      let ordered = isBackwards(outputBackwards, index) ? parts.reversed() : parts
      return .tensor(try ControlFlowOperators.stack(ordered, axis: axis(outputAxes, index)))
    }
    return carried + outputs
  }

  /// Operator set 8: every input has a batch axis first, and the first input may give sequence lengths.
  func runBatches(_ x: Arguments) throws -> [Value] {
    let inputs = try (1..<max(1, x.count)).map(x.tensor)
    guard let batch = inputs.first?.shape.first else { throw InferenceError(.badShape, "a batch axis is needed") }
    try require(batch <= 1 << 20, "a batch of \(batch)")
    let lengths = try x.optionalTensor(0)?.integers()
    var results: [[Tensor]] = []
    for index in 0..<batch {
      var values: [Value] = []
      for (number, input) in inputs.enumerated() {
        try require(input.shape.first == batch, "inputs of different batches")
        var one = try GatheringOperators.gather(input, Tensor(scalar: Int64(index)), axis: 0)
        if let lengths, index < lengths.count, number >= inputs.count - scanned {
          one = try SlicingOperators.slice(one, [0], [lengths[index]], [0], nil)
        }
        values.append(.tensor(one))
      }
      results.append(try run(values, x.context).map { try $0.tensor() })
    }
    guard let first = results.first else { return try runNoBatch(inputs, x.context) }
    return try first.indices.map { output in
      .tensor(try ControlFlowOperators.stack(try padded(results.map { $0[output] }), axis: 0))
    }
  }

  /// An empty batch: the shapes are those of a sequence of zeros.
  private func runNoBatch(_ inputs: [Tensor], _ context: any EvaluationContext) throws -> [Value] {
    let one = try inputs.map { Value.tensor(try Tensor(zeros: $0.type, Array($0.shape.dropFirst()))) }
    return try run(one, context).map { value in
      let tensor = try value.tensor()
      return .tensor(try Tensor(zeros: tensor.type, [0] + tensor.shape))
    }
  }

  /// Sequences of different lengths, the shorter ones followed by zeros.
  private func padded(_ parts: [Tensor]) throws -> [Tensor] {
    let longest = parts.compactMap(\.shape.first).max() ?? 0
    return try parts.map { part in
      guard let length = part.shape.first, length < longest else { return part }
      return try PaddingOperators.pad(part, [0, longest - length], [0], .constant, nil)
    }
  }
}

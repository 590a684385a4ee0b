import Ground

/// What RNN, GRU and LSTM have in common: attributes, the walk over time and directions, gathering of the outputs.
struct RecurrentLayer: Sendable {
  enum Direction: String { case forward, reverse, bidirectional }

  let kind: RecurrentKind
  let direction: Direction
  let activations: [RecurrentActivation]
  let clip: Float?
  let batchFirst: Bool
  let linearBeforeReset: Bool
  let couplesForget: Bool
  private let quantizesState: Bool

  init(_ kind: RecurrentKind, _ attributes: NodeAttributes, quantizesState: Bool = false) throws {
    self.quantizesState = quantizesState
    self.kind = kind
    let name = try attributes.string("direction", default: "forward")
    guard let direction = Direction(rawValue: name) else {
      throw InferenceError(.badAttribute, "unknown direction '\(name)'")
    }
    self.direction = direction
    let count = direction == .bidirectional ? 2 : 1
    activations = try RecurrentActivation.list(attributes, defaults: kind.activations, directions: count)
    clip = try attributes.float("clip").flatMap { $0 > 0 ? $0 : nil }
    batchFirst = try attributes.flag("layout")
    linearBeforeReset = try attributes.flag("linear_before_reset")
    couplesForget = try attributes.flag("input_forget")
  }

  var directionCount: Int { direction == .bidirectional ? 2 : 1 }

  func evaluate(_ x: Arguments) throws -> [Tensor] {
    var data = try x.tensor(0)
    let type = data.type
    try require(data.rank == 3, "sequences need three axes, the shape is \(data.shape)")
    if batchFirst { data = try data.transposed([1, 0, 2]) }
    let sizes = try RecurrentSizes(
      kind: kind, data: data.shape, weight: try x.tensor(1).shape, recurrence: try x.tensor(2).shape,
      directions: directionCount)
    let lengths = try lengths(try x.optionalTensor(4), sizes)
    let result =
      type == .float64
      ? try walk(Double.self, data, x, sizes, lengths) : try walk(Float.self, data, x, sizes, lengths)
    let outputs = try [result.all, result.hidden, result.cell].enumerated().map { index, tensor in
      let ordered =
        !batchFirst ? tensor : index == 0 ? try tensor.transposed([2, 0, 1, 3]) : try tensor.transposed([1, 0, 2])
      return try ordered.converted(to: type)
    }
    return kind == .lstm ? outputs : Array(outputs.prefix(2))
  }

  private func lengths(_ given: Tensor?, _ sizes: RecurrentSizes) throws -> [Int] {
    guard let given else { return Array(repeating: sizes.steps, count: sizes.batch) }
    let lengths = try given.integers()
    try require(
      lengths.count == sizes.batch && lengths.allSatisfy { $0 >= 0 && $0 <= sizes.steps },
      "sequence lengths \(lengths) for \(sizes.batch) sequences of \(sizes.steps) steps")
    return lengths
  }

  private func walk<Element: BlasScalar & ComputeElement>(
    _: Element.Type, _ data: Tensor, _ x: Arguments, _ sizes: RecurrentSizes, _ lengths: [Int]
  ) throws -> (all: Tensor, hidden: Tensor, cell: Tensor) {
    let (steps, batch, hidden) = (sizes.steps, sizes.batch, sizes.hidden)
    let all = try Tensor(zeros: Element.type, [steps, directionCount, batch, hidden])
    let lastHidden = try Tensor(zeros: Element.type, [directionCount, batch, hidden])
    let lastCell = try Tensor(zeros: Element.type, [directionCount, batch, hidden])
    let input = try data.converted(to: Element.type)
    for index in 0..<directionCount {
      let parameters = try RecurrentParameters<Element>(x, sizes, direction: index, batchFirst: batchFirst)
      let isBackward = direction == .reverse || index == 1
      var cell = RecurrentCell<Element>(
        kind: kind, sizes: sizes, parameters: parameters,
        activations: Array(activations[(index * kind.activations.count)...].prefix(kind.activations.count)),
        clip: clip.map { Element($0) }, linearBeforeReset: linearBeforeReset,
        couplesForget: couplesForget, quantizesState: quantizesState)
      cell.project(input)
      let outputs = all.mutablePointer(to: Element.self)
      for step in 0..<steps {
        // Each sequence runs over its own length; a backward one starts at its own end.
        let places = lengths.map { step < $0 ? (isBackward ? $0 - 1 - step : step) : nil }
        if places.allSatisfy({ $0 == nil }) { break }
        try cell.advance(places)
        for (sequence, place) in places.enumerated() {
          guard let place else { continue }
          let target = outputs + ((place * directionCount + index) * batch + sequence) * hidden
          for unit in 0..<hidden { target[unit] = cell.hidden[sequence * hidden + unit] }
        }
      }
      let offset = index * batch * hidden
      for unit in 0..<(batch * hidden) {
        lastHidden.mutablePointer(to: Element.self)[offset + unit] = cell.hidden[unit]
        lastCell.mutablePointer(to: Element.self)[offset + unit] = cell.state[unit]
      }
    }
    return (all, lastHidden, lastCell)
  }
}

/// The three recurrent operators.
enum RecurrentKind: Sendable {
  case rnn, gru, lstm

  var gates: Int {
    switch self {
    case .rnn: 1
    case .gru: 3
    case .lstm: 4
    }
  }

  var activations: [String] {
    switch self {
    case .rnn: ["Tanh"]
    case .gru: ["Sigmoid", "Tanh"]
    case .lstm: ["Sigmoid", "Tanh", "Tanh"]
    }
  }
}

enum RecurrentOperators {
  static let definitions: [OperatorDefinition] = [
    layer("RNN", .rnn), layer("GRU", .gru), layer("LSTM", .lstm),
    .tensors("DynamicQuantizeLSTM", domain: "com.microsoft") { attributes in
      let layer = try RecurrentLayer(.lstm, attributes, quantizesState: true)
      return { x in
        var values = Array(x.values.prefix(8))
        values[0] = .tensor(try QuantizationOperators.dynamicallyRounded(try x.tensor(0)))
        values[1] = .tensor(try weights(x, 1, scale: 8))
        values[2] = .tensor(try weights(x, 2, scale: 10))
        return try layer.evaluate(Arguments(values: values, outputCount: x.outputCount, context: x.context))
      }
    },
  ]

  /// Quantised weights (directions, inputs, units), with a scale a direction or a unit, as LSTM has them.
  private static func weights(_ x: Arguments, _ index: Int, scale: Int) throws -> Tensor {
    let steps = try x.tensor(index)
    try require(steps.rank == 3, "weights of shape \(steps.shape)")
    func spread(_ parameter: Tensor?) throws -> Tensor? {
      guard let parameter else { return nil }
      let units = parameter.count == steps.shape[0] ? 1 : steps.shape[2]
      return try parameter.reshaped([steps.shape[0], 1, units]).converted(to: .float32)
    }
    var numbers = try steps.converted(to: .float32)
    if let zero = try spread(try x.optionalTensor(scale + 1)) {
      numbers = try arithmetic(Subtraction.self, numbers, zero)
    }
    guard let factor = try spread(try x.tensor(scale)) else { return numbers }
    return try arithmetic(Multiplication.self, numbers, factor).transposed([0, 2, 1])
  }

  private static func layer(_ name: String, _ kind: RecurrentKind) -> OperatorDefinition {
    .tensors(name) { attributes in
      let layer = try RecurrentLayer(kind, attributes)
      return { x in try layer.evaluate(x) }
    }
    .shapes { try shapes(kind, $0) }.kernel { try RecurrentKernels.compile(kind, $0) }.allowsOmittedOutputs()
  }
}

/// The extents of a recurrent layer, checked against each other.
struct RecurrentSizes: Sendable {
  let steps: Int
  let batch: Int
  let input: Int
  let hidden: Int
  let gates: Int
  let directions: Int

  init(kind: RecurrentKind, data: [Int], weight: [Int], recurrence: [Int], directions: Int) throws {
    (steps, batch, input) = (data[0], data[1], data[2])
    gates = kind.gates
    hidden = recurrence.last ?? 0
    self.directions = directions
    try require(
      hidden > 0 && weight == [directions, gates * hidden, input]
        && recurrence == [directions, gates * hidden, hidden],
      "weights of shapes \(weight) and \(recurrence) for sequences of shape \(data)")
    _ = try Tensor.checkedByteCount(.float64, [steps, batch, gates * hidden])
    try require(data[2] > 0 || data[0] * data[1] < 1 << 20, "sequences of shape \(data)")
  }
}

// MARK: shapes

extension RecurrentOperators {
  static func shapes(_ kind: RecurrentKind, _ question: ShapeQuestion) throws -> [Fact]? {
    let attributes = question.attributes
    let direction = try attributes.string("direction", default: "forward")
    guard try !attributes.flag("layout"), let x = question.input(0), let w = question.input(1),
      let r = question.input(2), x.shape.count == 3, r.shape.count == 3, question.input(4) == nil,
      question.inputs.allSatisfy({ $0 == nil || $0?.type == .float32 }),
      ["forward", "reverse", "bidirectional"].contains(direction)
    else { return nil }
    let directions = direction == "bidirectional" ? 2 : 1
    let sizes = try RecurrentSizes(
      kind: kind, data: x.shape, weight: w.shape, recurrence: r.shape, directions: directions)
    let state = [directions, sizes.batch, sizes.hidden]
    let wanted: [(index: Int, shape: [Int])] = [
      (3, [directions, 2 * sizes.gates * sizes.hidden]), (5, state), (6, state), (7, [directions, 3 * sizes.hidden]),
    ]
    guard wanted.allSatisfy({ question.input($0.index) == nil || question.input($0.index)?.shape == $0.shape }),
      question.inputs.count <= (kind == .lstm ? 8 : 6)
    else { return nil }
    let facts =
      [Fact(.float32, [sizes.steps, directions, sizes.batch, sizes.hidden])]
      + [Fact](repeating: Fact(.float32, state), count: kind == .lstm ? 2 : 1)
    return question.outputCount <= facts.count ? Array(facts.prefix(question.outputCount)) : nil
  }
}

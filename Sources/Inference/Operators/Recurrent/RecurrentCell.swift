import Glibc
import Ground

/// The weights and initial states of one direction.
struct RecurrentParameters<Element: BlasScalar & ComputeElement> {
  let weight: [Element]
  let recurrence: [Element]
  /// The biases of the input's and of the state's products.
  let inputBias: [Element]
  let stateBias: [Element]
  /// LSTM's connections from the cell to its gates, in the order input, output, forget.
  let peepholes: [Element]
  let hidden: [Element]
  let state: [Element]

  init(_ x: Arguments, _ sizes: RecurrentSizes, direction: Int, batchFirst: Bool) throws {
    let width = sizes.gates * sizes.hidden
    func part(_ index: Int, _ count: Int) throws -> [Element] {
      guard let tensor = try x.optionalTensor(index) else { return Array(repeating: 0, count: count) }
      try require(
        tensor.count == sizes.directions * count, "input \(index) of shape \(tensor.shape) does not fit the layer")
      let all = try tensor.converted(to: Element.type).array(of: Element.self)
      return Array(all[(direction * count)..<((direction + 1) * count)])
    }
    func initial(_ index: Int) throws -> [Element] {
      let count = sizes.batch * sizes.hidden
      guard batchFirst, let tensor = try x.optionalTensor(index) else { return try part(index, count) }
      try require(
        tensor.shape == [sizes.batch, sizes.directions, sizes.hidden], "an initial state of shape \(tensor.shape)")
      let lined = try tensor.transposed([1, 0, 2]).converted(to: Element.type).array(of: Element.self)
      return Array(lined[(direction * count)..<((direction + 1) * count)])
    }
    weight = try part(1, width * sizes.input)
    recurrence = try part(2, width * sizes.hidden)
    let biases = try part(3, 2 * width)
    inputBias = Array(biases[..<width])
    stateBias = Array(biases[width...])
    hidden = try initial(5)
    let isLSTM = sizes.gates == 4
    state = isLSTM ? try initial(6) : Array(repeating: 0, count: sizes.batch * sizes.hidden)
    peepholes = isLSTM ? try part(7, 3 * sizes.hidden) : []
  }
}

/// One direction of a recurrent layer in motion. Equations: the ONNX specification of RNN, GRU, LSTM.
struct RecurrentCell<Element: BlasScalar & ComputeElement> {
  let kind: RecurrentKind
  let sizes: RecurrentSizes
  let parameters: RecurrentParameters<Element>
  let activations: [RecurrentActivation]
  let clip: Element?
  let linearBeforeReset: Bool
  let couplesForget: Bool
  /// Whether the state is rounded to 8 bits before it is multiplied (DynamicQuantizeLSTM).
  let quantizesState: Bool

  private(set) var hidden: [Element]
  private(set) var state: [Element]
  /// The input's part of every gate, for all steps and sequences.
  private var projected: [Element] = []
  private var recurrent: [Element]

  init(
    kind: RecurrentKind, sizes: RecurrentSizes, parameters: RecurrentParameters<Element>,
    activations: [RecurrentActivation], clip: Element?, linearBeforeReset: Bool, couplesForget: Bool,
    quantizesState: Bool
  ) {
    self.kind = kind
    self.sizes = sizes
    self.parameters = parameters
    self.activations = activations
    self.clip = clip
    self.linearBeforeReset = linearBeforeReset
    self.couplesForget = couplesForget
    self.quantizesState = quantizesState
    hidden = parameters.hidden
    state = parameters.state
    recurrent = Array(repeating: 0, count: sizes.batch * sizes.gates * sizes.hidden)
  }

  private var width: Int { sizes.gates * sizes.hidden }

  /// Multiplies the whole input by the weights at once.
  mutating func project(_ input: Tensor) {
    let rows = sizes.steps * sizes.batch
    projected = Array(repeating: 0, count: rows * width)
    for row in 0..<rows {
      for unit in 0..<width { projected[row * width + unit] = parameters.inputBias[unit] }
    }
    if rows == 0 || sizes.input == 0 { return }
    multiply(input.pointer(to: Element.self), parameters.weight[...], rows: rows, depth: sizes.input, &projected)
    withExtendedLifetime(input) {}
  }

  /// Adds `a` (rows x depth) times the transpose of `b` (units x depth) to `c` (rows x units).
  private func multiply(
    _ a: UnsafePointer<Element>, _ b: ArraySlice<Element>, rows: Int, depth: Int, _ c: inout [Element]
  ) {
    let units = b.count / depth
    b.withUnsafeBufferPointer { b in
      c.withUnsafeMutableBufferPointer { c in
        guard let b = b.baseAddress, let c = c.baseAddress else { return }
        Element.gemm(rows, units, depth, alpha: 1, a, depth, transA: false, b, depth, transB: true, beta: 1, c, units)
      }
    }
  }

  /// One step: sequence i reads its input at `places[i]`, or rests where that is nil.
  mutating func advance(_ places: [Int?]) throws {
    for index in recurrent.indices { recurrent[index] = parameters.stateBias[index % width] }
    let before = quantizesState ? try rounded(hidden) : hidden
    before.withUnsafeBufferPointer { before in
      guard let start = before.baseAddress else { return }
      multiply(start, parameters.recurrence[...], rows: sizes.batch, depth: sizes.hidden, &recurrent)
    }
    for (sequence, place) in places.enumerated() {
      guard let place else { continue }
      let input = (place * sizes.batch + sequence) * width
      switch kind {
      case .rnn: advanceRNN(sequence, input)
      case .gru: advanceGRU(sequence, input)
      case .lstm: advanceLSTM(sequence, input)
      }
    }
  }

  /// Numbers as 8 bits with one scale would hold them.
  private func rounded(_ numbers: [Element]) throws -> [Element] {
    let tensor = Tensor([numbers.count], numbers)
    return try QuantizationOperators.dynamicallyRounded(tensor).converted(to: Element.type).array(of: Element.self)
  }

  private func clipped(_ x: Element) -> Element {
    guard let clip else { return x }
    return min(max(x, -clip), clip)
  }

  /// The sum of the input's and the state's part of a gate.
  private func gate(_ number: Int, _ unit: Int, _ sequence: Int, _ input: Int) -> Element {
    let index = number * sizes.hidden + unit
    return projected[input + index] + recurrent[sequence * width + index]
  }

  private mutating func advanceRNN(_ sequence: Int, _ input: Int) {
    for unit in 0..<sizes.hidden {
      hidden[sequence * sizes.hidden + unit] = activations[0](clipped(gate(0, unit, sequence, input)))
    }
  }

  private mutating func advanceGRU(_ sequence: Int, _ input: Int) {
    let count = sizes.hidden
    let start = sequence * count
    var update = [Element](repeating: 0, count: count)
    var reset = update
    for unit in 0..<count {
      update[unit] = activations[0](clipped(gate(0, unit, sequence, input)))
      reset[unit] = activations[0](clipped(gate(1, unit, sequence, input)))
    }
    var candidate = [Element](repeating: 0, count: count)
    if linearBeforeReset {
      for unit in 0..<count {
        let index = 2 * count + unit
        candidate[unit] = projected[input + index] + reset[unit] * recurrent[sequence * width + index]
      }
    } else {
      // The reset state is multiplied by the weights: a product of its own.
      let resetHidden = (0..<count).map { reset[$0] * hidden[start + $0] }
      for unit in 0..<count {
        candidate[unit] = projected[input + 2 * count + unit] + parameters.stateBias[2 * count + unit]
      }
      resetHidden.withUnsafeBufferPointer { resetHidden in
        guard let first = resetHidden.baseAddress else { return }
        multiply(first, parameters.recurrence[(2 * count * count)...], rows: 1, depth: count, &candidate)
      }
    }
    for unit in 0..<count {
      let fresh = activations[1](clipped(candidate[unit]))
      hidden[start + unit] = (1 - update[unit]) * fresh + update[unit] * hidden[start + unit]
    }
  }

  private mutating func advanceLSTM(_ sequence: Int, _ input: Int) {
    let count = sizes.hidden
    for unit in 0..<count {
      let place = sequence * count + unit
      let old = state[place]
      let peephole = parameters.peepholes
      let admit = activations[0](clipped(gate(0, unit, sequence, input) + peephole[unit] * old))
      let forget =
        couplesForget
        ? 1 - admit : activations[0](clipped(gate(2, unit, sequence, input) + peephole[2 * count + unit] * old))
      let fresh = activations[1](clipped(gate(3, unit, sequence, input)))
      let new = forget * old + admit * fresh
      let expose = activations[0](clipped(gate(1, unit, sequence, input) + peephole[count + unit] * new))
      state[place] = new
      hidden[place] = expose * activations[2](new)
    }
  }
}

/// An activation of a recurrent layer with its parameters.
struct RecurrentActivation: Sendable {
  private let function: @Sendable (Double) -> Double
  private let single: (@Sendable (Float) -> Float)?

  func callAsFunction<Element: BinaryFloatingPoint>(_ x: Element) -> Element {
    if Element.self == Float.self, let single { return Element(single(Float(x))) }
    return Element(function(Double(x)))
  }

  private typealias Formula = (alpha: Double, beta: Double, make: @Sendable (Double, Double) -> RecurrentActivation)

  /// Default parameters and formulas, by lower-case name; alpha and beta are taken from the node's lists in order.
  private static let table: [String: Formula] = [
    "sigmoid": (0, 0, { _, _ in .init(function: { 1 / (1 + exp(-$0)) }, single: { 1 / (1 + expf(-$0)) }) }),
    "tanh": (0, 0, { _, _ in .init(function: { Glibc.tanh($0) }, single: { Glibc.tanhf($0) }) }),
    "relu": (0, 0, { _, _ in plain { max($0, 0) } }),
    "softsign": (0, 0, { _, _ in plain { $0 / (1 + abs($0)) } }),
    "softplus": (0, 0, { _, _ in plain { $0 > 0 ? $0 + log1p(exp(-$0)) : log1p(exp($0)) } }),
    "affine": (1, 0, { alpha, beta in plain { alpha * $0 + beta } }),
    "leakyrelu": (0.01, 0, { alpha, _ in plain { $0 >= 0 ? $0 : alpha * $0 } }),
    "thresholdedrelu": (1, 0, { alpha, _ in plain { $0 >= alpha ? $0 : 0 } }),
    "scaledtanh": (1, 1, { alpha, beta in plain { alpha * tanh(beta * $0) } }),
    "hardsigmoid": (0.2, 0.5, { alpha, beta in plain { min(max(alpha * $0 + beta, 0), 1) } }),
    "elu": (1, 0, { alpha, _ in plain { $0 >= 0 ? $0 : alpha * expm1($0) } }),
  ]
  private static let withAlpha: Set<String> = [
    "affine", "leakyrelu", "thresholdedrelu", "scaledtanh", "hardsigmoid", "elu",
  ]
  private static let withBeta: Set<String> = ["affine", "scaledtanh", "hardsigmoid"]

  private static func plain(_ function: @escaping @Sendable (Double) -> Double) -> RecurrentActivation {
    RecurrentActivation(function: function, single: nil)
  }

  static func list(
    _ attributes: NodeAttributes, defaults: [String], directions: Int
  ) throws -> [RecurrentActivation] {
    let standard = (0..<directions).flatMap { _ in defaults }
    let names = try attributes.strings("activations") ?? standard
    guard names.count == standard.count else {
      throw InferenceError(.badAttribute, "\(names.count) activations where \(standard.count) are needed")
    }
    var alphas = (try attributes.floats("activation_alpha") ?? []).makeIterator()
    var betas = (try attributes.floats("activation_beta") ?? []).makeIterator()
    return try names.map { name in
      let key = name.lowercased()
      guard let formula = table[key] else { throw InferenceError(.badAttribute, "unknown activation '\(name)'") }
      let alpha = withAlpha.contains(key) ? alphas.next().map(Double.init) : nil
      let beta = withBeta.contains(key) ? betas.next().map(Double.init) : nil
      return formula.make(alpha ?? formula.alpha, beta ?? formula.beta)
    }
  }
}

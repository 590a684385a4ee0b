import Ground
import Kernels

/// LSTM, GRU and RNN with constant weights: one product for the inputs of the whole sequence, then step by step what
/// depends on the state.
enum RecurrentKernels {
  /// Activations without parameters, by lower-case name: what exporters write.
  private static let activations: [String: Activation] = [
    "sigmoid": .sigmoid, "tanh": .tanh, "relu": .clip(0, .infinity),
  ]

  static func compile(_ kind: RecurrentKind, _ request: CompileRequest) throws -> Compilation? {
    let recurrent = try RecurrentLayer(kind, request.node.attributes)
    let each = kind.activations.count
    let names =
      try request.node.attributes.strings("activations")
      ?? (0..<recurrent.directionCount).flatMap { _ in kind.activations }
    let functions = names.compactMap { activations[$0.lowercased()]?.kernelForm }
    guard !recurrent.batchFirst, functions.count == each * recurrent.directionCount, request.isFloat(0),
      let data = request.inputs[0], data.count > 0, data.fitsKernels, let weights = Weights(request),
      request.inputs.enumerated().allSatisfy({ $0 == 4 || $1 == nil || $1?.type == .float32 })
    else { return nil }
    let sizes = try RecurrentSizes(
      kind: kind, data: data.shape, weight: weights.input.shape, recurrence: weights.state.shape,
      directions: recurrent.directionCount)
    guard max(weights.input.count, weights.state.count) <= Int(Int32.max) else { return nil }
    let directions = try (0..<recurrent.directionCount).map { index in
      let layer = layer(kind, recurrent, sizes, Array(functions[(index * each)..<((index + 1) * each)]))
      return try RecurrentDirection(
        layer, sizes, index: index, isBackward: recurrent.direction == .reverse || index == 1, weights, request.weights)
    }
    let kernel = RecurrentKernel(sizes: sizes, directions: directions)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count, outputs: request.outputs.count)
    for index in [1, 2, 3, 7] where index < compiled.reads.count { compiled.reads[index] = false }
    compiled.scratchBytes = directions[0].scratchCount * MemoryLayout<Float>.stride
    return .kernel(compiled)
  }

  /// The tensors that are packed; nil unless all that are given are constant.
  struct Weights {
    let input, state: Tensor
    let bias, peepholes: Tensor?

    init?(_ request: CompileRequest) {
      func isKnown(_ index: Int) -> Bool {
        index >= request.inputs.count || request.inputs[index] == nil || request.constants[index] != nil
      }
      guard isKnown(3), isKnown(7), let input = request.constants[1], let state = request.constants[2] else {
        return nil
      }
      (self.input, self.state) = (input, state)
      bias = request.constants.count > 3 ? request.constants[3] : nil
      peepholes = request.constants.count > 7 ? request.constants[7] : nil
    }
  }

  private static func layer(
    _ kind: RecurrentKind, _ layer: RecurrentLayer, _ sizes: RecurrentSizes, _ functions: [ock_act]
  ) -> ock_recurrent {
    var form = ock_recurrent()
    form.kind = kind == .lstm ? OCK_LSTM : kind == .gru ? OCK_GRU : OCK_RNN
    form.hidden = Int32(sizes.hidden)
    form.linear_before_reset = layer.linearBeforeReset
    form.couples_forget = layer.couplesForget
    form.act = (functions[0], functions.count > 1 ? functions[1] : .none, functions.count > 2 ? functions[2] : .none)
    form.clip = layer.clip ?? .infinity
    return form
  }
}

/// One direction with its packed weights.
private struct RecurrentDirection: Sendable {
  private let layer: ock_recurrent
  private let sizes: RecurrentSizes
  private let index: Int
  private let isBackward: Bool
  /// Floats of one step's gates.
  private let width: Int
  private let projection, projectionBias, recurrence: TensorStorage

  init(
    _ layer: ock_recurrent, _ sizes: RecurrentSizes, index: Int, isBackward: Bool, _ weights: RecurrentKernels.Weights,
    _ cache: WeightCache
  ) throws {
    (self.layer, self.sizes, self.index, self.isBackward) = (layer, sizes, index, isBackward)
    width = withUnsafePointer(to: layer) { Int(ock_recurrent_width($0)) }
    let recipe = "recurrent \(ock_active_isa().rawValue) \(layer.kind.rawValue) \(layer.linear_before_reset) \(index)"
    projection = try RecurrentDirection.packInput(layer, sizes, index, weights, cache, recipe, width: width)
    let biases = RecurrentDirection.biases(layer, sizes, index, weights)
    projectionBias = try TensorStorage(byteCount: width * MemoryLayout<Float>.stride)
    let target = projectionBias.bytes.assumingMemoryBound(to: Float.self)
    withUnsafePointer(to: layer) { ock_recurrent_arrange($0, biases.projection, 1, target.baseAddress) }
    recurrence = try RecurrentDirection.packState(layer, sizes, index, weights, cache, recipe, biases.state)
  }

  private static func packInput(
    _ layer: ock_recurrent, _ sizes: RecurrentSizes, _ index: Int, _ weights: RecurrentKernels.Weights,
    _ cache: WeightCache, _ recipe: String, width: Int
  ) throws -> TensorStorage {
    let (rows, columns) = (Int32(sizes.input), Int32(width))
    return try cache.packed(
      weights.input, recipe: recipe, byteCount: ock_gemm_packed_count(rows, columns) * MemoryLayout<Float>.stride
    ) { target in
      var arranged = [Float](repeating: 0, count: width * sizes.input)
      weights.input.lendFloats { source in
        let own = source + index * sizes.gates * sizes.hidden * sizes.input
        withUnsafePointer(to: layer) { ock_recurrent_arrange($0, own, rows, &arranged) }
      }
      ock_gemm_pack(arranged, sizes.input, true, rows, columns, target.assumingMemoryBound(to: Float.self))
    }
  }

  private static func packState(
    _ layer: ock_recurrent, _ sizes: RecurrentSizes, _ index: Int, _ weights: RecurrentKernels.Weights,
    _ cache: WeightCache, _ recipe: String, _ bias: [Float]
  ) throws -> TensorStorage {
    let others = [weights.bias, weights.peepholes].map { $0.map { "\($0.storage.identity)+\($0.byteOffset)" } ?? "" }
    let count = withUnsafePointer(to: layer) { ock_recurrent_packed_count($0) }
    return try cache.packed(
      weights.state, recipe: "\(recipe) \(others)", byteCount: count * MemoryLayout<Float>.stride
    ) { target in
      let peepholes = weights.peepholes?.elements(as: Float.self).baseAddress.map { $0 + index * 3 * sizes.hidden }
      weights.state.lendFloats { source in
        let own = source + index * sizes.gates * sizes.hidden * sizes.hidden
        withUnsafePointer(to: layer) {
          ock_recurrent_pack($0, own, bias, peepholes, target.assumingMemoryBound(to: Float.self))
        }
      }
    }
  }

  /// The gates' biases, and GRU's bias of the state's product where the reset gate multiplies that.
  private static func biases(
    _ layer: ock_recurrent, _ sizes: RecurrentSizes, _ index: Int, _ weights: RecurrentKernels.Weights
  ) -> (projection: [Float], state: [Float]) {
    let count = sizes.gates * sizes.hidden
    var state = [Float](repeating: 0, count: sizes.hidden)
    guard let bias = weights.bias else { return ([Float](repeating: 0, count: count), state) }
    let both = Array(bias.array(of: Float.self)[(index * 2 * count)..<((index + 1) * 2 * count)])
    var projection = (0..<count).map { both[$0] + both[count + $0] }
    if layer.kind == OCK_GRU && layer.linear_before_reset {
      let candidate = 2 * sizes.hidden
      projection.replaceSubrange(candidate..., with: both[candidate..<count])
      state = Array(both[(count + candidate)...])
    }
    return (projection, state)
  }

  private var projectedCount: Int { (sizes.steps * sizes.batch * width + 15) / 16 * 16 }
  var scratchCount: Int {
    projectedCount + withUnsafePointer(to: layer) { ock_recurrent_scratch_count($0, Int32(sizes.batch)) }
  }

  func run(_ call: KernelCall, lengths: UnsafePointer<Int32>?) {
    guard let scratch = call.scratch(as: Float.self) else { return }
    var product = ock_gemm_call(
      m: Int32(sizes.steps * sizes.batch), n: Int32(width), k: Int32(sizes.input), a: call.input(0),
      packed_b: projection.bytes.assumingMemoryBound(to: Float.self).baseAddress,
      bias: projectionBias.bytes.assumingMemoryBound(to: Float.self).baseAddress, residual: nil, c: scratch,
      lda: sizes.input, ldc: width, scale: 1, epilogue: ock_epilogue(act: .none, residual_after: false),
      threads: call.threads)
    ock_gemm(&product)
    let offset = index * sizes.batch * sizes.hidden
    var arguments = ock_recurrent_call(
      steps: Int32(sizes.steps), batch: Int32(sizes.batch), backward: isBackward, projected: scratch,
      packed: recurrence.bytes.assumingMemoryBound(to: Float.self).baseAddress,
      initial_hidden: call.optionalInput(5).map { $0 + offset },
      initial_cell: call.optionalInput(6).map { $0 + offset },
      lengths: lengths, all: call.optionalOutput(0).map { $0 + offset },
      last_hidden: call.optionalOutput(1).map { $0 + offset }, last_cell: call.optionalOutput(2).map { $0 + offset },
      all_step: sizes.directions * sizes.batch * sizes.hidden, scratch: scratch + projectedCount, threads: call.threads)
    withUnsafePointer(to: layer) { ock_recurrent_run($0, &arguments) }
  }
}

private struct RecurrentKernel: Kernel {
  let sizes: RecurrentSizes
  let directions: [RecurrentDirection]

  func run(_ call: KernelCall) throws {
    let lengths = call.optionalInput(4, as: Int32.self)
    for sequence in 0..<(lengths == nil ? 0 : sizes.batch) {
      guard let length = lengths?[sequence], (0...sizes.steps).contains(Int(length)) else {
        throw InferenceError(.badInput, "a sequence longer than the \(sizes.steps) steps, or of negative length")
      }
    }
    for direction in directions { direction.run(call, lengths: lengths) }
  }
}

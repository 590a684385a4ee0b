import Kernels

/// Softmax and LayerNormalization of float32.
enum NormalizationKernels {
  @Sendable static func softmax(_ request: CompileRequest) throws -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0], input.count > 0, !input.shape.isEmpty else { return nil }
    // Before operator set 13 everything from the axis on was one.
    let isFlat = request.node.attributes.opset < 13
    let given = try request.node.attributes.int("axis", default: isFlat ? 1 : -1)
    let axis = given < 0 ? given + input.shape.count : given
    guard input.shape.indices.contains(axis) else { return nil }
    let length = isFlat ? input.shape[axis...].reduce(1, *) : input.shape[axis]
    let inner = isFlat ? 1 : input.shape[(axis + 1)...].reduce(1, *)
    let kernel = SoftmaxKernel(outer: input.count / length / inner, length: length, inner: inner)
    var compiled = CompiledKernel(kernel, inputs: 1)
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  private struct SoftmaxKernel: Kernel {
    let outer, length, inner: Int

    func run(_ call: KernelCall) {
      if inner == 1 {
        ock_softmax(call.input(0), call.output(0), outer, length, call.threads)
      } else {
        ock_softmax_strided(call.input(0), call.output(0), outer, length, inner, call.threads)
      }
    }
  }

  @Sendable static func layerNormalization(_ request: CompileRequest) throws -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0], request.outputs.count == 1, input.count > 0,
      request.inputs.dropFirst().allSatisfy({ $0 == nil || $0?.type == .float32 })
    else { return nil }
    let given = try request.node.attributes.int("axis", default: -1)
    let axis = given < 0 ? given + input.shape.count : given
    guard input.shape.indices.contains(axis) else { return nil }
    let columns = input.shape[axis...].reduce(1, *)
    guard request.inputs.dropFirst().allSatisfy({ $0 == nil || $0?.count == columns }) else { return nil }
    let kernel = LayerNormalizationKernel(
      rows: input.count / columns, columns: columns,
      epsilon: try request.node.attributes.float("epsilon", default: 1e-5))
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  private struct LayerNormalizationKernel: Kernel {
    let rows, columns: Int
    let epsilon: Float

    func run(_ call: KernelCall) {
      ock_layer_norm(
        call.input(0), nil, call.optionalInput(1), call.optionalInput(2), epsilon, call.output(0), nil, rows, columns,
        call.threads)
    }
  }

  /// Each plane by its own mean and deviation. Groups come as planes too: exporters reshape around them.
  @Sendable static func instanceNormalization(_ request: CompileRequest) throws -> Compilation? {
    guard request.isFloat(0), request.isFloat(1), request.isFloat(2), let input = request.inputs[0],
      input.shape.count >= 3, input.count > 0, request.inputs[1]?.count == input.shape[1],
      request.inputs[2]?.count == input.shape[1]
    else { return nil }
    let isPlain =
      request.floats(1)?.allSatisfy { $0 == 1 } == true && request.floats(2)?.allSatisfy { $0 == 0 } == true
    let kernel = InstanceNormalizationKernel(
      batch: input.shape[0], channels: input.shape[1], area: input.area, isPlain: isPlain,
      epsilon: try request.node.attributes.float("epsilon", default: 1e-5))
    var compiled = CompiledKernel(kernel, inputs: 3)
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  private struct InstanceNormalizationKernel: Kernel {
    let batch, channels, area: Int
    /// Scales are 1 and summands 0.
    let isPlain: Bool
    let epsilon: Float

    func run(_ call: KernelCall) {
      let y: UnsafeMutablePointer<Float> = call.output(0)
      ock_layer_norm(call.input(0), nil, nil, nil, epsilon, y, nil, batch * channels, area, call.threads)
      if isPlain { return }
      for item in 0..<batch {
        let planes = y + item * channels * area
        ock_binary_column(OCK_MUL, .none, planes, call.input(1), false, planes, channels, area, call.threads)
        ock_binary_column(OCK_ADD, .none, planes, call.input(2), false, planes, channels, area, call.threads)
      }
    }
  }
}

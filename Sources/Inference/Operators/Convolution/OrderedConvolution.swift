import Kernels

/// Conv of exact runs: planar, with sums in the order of ONNX Runtime's plain kernels (ock/ordered.h). What is quantised
/// behind such a convolution falls on the same steps as there; with other orders, one sum in some hundred thousand falls
/// on the neighbour, and fifty layers make of that a different answer.
struct OrderedConvolution: Kernel {
  private let shape: ock_conv_shape
  private let weights: TensorStorage
  private let bias: [Float]
  private let epilogue: Epilogue
  private let count: Int

  static func compile(
    _ operation: FusedConvolution, _ shape: ock_conv_shape, weight: Tensor, bias: Tensor?, output: Fact,
    _ request: CompileRequest
  ) throws -> Compilation {
    let weights = try request.weights.packed(weight, recipe: "planar", byteCount: weight.byteCount) { target in
      weight.lendFloats { target.assumingMemoryBound(to: Float.self).update(from: $0, count: weight.count) }
    }
    let kernel = OrderedConvolution(
      shape: shape, weights: weights, bias: bias?.array(of: Float.self) ?? [], epilogue: operation.epilogue,
      count: output.count)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
    for index in 1..<min(3, compiled.reads.count) { compiled.reads[index] = false }
    compiled.scratchBytes =
      withUnsafePointer(to: shape) { ock_ordered_conv_scratch_count($0, Int32(clamping: request.options.threads)) }
      * MemoryLayout<Float>.stride
    return .kernel(compiled)
  }

  func run(_ call: KernelCall) {
    let output: UnsafeMutablePointer<Float> = call.output(0)
    bias.withUnsafeBufferPointer { bias in
      var arguments = ock_ordered_conv_call(
        shape: shape, input: call.input(0), weights: weights.bytes.baseAddress?.assumingMemoryBound(to: Float.self),
        bias: bias.isEmpty ? nil : bias.baseAddress, output: output, scratch: call.scratch(), threads: call.threads)
      ock_ordered_conv(&arguments)
    }
    let act = epilogue.activation.kernelForm
    if epilogue.hasResidual, !epilogue.addsLast {
      ock_binary(OCK_ADD, act, output, call.input(3), output, count, call.threads)
      return
    }
    if act.kind != OCK_ACT_NONE { ock_activate(act, output, output, count, call.threads) }
    if epilogue.hasResidual { ock_binary(OCK_ADD, .none, output, call.input(3), output, count, call.threads) }
  }
}

import Kernels

/// A factor and a summand for each channel, with an activation: batch normalisation that no convolution took in.
enum ScaleShiftKernels {
  static let definitions = [KernelDefinition("ScaleShift", domain: fusedDomain, compile: compile)]

  @Sendable private static func compile(_ request: CompileRequest) throws -> Compilation? {
    guard let operation = request.node.evaluator as? ScaleShift, request.isFloat(0), let input = request.inputs[0],
      input.canBeBlocked, input.fitsKernels, let scale = request.floats(1), let shift = request.floats(2)
    else { return nil }
    let width = Fact(.float32, [1, input.shape[1], 1], .blocked).floatCount
    func padded(_ values: [Float]) -> [Float] { values + [Float](repeating: 0, count: width - values.count) }
    let kernel = ChannelKernel(
      act: operation.activation.kernelForm, scale: padded(scale), shift: padded(shift), batch: input.shape[0],
      blocks: input.blockCount / input.shape[0], area: input.area, stride: input.laid(.blocked).batchStride)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  private struct ChannelKernel: Kernel {
    let act: ock_act
    let scale, shift: [Float]
    let batch, blocks, area, stride: Int

    func run(_ call: KernelCall) {
      for item in 0..<batch {
        ock_scale_shift(
          act, call.input(0) + item * stride, scale, shift, call.output(0) + item * stride, blocks, area, call.threads)
      }
    }
  }
}

import Kernels

/// A factor and a summand for each channel, with an activation: batch normalisation that no convolution took in.
enum ScaleShiftKernels {
  @Sendable static func compile(_ operation: ScaleShift, _ request: CompileRequest) -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0] else { return nil }
    if input.shape.count == 2, request.isFloat(1), request.isFloat(2), input.count > 0 {
      let kernel = RowKernel(act: operation.activation.kernelForm, rows: input.shape[0], columns: input.shape[1])
      var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
      compiled.inPlace = [(input: 0, output: 0)]
      return .kernel(compiled)
    }
    guard input.canBeBlocked, input.fitsKernels, let scale = request.floats(1), let shift = request.floats(2)
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

  /// A constant number a channel that is added to, taken from or multiplied with a blocked tensor; nil for all else.
  static func byChannel(
    _ kind: ock_binary_kind, _ act: ock_act, _ large: Fact, _ small: Tensor, isFirst: Bool
  ) -> Compilation? {
    guard large.layout == .blocked, large.type == .float32, small.type == .float32, large.fitsKernels,
      kind == OCK_ADD || kind == OCK_MUL || (kind == OCK_SUB && !isFirst), small.rank <= large.shape.count
    else { return nil }
    let shape = [Int](repeating: 1, count: large.shape.count - small.rank) + small.shape
    let channels = large.shape[1]
    guard channels > 1, small.count == channels, shape[1] == channels else { return nil }
    let width = Fact(.float32, [1, channels, 1], .blocked).floatCount
    let values = small.array(of: Float.self) + [Float](repeating: 0, count: width - channels)
    let (scale, shift) =
      kind == OCK_MUL
      ? (values, [Float](repeating: 0, count: width))
      : ([Float](repeating: 1, count: width), kind == OCK_SUB ? values.map { -$0 } : values)
    let kernel = ChannelKernel(
      act: act, scale: scale, shift: shift, batch: large.shape[0], blocks: large.blockCount / large.shape[0],
      area: large.area, stride: large.batchStride, input: isFirst ? 1 : 0)
    var compiled = CompiledKernel(kernel, inputs: 2, layout: .blocked)
    compiled.reads[1 - kernel.input] = false
    compiled.inPlace = [(input: kernel.input, output: 0)]
    return .kernel(compiled)
  }

  /// One number a channel, as behind a product.
  private struct RowKernel: Kernel {
    let act: ock_act
    let rows, columns: Int

    func run(_ call: KernelCall) {
      let y: UnsafeMutablePointer<Float> = call.output(0)
      ock_binary_row(OCK_MUL, .none, call.input(0), call.input(1), false, y, rows, columns, call.threads)
      ock_binary_row(OCK_ADD, act, y, call.input(2), false, y, rows, columns, call.threads)
    }
  }

  private struct ChannelKernel: Kernel {
    let act: ock_act
    let scale, shift: [Float]
    let batch, blocks, area, stride: Int
    /// Which input is scaled and shifted.
    var input = 0

    func run(_ call: KernelCall) {
      for item in 0..<batch {
        ock_scale_shift(
          act, call.input(input) + item * stride, scale, shift, call.output(0) + item * stride, blocks, area,
          call.threads)
      }
    }
  }
}

import Ground
import Kernels

/// Averages of bytes over windows and whole pictures.
enum BytePoolingKernels {
  @Sendable static func compile(_ operation: QuantizedAverage, _ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0],
      input.type == .uint8, input.canBeBlocked, input.fitsKernels, input.channelBlock == Fact.wideByteBlock
    else { return nil }
    let scale = operation.input.scale / operation.output.scale
    let zero = Int32(operation.input.zero)
    if let window = operation.window {
      guard let shape = try PoolingKernels.shape(nil, window, input) else { return nil }
      let kernel = Window(shape: shape, scale: scale, zero: zero, steps: operation.output.steps)
      return .kernel(CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked))
    }
    // Sums of more could leave 32 bits.
    guard input.area < 1 << 23 else { return nil }
    let kernel = Whole(
      blocks: Int32(clamping: input.blockCount), area: Int32(input.area), scale: scale, zero: zero,
      steps: operation.output.steps)
    return .kernel(CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked))
  }

  private struct Window: Kernel {
    let shape: ock_pool_shape
    let scale: Float
    let zero: Int32
    let steps: ock_steps

    func run(_ call: KernelCall) {
      withUnsafePointer(to: shape) {
        ock_byte_average_pool($0, call.input(0), call.output(0), scale, zero, steps, call.threads)
      }
    }
  }

  private struct Whole: Kernel {
    let blocks, area: Int32
    let scale: Float
    let zero: Int32
    let steps: ock_steps

    func run(_ call: KernelCall) {
      ock_byte_global_average(call.input(0), call.output(0), blocks, area, scale, zero, steps, call.threads)
    }
  }
}

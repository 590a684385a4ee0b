import Ground
import Kernels

/// MaxPool, AveragePool and the global poolings, blocked.
enum PoolingKernels {
  /// Elements that all windows of a layer visit together; more would take minutes without a look at the clock.
  private static let mostVisits = 1 << 36

  @Sendable static func window(_ pool: MaxPool, _ request: CompileRequest) throws -> Compilation? {
    try window(request, pool, nil)
  }

  @Sendable static func window(_ pool: AveragePool, _ request: CompileRequest) throws -> Compilation? {
    try window(request, nil, pool)
  }

  private static func window(
    _ request: CompileRequest, _ maximum: MaxPool?, _ average: AveragePool?
  ) throws -> Compilation? {
    guard let input = request.inputs[0], input.canBeBlocked, input.fitsKernels, request.outputs.count == 1,
      request.outputs[0].canBeBlocked
    else { return nil }
    guard let shape = try shape(maximum, average, input) else { return nil }
    // The pool of threads looks at the clock between chunks, the reference tier inside of them: such windows are its.
    let window = Int(shape.kernel_height) * Int(shape.kernel_width)
    guard request.outputs[0].count <= mostVisits / max(1, window) else { return nil }
    if input.type == .uint8 {
      guard maximum != nil, input.channelBlock == Fact.wideByteBlock else { return nil }
      return .kernel(CompiledKernel(ByteMaxPool(shape: shape), inputs: 1, layout: .blocked))
    }
    let kernel = WindowPool(shape: shape, takesMaximum: maximum != nil)
    return .kernel(CompiledKernel(kernel, inputs: 1, layout: .blocked))
  }

  /// The kernels' form of a window over one or two axes.
  static func shape(_ maximum: MaxPool?, _ average: AveragePool?, _ input: Fact) throws -> ock_pool_shape? {
    guard let g = try maximum?.geometry(input.shape) ?? average?.geometry(input.shape), g.input[0] == 1,
      g.kernel[0] == 1
    else { return nil }
    func n(_ value: Int) -> Int32 { Int32(clamping: value) }
    return ock_pool_shape(
      blocks: n(input.blockCount), in_height: n(g.input[1]), in_width: n(g.input[2]), out_height: n(g.output[1]),
      out_width: n(g.output[2]), kernel_height: n(g.kernel[1]), kernel_width: n(g.kernel[2]),
      stride_y: n(g.strides[1]), stride_x: n(g.strides[2]), dilation_y: n(g.dilations[1]),
      dilation_x: n(g.dilations[2]), pad_top: n(g.padBegin[1]), pad_left: n(g.padBegin[2]),
      pad_bottom: n(g.padEnd[1]), pad_right: n(g.padEnd[2]), count_padding: average?.countsPadding ?? false)
  }

  @Sendable static func global(_ pool: GlobalPool, _ request: CompileRequest) -> Compilation? {
    switch pool.kind {
    case .average: return global(request, takesMaximum: false)
    case .max: return global(request, takesMaximum: true)
    case .lp: return nil
    }
  }

  private static func global(_ request: CompileRequest, takesMaximum: Bool) -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0], input.canBeBlocked, input.fitsKernels else { return nil }
    let kernel = WholePool(
      blocks: Int32(clamping: input.blockCount), area: Int32(input.area), takesMaximum: takesMaximum)
    return .kernel(CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked))
  }

  /// The mean of a blocked tensor over all spatial axes: how newer exporters write a global average.
  static func mean(_ request: CompileRequest) -> Compilation? {
    guard let input = request.inputs[0], let output = request.outputs.first, input.layout == .blocked,
      input.type == .float32, input.shape.count > 2
    else { return nil }
    let isKept = output.shape == Array(input.shape[..<2]) + [Int](repeating: 1, count: input.shape.count - 2)
    // Whole blocks of single numbers lie as a matrix does.
    let isMatrix = output.shape == Array(input.shape[..<2]) && input.shape[1] % input.channelBlock == 0
    guard isKept || isMatrix, case .kernel(var kernel)? = global(request, takesMaximum: false) else { return nil }
    for index in kernel.reads.indices.dropFirst() { kernel.reads[index] = false }
    if isMatrix { kernel.outputLayouts = [.planar] }
    return .kernel(kernel)
  }

  private struct WindowPool: Kernel {
    let shape: ock_pool_shape
    let takesMaximum: Bool

    func run(_ call: KernelCall) {
      withUnsafePointer(to: shape) { shape in
        if takesMaximum {
          ock_max_pool(shape, call.input(0), call.output(0), call.threads)
        } else {
          ock_average_pool(shape, call.input(0), call.output(0), call.threads)
        }
      }
    }
  }

  private struct WholePool: Kernel {
    let blocks: Int32
    let area: Int32
    let takesMaximum: Bool

    func run(_ call: KernelCall) {
      if takesMaximum {
        ock_global_max(call.input(0), call.output(0), blocks, area, call.threads)
      } else {
        ock_global_average(call.input(0), call.output(0), blocks, area, call.threads)
      }
    }
  }

  private struct ByteMaxPool: Kernel {
    let shape: ock_pool_shape

    func run(_ call: KernelCall) {
      withUnsafePointer(to: shape) { ock_byte_max_pool($0, call.input(0), call.output(0), call.threads) }
    }
  }
}

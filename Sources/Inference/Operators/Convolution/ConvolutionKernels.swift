import Ground
import Kernels

/// Conv, plain and fused, with constant weights: one or two spatial axes, any groups.
enum ConvolutionKernels {
  /// Multiplications of one layer; those of real networks have a hundredth of it.
  private static let mostProducts = 1 << 40

  @Sendable static func compile(_ operation: FusedConvolution, _ request: CompileRequest) throws -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0],
      let weight = request.constants[1], weight.type == .float32, let output = request.outputs.first,
      input.canBeBlocked, output.canBeBlocked, input.fitsKernels, output.fitsKernels
    else { return nil }
    let bias = request.constants.count > 2 ? request.constants[2] : nil
    if bias == nil, request.node.input(2) != nil { return nil }
    let convolution = operation.convolution
    let geometry = try convolution.geometry(input: input.shape, weight: weight.shape, bias: bias?.shape)
    // More would take minutes between looks at the clock; the reference tier looks more often.
    guard output.count <= mostProducts / max(1, weight.count / max(1, weight.shape[0])) else { return nil }
    guard var shape = shape(convolution, geometry, batch: input.shape[0], weight.shape) else { return nil }
    if request.options.exact {
      return try OrderedConvolution.compile(operation, shape, weight: weight, bias: bias, output: output, request)
    }
    let touched = try touchedTaps(weight, &shape)
    let kind = ock_conv_choose(&shape, input.layout == .planar, request.options.exact)
    var conv = ock_conv()
    guard ock_conv_init(&conv, &shape, kind, operation.epilogue.kernelForm) else { return nil }

    let inputLayout: Layout = kind == OCK_CONV_PLANAR ? .planar : .blocked
    let packed = try request.weights.packed(
      weight, recipe: recipe(conv, bias) + (touched.map { " \($0.shape)" } ?? ""),
      byteCount: ock_conv_weight_count(&conv) * MemoryLayout<Float>.stride
    ) { target in
      let biases = bias?.elements(as: Float.self)
      (touched ?? weight).lendFloats { weights in
        ock_conv_pack(&conv, weights, biases?.baseAddress, target.assumingMemoryBound(to: Float.self))
      }
    }
    let kernel = BlockedConvolution(
      conv: conv, packed: packed, hasResidual: operation.epilogue.hasResidual,
      inputBatch: input.laid(inputLayout).batchStride, outputBatch: output.laid(.blocked).batchStride)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked)
    compiled.inputLayouts[0] = inputLayout
    compiled.reads[1] = false
    if compiled.reads.count > 2 { compiled.reads[2] = false }
    compiled.scratchBytes =
      ock_conv_scratch_count(&conv, Int32(clamping: request.options.threads)) * MemoryLayout<Float>.stride
    if operation.epilogue.hasResidual { compiled.inPlace = [(input: 3, output: 0)] }
    return .kernel(compiled)
  }

  /// The kernels' form of a geometry of one or two axes; nil for three.
  static func shape(
    _ convolution: Convolution, _ g: WindowGeometry, batch: Int, _ weight: [Int]
  ) -> ock_conv_shape? {
    guard g.input[0] == 1, g.kernel[0] == 1, g.output[0] == 1 else { return nil }
    func n(_ value: Int) -> Int32 { Int32(clamping: value) }
    return ock_conv_shape(
      batch: n(batch), in_channels: n(weight[1] * convolution.groups), out_channels: n(weight[0]),
      groups: n(convolution.groups), in_height: n(g.input[1]), in_width: n(g.input[2]), out_height: n(g.output[1]),
      out_width: n(g.output[2]), kernel_height: n(g.kernel[1]), kernel_width: n(g.kernel[2]),
      stride_y: n(g.strides[1]), stride_x: n(g.strides[2]), dilation_y: n(g.dilations[1]),
      dilation_x: n(g.dilations[2]), pad_top: n(g.padBegin[1]), pad_left: n(g.padBegin[2]))
  }

  /// The weights without the taps that lie outside the picture wherever the window stands, as those of wide dilations do,
  /// and the shape made to fit; nil when every tap counts.
  private static func touchedTaps(_ weight: Tensor, _ shape: inout ock_conv_shape) throws -> Tensor? {
    guard weight.rank == 4, max(shape.kernel_height, shape.kernel_width) <= 64 else { return nil }
    func taps(_ kernel: Int32, _ stride: Int32, _ dilation: Int32, _ pad: Int32, _ extent: Int32, _ outputs: Int32)
      -> Range<Int>
    {
      let touching = (0..<Int(kernel)).filter { tap in
        let places = (0..<Int(outputs)).lazy.map { $0 * Int(stride) - Int(pad) + tap * Int(dilation) }
        return places.contains { $0 >= 0 && $0 < Int(extent) }
      }
      // The padding in front must not turn negative.
      let first = min(touching.first ?? 0, Int(pad) / Int(max(1, dilation)))
      return first..<max(first + 1, (touching.last ?? 0) + 1)
    }
    let rows = taps(
      shape.kernel_height, shape.stride_y, shape.dilation_y, shape.pad_top, shape.in_height, shape.out_height)
    let columns = taps(
      shape.kernel_width, shape.stride_x, shape.dilation_x, shape.pad_left, shape.in_width, shape.out_width)
    if rows.count == weight.shape[2], columns.count == weight.shape[3] { return nil }
    shape.pad_top -= Int32(rows.lowerBound) * shape.dilation_y
    shape.pad_left -= Int32(columns.lowerBound) * shape.dilation_x
    (shape.kernel_height, shape.kernel_width) = (Int32(rows.count), Int32(columns.count))
    return try weight.cropped(
      [0, 0, rows.lowerBound, columns.lowerBound], Array(weight.shape[..<2]) + [rows.count, columns.count])
  }

  /// What packed weights depend on beside the weights themselves.
  private static func recipe(_ conv: ock_conv, _ bias: Tensor?) -> String {
    let name = bias.map { "\($0.storage.identity)+\($0.byteOffset)" } ?? ""
    return "conv \(conv.kind.rawValue) \(conv.isa.rawValue) \(conv.groups) \(name)"
  }

  private struct BlockedConvolution: Kernel {
    let conv: ock_conv
    let packed: TensorStorage
    let hasResidual: Bool
    let inputBatch: Int
    let outputBatch: Int

    func run(_ call: KernelCall) {
      var arguments = ock_conv_call(
        input: call.input(0), weights: packed.bytes.baseAddress?.assumingMemoryBound(to: Float.self),
        residual: hasResidual ? call.input(3) : nil, output: call.output(0), scratch: call.scratch(),
        input_batch: inputBatch, output_batch: outputBatch, residual_batch: outputBatch, threads: call.threads)
      withUnsafePointer(to: conv) { ock_conv_run($0, &arguments) }
    }
  }
}

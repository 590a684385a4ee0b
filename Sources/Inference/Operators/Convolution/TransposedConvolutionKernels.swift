import Ground
import Kernels

/// ConvTranspose whose windows lie side by side (stride = kernel, as decoders upsample): a pointwise convolution to
/// every tap's outputs, and a copy that spreads them. Others stay with the reference tier.
enum TransposedConvolutionKernels {
  @Sendable static func compile(_ operation: TransposedConvolution, _ request: CompileRequest) throws -> Compilation? {
    guard operation.groups == 1, request.isFloat(0),
      let input = request.inputs[0], let output = request.outputs.first, let weight = request.constants[1],
      weight.type == .float32, input.shape.count == 4, input.shape[0] == 1, input.canBeBlocked, output.canBeBlocked,
      input.fitsKernels, output.fitsKernels, request.node.input(2) == nil || request.constants[2] != nil
    else { return nil }
    let (kernelHeight, kernelWidth) = (weight.shape[2], weight.shape[3])
    guard operation.window.strides ?? [1, 1] == [kernelHeight, kernelWidth],
      output.shape[2] == input.shape[2] * kernelHeight, output.shape[3] == input.shape[3] * kernelWidth,
      (operation.window.dilations ?? [1, 1]) == [1, 1], (operation.window.pads ?? []).allSatisfy({ $0 == 0 })
    else { return nil }

    // Each tap's outputs begin a block.
    let padded = output.laid(.blocked).blockCount * Fact.block
    let taps = kernelHeight * kernelWidth
    let (height, width) = (Int32(input.shape[2]), Int32(input.shape[3]))
    var shape = ock_conv_shape(
      batch: 1, in_channels: Int32(input.shape[1]), out_channels: Int32(clamping: taps * padded), groups: 1,
      in_height: height, in_width: width, out_height: height, out_width: width, kernel_height: 1, kernel_width: 1,
      stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1, pad_top: 0, pad_left: 0)
    var conv = ock_conv()
    guard ock_conv_init(&conv, &shape, OCK_CONV_BLOCKED, Epilogue().kernelForm) else { return nil }
    let bias = request.constants.count > 2 ? request.constants[2] : nil
    let spread = try spreadWeights(weight, bias, padded: padded)
    let packed = try request.weights.packed(
      weight, recipe: "transposed \(conv.isa.rawValue) \(bias.map { "\($0.storage.identity)+\($0.byteOffset)" } ?? "")",
      byteCount: ock_conv_weight_count(&conv) * MemoryLayout<Float>.stride
    ) { target in
      ock_conv_pack(
        &conv, spread.weights.elements(as: Float.self).baseAddress, spread.biases,
        target.assumingMemoryBound(to: Float.self))
    }
    let scratch = Fact(.float32, [1, taps * padded, input.shape[2], input.shape[3]], .blocked)
    let kernel = SideBySide(
      conv: conv, packed: packed, blocks: Int32(padded / Fact.block), kernelHeight: Int32(kernelHeight),
      kernelWidth: Int32(kernelWidth))
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    compiled.scratchBytes = scratch.byteCount
    return .kernel(compiled)
  }

  /// Weights [in][out][tap] as those of a pointwise convolution [tap x padded out][in], and as many biases.
  private static func spreadWeights(
    _ weight: Tensor, _ bias: Tensor?, padded: Int
  ) throws -> (weights: Tensor, biases: [Float]) {
    let (inputs, outputs, taps) = (weight.shape[0], weight.shape[1], weight.shape[2] * weight.shape[3])
    let result = try Tensor(uninitialized: .float32, [taps * padded, inputs])
    let (source, target) = (weight.elements(as: Float.self), result.elements(as: Float.self))
    target.update(repeating: 0)
    var biases = [Float](repeating: 0, count: taps * padded)
    let shifts = bias?.elements(as: Float.self)
    for tap in 0..<taps {
      for out in 0..<outputs {
        biases[tap * padded + out] = shifts?[out] ?? 0
        for i in 0..<inputs { target[(tap * padded + out) * inputs + i] = source[(i * outputs + out) * taps + tap] }
      }
    }
    return (result, biases)
  }

  private struct SideBySide: Kernel {
    let conv: ock_conv
    let packed: TensorStorage
    let blocks, kernelHeight, kernelWidth: Int32

    func run(_ call: KernelCall) {
      guard let taps = call.scratch(as: Float.self) else { return }
      var arguments = ock_conv_call(
        input: call.input(0), weights: packed.bytes.baseAddress?.assumingMemoryBound(to: Float.self), residual: nil,
        output: taps, scratch: nil, input_batch: 0, output_batch: 0, residual_batch: 0, threads: call.threads)
      withUnsafePointer(to: conv) { ock_conv_run($0, &arguments) }
      ock_interleave_taps(
        taps, call.output(0), blocks, conv.shape.in_height, conv.shape.in_width, kernelHeight, kernelWidth, call.threads
      )
    }
  }
}

import Ground
import Kernels

/// Convolutions and products with constant weights on bytes.
enum ByteProductKernels {
  /// Products that a sum may have: beyond, 32 bits could overflow.
  static let deepestSum = 1 << 15

  @Sendable static func convolution(_ operation: QuantizedConvolution, _ request: CompileRequest) throws -> Compilation?
  {
    guard let input = request.inputs[0],
      input.type == .uint8, let weight = request.constants[1], let output = request.outputs.first,
      input.canBeBlocked, output.canBeBlocked, input.fitsKernels, output.fitsKernels,
      weight.count / weight.shape[0] <= deepestSum
    else { return nil }
    let geometry = try operation.convolution.geometry(input: input.shape, weight: weight.shape, bias: nil)
    guard
      var shape = ConvolutionKernels.shape(operation.convolution, geometry, batch: input.shape[0], weight.shape)
    else { return nil }
    let outputs = weight.shape[0]
    let scale = operation.product.weight
    let centered = CenteredWeights(weight) { scale.zero($0 / (weight.count / outputs)) }
    var conv = ock_qconv()
    ock_qconv_init(&conv, &shape, centered.parts)
    let bytes = ock_qconv_weight_bytes(&conv)
    let packed = try PackedBytes(
      request, weight, recipe: "\(scale.zeros) \(conv.depthwise) \(conv.groups) \(conv.dot.rawValue)",
      weightBytes: bytes, outputs: outputs
    ) { ock_qconv_pack(&conv, centered.values, $0, $1) }
    let epilogue = ByteEpilogue(
      operation.product, packed, bias: request.integers(2), outputs: outputs, offset: ock_dot_offset(conv.dot))
    let kernel = Convolve(
      conv: conv, packed: packed, epilogue: epilogue, inputBatch: input.laid(.blocked).batchStride,
      outputBatch: output.laid(.blocked).batchStride)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    compiled.scratchBytes = ock_qconv_scratch_bytes(&conv, Int32(clamping: request.options.threads))
    return .kernel(compiled)
  }

  @Sendable static func linear(_ operation: QuantizedLinear, _ request: CompileRequest) throws -> Compilation? {
    guard let a = request.inputs[0], a.type == .uint8,
      let weight = request.constants[1], weight.rank == 2, let output = request.outputs.first, let k = a.shape.last,
      let n = output.shape.last, output.count > 0, k > 0, k <= deepestSum, output.count <= Int(Int32.max),
      weight.shape == (operation.transposesB ? [n, k] : [k, n])
    else { return nil }
    let scale = operation.product.weight
    let centered = CenteredWeights(weight) { scale.zero(operation.transposesB ? $0 / k : $0 % n) }
    let dot = ock_active_dot()
    let packed = try PackedBytes(
      request, weight, recipe: "\(scale.zeros) \(operation.transposesB) \(dot.rawValue)",
      weightBytes: ock_qgemm_packed_bytes(Int32(k), Int32(n), centered.parts), outputs: n
    ) { ock_qgemm_pack(centered.values, operation.transposesB, Int32(k), Int32(n), centered.parts, dot, $0, $1) }
    let epilogue = ByteEpilogue(
      operation.product, packed, bias: request.integers(2), outputs: n, offset: ock_dot_offset(dot))
    let kernel = Multiply(
      m: Int32(output.count / n), n: Int32(n), k: Int32(k), dot: dot, parts: centered.parts, packed: packed,
      epilogue: epilogue)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    return .kernel(compiled)
  }

  private struct Convolve: Kernel {
    let conv: ock_qconv
    let packed: PackedBytes
    let epilogue: ByteEpilogue
    let inputBatch, outputBatch: Int

    func run(_ call: KernelCall) {
      epilogue.withPointers { bias, scales in
        var arguments = ock_qconv_call(
          input: call.input(0), weights: packed.weights, bias: bias, scales: scales, float_bias: nil,
          output: epilogue.isFloat ? nil : call.output(0), float_output: epilogue.isFloat ? call.output(0) : nil,
          scratch: call.scratch(), input_batch: inputBatch, output_batch: outputBatch, in_zero: epilogue.inputZero,
          steps: epilogue.steps, threads: call.threads)
        withUnsafePointer(to: conv) { ock_qconv_run($0, &arguments) }
      }
    }
  }

  private struct Multiply: Kernel {
    let m, n, k: Int32
    let dot: ock_dot
    let parts: Int32
    let packed: PackedBytes
    let epilogue: ByteEpilogue

    func run(_ call: KernelCall) {
      epilogue.withPointers { bias, scales in
        var arguments = ock_qgemm_call(
          m: m, n: n, k: k, dot: dot, parts: parts, a: call.input(0), lda: Int(k), packed: packed.weights, bias: bias,
          scales: scales, float_bias: nil, c: epilogue.isFloat ? nil : call.output(0),
          float_c: epilogue.isFloat ? call.output(0) : nil, steps: epilogue.steps, threads: call.threads)
        ock_qgemm(&arguments)
      }
    }
  }
}

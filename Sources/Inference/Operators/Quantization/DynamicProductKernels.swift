import Ground
import Kernels

/// Quantising at run time, and products of what comes of it.
enum DynamicProductKernels {
  @Sendable static func quantize(_ request: CompileRequest) -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0], input.count > 0, request.outputs.count == 3 else {
      return nil
    }
    return .kernel(CompiledKernel(QuantizeAtRunTime(count: input.count), inputs: 1, outputs: 3))
  }

  private struct QuantizeAtRunTime: Kernel {
    let count: Int

    func run(_ call: KernelCall) {
      var (low, high) = (Float(0), Float(0))
      ock_range_with_zero(call.input(0), count, &low, &high, call.threads)
      let span = (high - low) / 255
      let isUsable = span > 0 && span.isFinite
      let scale = isUsable ? span : 1
      let zero = isUsable ? UInt8(saturating: min(max((-low / scale).rounded(.toNearestOrEven), 0), 255)) : 0
      ock_quantize(
        call.input(0), call.output(0), count, scale, ock_steps(zero: Int32(zero), low: 0, high: 255), call.threads)
      call.output(1, as: Float.self).pointee = scale
      call.output(2, as: UInt8.self).pointee = zero
    }
  }

  @Sendable static func product(_ operation: DynamicProduct, _ request: CompileRequest) throws -> Compilation? {
    guard let x = request.inputs[0], x.type == .uint8,
      let weight = request.constants[1], let output = request.outputs.first, output.type == .float32, output.count > 0,
      output.fitsKernels, x.fitsKernels, request.inputs[2]?.type == .float32,
      request.node.input(3) == nil || request.inputs[3]?.type == .uint8 && request.inputs[3]?.count == 1
    else { return nil }
    let bias = request.node.input(4) == nil ? nil : request.floats(4)
    if bias == nil, request.node.input(4) != nil { return nil }
    return try operation.convolution == nil
      ? matrix(operation, request, x, weight, output, bias)
      : convolution(operation, request, x, weight, output, bias)
  }

  private static func matrix(
    _ operation: DynamicProduct, _ request: CompileRequest, _ x: Fact, _ weight: Tensor, _ output: Fact,
    _ bias: [Float]?
  ) throws -> Compilation? {
    let (k, n) = (weight.shape[0], weight.shape[1])
    guard x.shape.last == k, output.shape.last == n, k <= ByteProductKernels.deepestSum else { return nil }
    let centered = CenteredWeights(weight) { operation.weight.zero($0 % n) }
    let dot = ock_active_dot()
    let packed = try PackedBytes(
      request, weight, recipe: "\(operation.weight.zeros) \(dot.rawValue)",
      weightBytes: ock_qgemm_packed_bytes(Int32(k), Int32(n), centered.parts), outputs: n
    ) { ock_qgemm_pack(centered.values, false, Int32(k), Int32(n), centered.parts, dot, $0, $1) }
    let lanes = DynamicLanes(operation.weight, packed, bias: bias, offset: ock_dot_offset(dot))
    let kernel = Multiply(
      m: Int32(output.count / n), n: Int32(n), k: Int32(k), dot: dot, parts: centered.parts, lanes: lanes)
    return finished(CompiledKernel(kernel, inputs: request.inputs.count), lanes, extra: 0)
  }

  private static func convolution(
    _ operation: DynamicProduct, _ request: CompileRequest, _ x: Fact, _ weight: Tensor, _ output: Fact,
    _ bias: [Float]?
  ) throws -> Compilation? {
    let outputs = weight.shape[0]
    guard let convolution = operation.convolution, x.canBeBlocked, output.canBeBlocked,
      weight.count / outputs <= ByteProductKernels.deepestSum
    else { return nil }
    let geometry = try convolution.geometry(input: x.shape, weight: weight.shape, bias: nil)
    guard var shape = ConvolutionKernels.shape(convolution, geometry, batch: x.shape[0], weight.shape) else {
      return nil
    }
    let centered = CenteredWeights(weight) { operation.weight.zero($0 / (weight.count / outputs)) }
    var conv = ock_qconv()
    ock_qconv_init(&conv, &shape, centered.parts)
    let packed = try PackedBytes(
      request, weight,
      recipe: "\(operation.weight.zeros) \(conv.depthwise) \(conv.groups) \(conv.dot.rawValue)",
      weightBytes: ock_qconv_weight_bytes(&conv), outputs: outputs
    ) { ock_qconv_pack(&conv, centered.values, $0, $1) }
    let lanes = DynamicLanes(operation.weight, packed, bias: bias, offset: ock_dot_offset(conv.dot))
    let kernel = Convolve(
      conv: conv, lanes: lanes, inputBatch: x.laid(.blocked).batchStride,
      outputBatch: output.laid(.blocked).batchStride)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked)
    for index in compiled.inputLayouts.indices.dropFirst() { compiled.inputLayouts[index] = .planar }
    return finished(compiled, lanes, extra: ock_qconv_scratch_bytes(&conv, Int32(clamping: request.options.threads)))
  }

  private static func finished(_ kernel: CompiledKernel, _ lanes: DynamicLanes, extra: Int) -> Compilation {
    var compiled = kernel
    compiled.reads[1] = false
    if compiled.reads.count > 4 { compiled.reads[4] = false }
    compiled.scratchBytes = lanes.scratchBytes + extra
    return .kernel(compiled)
  }

  private struct Multiply: Kernel {
    let m, n, k: Int32
    let dot: ock_dot
    let parts: Int32
    let lanes: DynamicLanes

    func run(_ call: KernelCall) {
      lanes.withPointers(call) { bias, scales, shift, _, _ in
        var arguments = ock_qgemm_call(
          m: m, n: n, k: k, dot: dot, parts: parts, a: call.input(0), lda: Int(k), packed: lanes.packed.weights,
          bias: bias, scales: scales, float_bias: shift, c: nil, float_c: call.output(0), steps: ock_steps(),
          threads: call.threads)
        ock_qgemm(&arguments)
      }
    }
  }

  private struct Convolve: Kernel {
    let conv: ock_qconv
    let lanes: DynamicLanes
    let inputBatch, outputBatch: Int

    func run(_ call: KernelCall) {
      lanes.withPointers(call) { bias, scales, shift, zero, scratch in
        var arguments = ock_qconv_call(
          input: call.input(0), weights: lanes.packed.weights, bias: bias, scales: scales, float_bias: shift,
          output: nil, float_output: call.output(0), scratch: scratch, input_batch: inputBatch,
          output_batch: outputBatch, in_zero: zero, steps: ock_steps(), threads: call.threads)
        withUnsafePointer(to: conv) { ock_qconv_run($0, &arguments) }
      }
    }
  }
}

/// The bias and factor of each output, which follow from the input's scale and zero point of the run.
struct DynamicLanes: Sendable {
  let packed: PackedBytes
  private let scales: [Float]
  private let shift: [Float]
  private let offset: Int32

  init(_ weight: WeightScale, _ packed: PackedBytes, bias: [Float]?, offset: Int32) {
    self.packed = packed
    self.offset = offset
    let count = packed.sums.count
    scales = (0..<count).map { $0 < packed.outputs ? weight.scale($0) : 0 }
    shift = (0..<count).map { $0 < packed.outputs ? bias?[$0] ?? 0 : 0 }
  }

  var scratchBytes: Int { scales.count * (MemoryLayout<Int32>.stride + MemoryLayout<Float>.stride) }

  /// Fills the lanes from inputs 2 (scale) and 3 (zero point) and hands on: bias, scales, float bias, the zero point,
  /// and the scratch that is left.
  func withPointers(
    _ call: KernelCall,
    _ body: (UnsafePointer<Int32>, UnsafePointer<Float>, UnsafePointer<Float>?, Int32, UnsafeMutablePointer<UInt8>) ->
      Void
  ) {
    guard let bias = call.scratch(as: Int32.self) else { return }
    let scale = call.input(2, as: Float.self).pointee
    let zero = Int32(call.optionalInput(3, as: UInt8.self)?.pointee ?? 0)
    let count = scales.count
    // Safe: the kernel asked for scratchBytes of scratch, which is both arrays.
    let factors = UnsafeMutableRawPointer(bias + count).assumingMemoryBound(to: Float.self)
    let sums = packed.sums
    for lane in 0..<count {
      bias[lane] = 0 &- (zero - offset) &* sums[lane]
      factors[lane] = scale * scales[lane]
    }
    let rest = UnsafeMutableRawPointer(factors + count).assumingMemoryBound(to: UInt8.self)
    shift.withUnsafeBufferPointer { body(bias, factors, $0.baseAddress, zero, rest) }
  }
}

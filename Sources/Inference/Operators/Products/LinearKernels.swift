import Ground
import Kernels

/// Products of matrices: with constant weights (packed once), and of two tensors as attention has them.
enum LinearKernels {
  @Sendable static func linear(_ operation: LinearOperator, _ request: CompileRequest) throws -> Compilation? {
    guard request.isFloat(0),
      let weight = request.constants[1], weight.rank == 2, let a = request.inputs[0], let k = a.shape.last,
      let output = request.outputs.first, let n = output.shape.last, output.count > 0, k > 0, a.count > 0,
      output.count / n <= Int(Int32.max), n <= Int(Int32.max), k <= Int(Int32.max)
    else { return nil }
    let (rows, columns) = (Int32(k), Int32(n))
    let packed = try request.weights.packed(
      weight, recipe: "gemm \(ock_active_isa().rawValue) \(operation.transposesB)",
      byteCount: ock_gemm_packed_count(rows, columns) * MemoryLayout<Float>.stride
    ) { target in
      pack(weight, operation.transposesB, rows, columns, to: target.assumingMemoryBound(to: Float.self))
    }
    let kernel = LinearKernel(
      m: Int32(output.count / n), n: columns, k: rows, scale: operation.scale, packed: packed,
      epilogue: operation.epilogue.kernelForm, hasResidual: operation.epilogue.hasResidual)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
    compiled.reads[1] = false
    if operation.epilogue.hasResidual { compiled.inPlace = [(input: 3, output: 0)] }
    return .kernel(compiled)
  }

  /// Packs in parts, so that of a large matrix not all of the file and all of the packed form is in memory at once.
  private static func pack(
    _ weight: Tensor, _ isTransposed: Bool, _ rows: Int32, _ columns: Int32, to target: UnsafeMutablePointer<Float>
  ) {
    let stride = Int(isTransposed ? rows : columns)
    let tiles = Int(ock_gemm_tiles(columns))
    let parts = isTransposed ? max(1, min(tiles, weight.byteCount >> 24)) : 1
    weight.storage.lend { lent in
      for part in 0..<parts {
        let (first, end) = (tiles * part / parts, tiles * (part + 1) / parts)
        ock_gemm_pack_tiles(
          lent.floats(at: weight.byteOffset), stride, isTransposed, rows, columns, target, Int32(first), Int32(end))
        // About as far as the tiles reach; pages released too early are read again.
        if parts > 1 { lent.letGo(0..<(weight.byteOffset + weight.byteCount / tiles * end)) }
      }
    }
  }

  private struct LinearKernel: Kernel {
    let m, n, k: Int32
    let scale: Float
    let packed: TensorStorage
    let epilogue: ock_epilogue
    let hasResidual: Bool

    func run(_ call: KernelCall) {
      var arguments = ock_gemm_call(
        m: m, n: n, k: k, a: call.input(0), packed_b: packed.bytes.baseAddress?.assumingMemoryBound(to: Float.self),
        bias: call.optionalInput(2), residual: hasResidual ? call.input(3) : nil, c: call.output(0), lda: Int(k),
        ldc: Int(n), scale: scale, epilogue: epilogue, threads: call.threads)
      ock_gemm(&arguments)
    }
  }

  /// Two tensors with the same leading axes, or a second of two axes.
  @Sendable static func matMul(_ request: CompileRequest) throws -> Compilation? {
    guard request.isFloat(0), request.isFloat(1), let a = request.inputs[0], let b = request.inputs[1],
      let output = request.outputs.first, a.shape.count >= 2, b.shape.count >= 2, output.count > 0, a.count > 0,
      output.count <= Int(Int32.max), a.count <= Int(Int32.max), b.count <= Int(Int32.max)
    else { return nil }
    let (k, n) = (b.shape[b.shape.count - 2], b.shape[b.shape.count - 1])
    let sharesB = b.shape.dropLast(2).allSatisfy { $0 == 1 }
    guard sharesB || a.shape.dropLast(2) == b.shape.dropLast(2) else { return try repeated(request, a, b) }
    let m = sharesB ? output.count / n : output.shape[output.shape.count - 2]
    let kernel = MatMulKernel(m: Int32(m), n: Int32(n), k: Int32(k), count: Int32(output.count / m / n))
    var compiled = CompiledKernel(kernel, inputs: 2)
    compiled.scratchBytes =
      ock_gemm_packed_count(Int32(k), Int32(n)) * max(1, request.options.threads) * MemoryLayout<Float>.stride
    return .kernel(compiled)
  }

  /// Rows of matrices of which either side repeats some.
  private static func repeated(_ request: CompileRequest, _ a: Fact, _ b: Fact) throws -> Compilation? {
    let geometry = try MatMul.Geometry(a.shape, b.shape)
    guard geometry.k > 0 else { return nil }
    let sources = (0..<geometry.batchCount).map(geometry.sources)
    let (m, n, k) = (Int32(geometry.m), Int32(geometry.n), Int32(geometry.k))
    var compiled = CompiledKernel(RepeatedMatMul(m: m, n: n, k: k, sources: sources), inputs: 2)
    compiled.scratchBytes = ock_gemm_packed_count(k, n) * MemoryLayout<Float>.stride
    return .kernel(compiled)
  }

  private struct RepeatedMatMul: Kernel {
    let m, n, k: Int32
    /// Which matrix of A and of B each item multiplies.
    let sources: [(a: Int, b: Int)]

    func run(_ call: KernelCall) {
      guard let packed = call.scratch(as: Float.self) else { return }
      let (a, b): (UnsafePointer<Float>, UnsafePointer<Float>) = (call.input(0), call.input(1))
      var last = -1
      for (index, source) in sources.enumerated() {
        if source.b != last { ock_gemm_pack(b + source.b * Int(k) * Int(n), Int(n), false, k, n, packed) }
        last = source.b
        var arguments = ock_gemm_call(
          m: m, n: n, k: k, a: a + source.a * Int(m) * Int(k), packed_b: packed, bias: nil, residual: nil,
          c: call.output(0) + index * Int(m) * Int(n), lda: Int(k), ldc: Int(n), scale: 1,
          epilogue: ock_epilogue(act: .none, residual_after: false), threads: call.threads)
        ock_gemm(&arguments)
      }
    }
  }

  private struct MatMulKernel: Kernel {
    let m, n, k, count: Int32

    func run(_ call: KernelCall) {
      let one = ock_gemm_call(
        m: m, n: n, k: k, a: call.input(0), packed_b: nil, bias: nil, residual: nil, c: call.output(0), lda: Int(k),
        ldc: Int(n), scale: 1, epilogue: ock_epilogue(act: .none, residual_after: false), threads: call.threads)
      var batch = ock_gemm_batch_call(
        one: one, b: call.input(1), b_stride: Int(n), b_transposed: false, count: count, a_step: Int(m) * Int(k),
        b_step: Int(k) * Int(n), c_step: Int(m) * Int(n), scratch: call.scratch())
      ock_gemm_batch(&batch)
    }
  }
}

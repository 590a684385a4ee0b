import Ground
import Kernels

/// Attention in one pass over blocks of queries: the scores never leave the core's cache.
enum AttentionKernels {
  @Sendable static func compile(_ operation: FusedAttention, _ request: CompileRequest) -> Compilation? {
    guard (0..<3).allSatisfy(request.isFloat),
      operation.q.column == 1, operation.v.column == 1, operation.out.column == 1,
      operation.k.column == 1 || operation.k.row == 1, operation.mask == nil || request.isFloat(3),
      [operation.batch * operation.heads, operation.queries, operation.keys, operation.depth, operation.width]
        .allSatisfy({ (1...Int(Int32.max)).contains($0) })
    else { return nil }
    let isByKey = operation.k.column == 1
    var shape = ock_attention()
    (shape.batch, shape.heads) = (Int32(operation.batch), Int32(operation.heads))
    (shape.queries, shape.keys) = (Int32(operation.queries), Int32(operation.keys))
    (shape.depth, shape.width) = (Int32(operation.depth), Int32(operation.width))
    (shape.q, shape.v, shape.out) = (form(operation.q), form(operation.v), form(operation.out))
    shape.k = form(operation.k)
    if !isByKey { shape.k.row = operation.k.column }
    if let mask = operation.mask {
      guard mask.column == 1, mask.row == 0 || mask.row == operation.keys else { return nil }
      shape.mask = form(mask)
    }
    shape.k_by_key = isByKey
    shape.guards = operation.guards
    shape.scale = operation.scale
    var compiled = CompiledKernel(
      AttentionKernel(shape: shape, isMasked: operation.mask != nil), inputs: request.inputs.count)
    compiled.scratchBytes =
      ock_attention_scratch_count(&shape, Int32(clamping: request.options.threads)) * MemoryLayout<Float>.stride
    return .kernel(compiled)
  }

  private static func form(_ strides: FusedAttention.Strides) -> ock_matrices {
    ock_matrices(batch: strides.batch, head: strides.head, row: strides.row)
  }

  private struct AttentionKernel: Kernel {
    let shape: ock_attention
    let isMasked: Bool

    func run(_ call: KernelCall) {
      withUnsafePointer(to: shape) {
        ock_attention_run(
          $0, call.input(0), call.input(1), call.input(2), isMasked ? call.input(3) : nil, call.output(0),
          call.scratch(), call.threads)
      }
    }
  }
}

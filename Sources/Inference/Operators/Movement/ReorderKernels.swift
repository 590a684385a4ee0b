import Kernels

/// Changes of layout that the plan inserts.
enum ReorderKernels {
  /// What a reorder is called in profiles. It is never interpreted.
  static let node = Graph.Node(
    name: "", operation: Operation(domain: "", name: "Reorder", evaluator: Identity()),
    attributes: NodeAttributes(opset: 1, inputCount: 1, outputCount: 1), inputs: [nil], outputs: [nil])

  static func compile(from: Fact, to: Fact) -> CompiledKernel {
    var compiled = CompiledKernel(
      Reorder(
        toBlocked: to.layout == .blocked, batch: Int32(clamping: from.shape[0]),
        channels: Int32(clamping: from.shape[1]), area: Int32(clamping: from.area),
        planarBatch: from.laid(.planar).batchStride, blockedBatch: from.laid(.blocked).batchStride,
        isBytes: from.type == .uint8),
      inputs: 1)
    compiled.inputLayouts = [from.layout]
    compiled.outputLayouts = [to.layout]
    return compiled
  }

  private struct Reorder: Kernel {
    let toBlocked: Bool
    let batch, channels, area: Int32
    let planarBatch, blockedBatch: Int
    let isBytes: Bool

    func run(_ call: KernelCall) {
      if isBytes {
        let reorder = toBlocked ? ock_bytes_to_blocked : ock_bytes_from_blocked
        reorder(call.input(0), call.output(0), batch, channels, area, call.threads)
      } else if toBlocked {
        ock_to_blocked(
          call.input(0), planarBatch, call.output(0), blockedBatch, batch, channels, area, call.threads)
      } else {
        ock_from_blocked(
          call.input(0), blockedBatch, call.output(0), planarBatch, batch, channels, area, call.threads)
      }
    }
  }
}

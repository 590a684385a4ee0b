import Kernels

/// Activations alone, and arithmetic of two float32 tensors in the common ways of broadcasting.
enum ElementwiseKernels {
  static let definitions =
    [KernelDefinition("Activation", domain: fusedDomain, compile: compileActivation)]
    + [KernelDefinition("FusedBinary", domain: fusedDomain, compile: compileBinary)]
    + operations.keys.map { KernelDefinition($0, compile: compileBinary) }

  private static let operations: [String: ock_binary_kind] = [
    "Add": OCK_ADD, "Sub": OCK_SUB, "Mul": OCK_MUL, "Div": OCK_DIV, "Max": OCK_MAX, "Min": OCK_MIN,
  ]

  @Sendable private static func compileActivation(_ request: CompileRequest) -> Compilation? {
    guard let activation = request.node.activation, request.isFloat(0), let input = request.inputs[0] else {
      return nil
    }
    var compiled = CompiledKernel(
      ActivationKernel(act: activation.kernelForm, count: input.floatCount), inputs: 1, layout: input.layout)
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  private struct ActivationKernel: Kernel {
    let act: ock_act
    let count: Int

    func run(_ call: KernelCall) { ock_activate(act, call.input(0), call.output(0), count, call.threads) }
  }

  /// How the smaller operand meets the larger.
  private enum Broadcast: Sendable {
    case same(count: Int)
    case scalar(count: Int)
    /// The small one is repeated for every row.
    case row(rows: Int, columns: Int)
    /// Each of its elements stands for a row.
    case column(rows: Int, columns: Int)
    /// Each of its elements stands for a channel of a blocked tensor.
    case channel(blocks: Int, area: Int)
  }

  @Sendable private static func compileBinary(_ request: CompileRequest) -> Compilation? {
    let fused = request.node.evaluator as? FusedBinary
    guard let kind = operations[fused?.operatorType ?? request.node.operatorType], request.inputs.count == 2,
      request.isFloat(0),
      request.isFloat(1), let a = request.inputs[0], let b = request.inputs[1], let output = request.outputs.first
    else { return nil }
    let swapped = a.shape != output.shape
    let (large, small) = swapped ? (b, a) : (a, b)
    guard large.shape == output.shape, output.count > 0 else { return nil }
    guard let (broadcast, layout) = broadcast(large, small) else { return nil }
    let kernel = BinaryKernel(
      kind: kind, act: (fused?.activation ?? .none).kernelForm, broadcast: broadcast, swapped: swapped)
    var compiled = CompiledKernel(kernel, inputs: 2, layout: layout)
    // One element is one element in any layout, unless a block would be made of it.
    if case .scalar = broadcast { compiled.inputLayouts[swapped ? 0 : 1] = .planar }
    compiled.inPlace = [(input: swapped ? 1 : 0, output: 0)]
    if case .same = broadcast { compiled.inPlace.append((input: 1, output: 0)) }
    return .kernel(compiled)
  }

  private static func broadcast(_ large: Fact, _ small: Fact) -> (Broadcast, Layout)? {
    if small.shape == large.shape {
      let layout: Layout =
        large.canBeBlocked && (large.layout == .blocked || small.layout == .blocked) ? .blocked : .planar
      return (.same(count: large.laid(layout).floatCount), layout)
    }
    if small.count == 1 { return (.scalar(count: large.floatCount), large.layout) }
    let padded = [Int](repeating: 1, count: large.shape.count - small.shape.count) + small.shape
    if large.layout == .blocked, small.shape.count == large.shape.count, padded[..<2] == large.shape[..<2],
      padded[2...].allSatisfy({ $0 == 1 })
    {
      return (.channel(blocks: large.blockCount, area: large.area), .blocked)
    }
    // The small one's real extents must be all of the last axes, or all of the first.
    guard let first = padded.firstIndex(where: { $0 != 1 }), let last = padded.lastIndex(where: { $0 != 1 }),
      padded[first...last] == large.shape[first...last]
    else { return nil }
    if large.shape[(last + 1)...].allSatisfy({ $0 == 1 }) {
      return (.row(rows: large.shape[..<first].reduce(1, *), columns: small.count), .planar)
    }
    if large.shape[..<first].allSatisfy({ $0 == 1 }) {
      return (.column(rows: small.count, columns: large.shape[(last + 1)...].reduce(1, *)), .planar)
    }
    return nil
  }

  private struct BinaryKernel: Kernel {
    let kind: ock_binary_kind
    let act: ock_act
    let broadcast: Broadcast
    /// The first operand is the smaller one.
    let swapped: Bool

    func run(_ call: KernelCall) {
      let large: UnsafePointer<Float> = call.input(swapped ? 1 : 0)
      let small: UnsafePointer<Float> = call.input(swapped ? 0 : 1)
      let (output, threads): (UnsafeMutablePointer<Float>, Int32) = (call.output(0), call.threads)
      switch broadcast {
      case .same(let count): ock_binary(kind, act, large, small, output, count, threads)
      case .scalar(let count): ock_binary_scalar(kind, act, large, small[0], swapped, output, count, threads)
      case .row(let rows, let columns):
        ock_binary_row(kind, act, large, small, swapped, output, rows, columns, threads)
      case .column(let rows, let columns):
        ock_binary_column(kind, act, large, small, swapped, output, rows, columns, threads)
      case .channel(let blocks, let area):
        ock_binary_channel(kind, act, large, small, swapped, output, blocks, area, threads)
      }
    }
  }
}

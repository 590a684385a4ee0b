import Ground
import Kernels

/// Activations alone, and arithmetic of two float32 tensors in the common ways of broadcasting.
enum ElementwiseKernels {
  @Sendable static func negation(_ request: CompileRequest) -> Compilation? { activate(.linear(-1, 0), request) }

  /// Powers that are a square, a root or a reciprocal.
  @Sendable static func power(_ request: CompileRequest) -> Compilation? {
    guard let output = request.outputs.first, let base = request.inputs[0], output.shape == base.shape,
      let exponent = request.floats(1), exponent.count == 1
    else { return nil }
    switch exponent[0] {
    case 2 where request.isFloat(0):
      var compiled = CompiledKernel(Square(count: base.floatCount), inputs: 2, layout: base.layout)
      compiled.reads[1] = false
      compiled.inPlace = [(input: 0, output: 0)]
      return .kernel(compiled)
    case 0.5: return activate(.sqrt, request)
    case -1: return activate(.reciprocal, request)
    default: return nil
    }
  }

  private struct Square: Kernel {
    let count: Int

    func run(_ call: KernelCall) {
      let x: UnsafePointer<Float> = call.input(0)
      ock_binary(OCK_MUL, .none, x, x, call.output(0), count, call.threads)
    }
  }

  static func activate(_ activation: Activation, _ request: CompileRequest) -> Compilation? {
    guard request.isFloat(0), let input = request.inputs[0] else { return nil }
    var compiled = CompiledKernel(
      ActivationKernel(act: activation.kernelForm, count: input.floatCount), inputs: request.inputs.count,
      layout: input.layout)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
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

  static func binary(
    _ binary: BinaryKind, _ request: CompileRequest, activation: Activation = .none
  ) -> Compilation? {
    guard request.inputs.count == 2, request.isFloat(0), request.isFloat(1), let a = request.inputs[0],
      let b = request.inputs[1], let output = request.outputs.first
    else { return nil }
    let kind = binary.kernelForm
    let swapped = a.shape != output.shape
    let (large, small) = swapped ? (b, a) : (a, b)
    guard output.count > 0 else { return nil }
    let act = activation.kernelForm
    if let smallValues = request.constants[swapped ? 0 : 1], large.shape == output.shape,
      let compiled = ScaleShiftKernels.byChannel(kind, act, large, smallValues, isFirst: swapped)
    {
      return compiled
    }
    guard large.shape == output.shape, let (broadcast, layout) = broadcast(large, small) else {
      return general(kind, act, a, b, output)
    }
    let kernel = BinaryKernel(
      kind: kind, act: act, broadcast: broadcast, swapped: swapped)
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

  /// Operands that repeat along any axes.
  private static func general(
    _ kind: ock_binary_kind, _ act: ock_act, _ a: Fact, _ b: Fact, _ output: Fact
  ) -> Compilation? {
    func steps(_ shape: [Int]) -> [Int] {
      let padded = [Int](repeating: 1, count: output.shape.count - shape.count) + shape
      return zip(padded, MovementKernels.rowMajorSteps(padded)).map { $0 == 1 ? 0 : $1 }
    }
    var axes: [(extent: Int, a: Int, b: Int)] = []
    for (extent, (a, b)) in zip(output.shape, zip(steps(a.shape), steps(b.shape))) where extent != 1 {
      if let last = axes.last, last.a == a * extent, last.b == b * extent {
        axes[axes.count - 1] = (last.extent * extent, a, b)
      } else {
        axes.append((extent, a, b))
      }
    }
    guard let last = axes.last, axes.count <= Int(OCK_BROADCAST_AXES), last.a <= 1, last.b <= 1 else { return nil }
    var form = ock_broadcast()
    form.rank = Int32(axes.count)
    withUnsafeMutableBytes(of: &form.shape) { $0.bindMemory(to: Int.self).fill(axes.map(\.extent)) }
    withUnsafeMutableBytes(of: &form.a) { $0.bindMemory(to: Int.self).fill(axes.map(\.a)) }
    withUnsafeMutableBytes(of: &form.b) { $0.bindMemory(to: Int.self).fill(axes.map(\.b)) }
    return .kernel(CompiledKernel(GeneralBinary(kind: kind, act: act, form: form), inputs: 2))
  }

  private struct GeneralBinary: Kernel {
    let kind: ock_binary_kind
    let act: ock_act
    let form: ock_broadcast

    func run(_ call: KernelCall) {
      withUnsafePointer(to: form) {
        ock_binary_broadcast(kind, act, $0, call.input(0), call.input(1), call.output(0), call.threads)
      }
    }
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

extension UnsafeMutableBufferPointer<Int> {
  fileprivate func fill(_ values: [Int]) { for (index, value) in values.enumerated() { self[index] = value } }
}

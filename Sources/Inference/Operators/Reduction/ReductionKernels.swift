import Kernels

/// ReduceSum and its kin over neighbouring axes of float32.
enum ReductionKernels {
  static func compile(_ reduction: ReductionOperators.Kind, _ request: CompileRequest) throws -> Compilation? {
    guard let kind = reduction.kernelForm, request.isFloat(0), let input = request.inputs[0], input.count > 0 else {
      return nil
    }
    if reduction == .mean, let pooled = PoolingKernels.mean(request) { return pooled }
    guard let axes = try axes(request, rank: input.shape.count) else { return nil }
    // Axes of extent 1 are reduced, or not, without doing anything.
    let real = axes.filter { input.shape[$0] != 1 }.sorted()
    guard let first = real.first, let last = real.last else { return nil }
    for axis in first...last where input.shape[axis] != 1 && !real.contains(axis) { return nil }
    let kernel = Reduction(
      kind: kind, outer: input.shape[..<first].reduce(1, *), axis: input.shape[first...last].reduce(1, *),
      inner: input.shape[(last + 1)...].reduce(1, *))
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    return .kernel(compiled)
  }

  /// The axes to reduce, from 0 on; nil where only a run tells.
  private static func axes(_ request: CompileRequest, rank: Int) throws -> [Int]? {
    var given = try request.node.attributes.ints("axes")
    if given == nil, request.inputs.count > 1, request.inputs[1] != nil {
      guard let tensor = request.constants[1] else { return nil }
      given = try tensor.integers()
    }
    if let given, !given.isEmpty { return try normalizedAxes(given, rank: rank) }
    if try request.node.attributes.flag("noop_with_empty_axes") { return nil }
    return Array(0..<rank)
  }

  private struct Reduction: Kernel {
    let kind: ock_reduction
    let outer, axis, inner: Int

    func run(_ call: KernelCall) {
      ock_reduce(kind, call.input(0), call.output(0), outer, axis, inner, call.threads)
    }
  }
}

extension ReductionOperators.Kind {
  /// The reduction as the kernels know it; nil for those that the reference tier keeps.
  fileprivate var kernelForm: ock_reduction? {
    switch self {
    case .sum: OCK_REDUCE_SUM
    case .mean: OCK_REDUCE_MEAN
    case .maximum: OCK_REDUCE_MAX
    case .minimum: OCK_REDUCE_MIN
    case .l1: OCK_REDUCE_L1
    case .l2: OCK_REDUCE_L2
    case .sumSquare: OCK_REDUCE_SQUARES
    case .product, .logSum, .logSumExp: nil
    }
  }
}

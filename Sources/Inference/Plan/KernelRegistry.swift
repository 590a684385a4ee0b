/// How to compile one kind of operator: one line in its family's table.
package struct KernelDefinition: Sendable {
  package let domain: String
  package let operatorType: String
  /// Whether the kernel copes with outputs that the node leaves out.
  package let allowsOmittedOutputs: Bool
  /// nil when this form of the operator (its types, shapes, attributes) has no kernel: the reference tier then runs it.
  package let compile: @Sendable (CompileRequest) throws -> Compilation?

  package init(
    _ operatorType: String, domain: String = "", allowsOmittedOutputs: Bool = false,
    compile: @escaping @Sendable (CompileRequest) throws -> Compilation?
  ) {
    self.domain = domain
    self.operatorType = operatorType
    self.allowsOmittedOutputs = allowsOmittedOutputs
    self.compile = compile
  }
}

/// Every operator that has a compiled form. A family is an enum with a table `definitions` in a file of its own under
/// Plan/Kernels/; to add one, add a line here.
package enum KernelRegistry {
  private static let families: [[KernelDefinition]] = [
    ViewKernels.definitions,
    ConcatKernels.definitions,
    MovementKernels.definitions,
    ConvolutionKernels.definitions,
    PoolingKernels.definitions,
    ReductionKernels.definitions,
    SamplingKernels.definitions,
    PaddingKernels.definitions,
    ElementwiseKernels.definitions,
    LinearKernels.definitions,
    NormalizationKernels.definitions,
    ResizeKernels.definitions,
    TransposeKernels.definitions,
    TransposedConvolutionKernels.definitions,
    ScaleShiftKernels.definitions,
    RecurrentKernels.definitions,
    ByteProductKernels.definitions,
    ByteElementwiseKernels.definitions,
    BytePoolingKernels.definitions,
    DynamicProductKernels.definitions,
    AttentionKernels.definitions,
  ]

  private static let table: [String: KernelDefinition] = Dictionary(
    families.joined().map { ("\($0.domain)/\($0.operatorType)", $0) }, uniquingKeysWith: { first, _ in first })

  package static func definition(of node: Graph.Node) -> KernelDefinition? {
    table["\(node.domain)/\(node.operatorType)"]
  }
}

/// How to make one operator from a node: one line in its family's table.
public struct OperatorDefinition: Sendable {
  /// "" is the default ONNX domain.
  public let domain: String
  public let name: String
  /// The first operator set version with this meaning (`since_version` in the specification).
  public let since: Int
  public let make: @Sendable (NodeAttributes) throws -> any Operator

  public init(
    _ name: String, domain: String = "", since: Int = 1,
    make: @escaping @Sendable (NodeAttributes) throws -> any Operator
  ) {
    self.domain = domain
    self.name = name
    self.since = since
    self.make = make
  }
}

/// All operators that the engine knows. A family is an enum with a table `static let definitions: [OperatorDefinition]`
/// in a file of its own. To add an operator, add a line to its family's table; to add a family, a line here.
public enum OperatorRegistry {
  private static let families: [[OperatorDefinition]] = [
    ConvolutionFamily.definitions,
    PoolingFamily.definitions,
    MatrixProductFamily.definitions,
    BatchNormalizationFamily.definitions,
    ArithmeticOperators.definitions,
    ComparisonOperators.definitions,
    UnaryMathOperators.definitions,
    ActivationOperators.definitions,
    CastOperators.definitions,
    SoftmaxOperators.definitions,
    ReductionOperators.definitions,
    OrderingOperators.definitions,
    ReshapingOperators.definitions,
    SlicingOperators.definitions,
    PaddingOperators.definitions,
    GatheringOperators.definitions,
    ScatteringOperators.definitions,
    SelectionOperators.definitions,
    GeneratorOperators.definitions,
    RearrangementOperators.definitions,
    ResizeOperators.definitions,
    GridSamplingOperators.definitions,
    NormalizationOperators.definitions,
    QuantizationOperators.definitions,
    QuantizedProductOperators.definitions,
    MicrosoftQuantizedOperators.definitions,
    MicrosoftFusedOperators.definitions,
    MicrosoftAttentionOperators.definitions,
    MicrosoftTransformerOperators.definitions,
    MicrosoftLayoutOperators.definitions,
    MicrosoftBlockedOperators.definitions,
    ControlFlowOperators.definitions,
    SequenceOperators.definitions,
    RecurrentOperators.definitions,
    LossOperators.definitions,
    AlgebraOperators.definitions,
    SuppressionOperators.definitions,
    RegionPoolingOperators.definitions,
    UnpoolingOperators.definitions,
    DeformableConvolutionOperators.definitions,
    SignalOperators.definitions,
    RandomOperators.definitions,
    TextOperators.definitions,
    TreeOperators.definitions,
    AttentionOperators.definitions,
    TransformerOperators.definitions,
  ]

  private static let table: [String: [OperatorDefinition]] = {
    var table: [String: [OperatorDefinition]] = [:]
    for definition in families.joined() {
      table["\(definition.domain)/\(definition.name)", default: []].append(definition)
    }
    return table.mapValues { $0.sorted { $0.since > $1.since } }
  }()

  /// The definition that holds for `opset`, or nil when the operator is unknown there. "ai.onnx" is the default domain.
  public static func definition(domain: String, name: String, opset: Int) -> OperatorDefinition? {
    let domain = domain == "ai.onnx" ? "" : domain
    return table["\(domain)/\(name)"]?.first { $0.since <= opset }
  }

  /// Every definition, for documentation and coverage tests.
  public static var all: [OperatorDefinition] { table.values.flatMap { $0 } }
}

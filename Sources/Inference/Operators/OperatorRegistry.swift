import Ground

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
    Scaler.definitions,
  ]

  private static let table: [String: [OperatorDefinition]] = {
    var table: [String: [OperatorDefinition]] = [:]
    for definition in families.joined() {
      let key = "\(definition.domain)/\(definition.name)"
      precondition(
        table[key]?.contains { $0.since == definition.since } != true, "two rows for \(key) since \(definition.since)")
      table[key, default: []].append(definition)
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

extension OperatorRegistry {
  /// An operator of the default domain as an exporter would write it, for graph passes.
  ///
  /// - Throws: ``InferenceError`` when there is none, or its attributes are wrong.
  static func standard(_ name: String, _ attributes: NodeAttributes) throws -> Operation {
    guard let definition = definition(domain: "", name: name, opset: attributes.opset) else {
      throw InferenceError(.unknownOperator, "unknown operator '\(name)'")
    }
    return try definition.operation(attributes)
  }
}

extension Graph.Node {
  /// A node of the default domain as an exporter would write it.
  static func standard(
    _ type: String, _ inputs: [ValueID?], _ outputs: [ValueID?], name: String = "",
    attributes: [String: NodeAttributes.Attribute] = [:], opset: Int = 13
  ) throws -> Graph.Node {
    let attributes = NodeAttributes(attributes, opset: opset, inputCount: inputs.count, outputCount: outputs.count)
    return Graph.Node(
      name: name, operation: try OperatorRegistry.standard(type, attributes), attributes: attributes, inputs: inputs,
      outputs: outputs)
  }
}

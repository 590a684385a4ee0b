import Ground

/// Everything that the engine knows of one operator: a row of its family's table.
///
/// The evaluator is required and is the reference. The shape rule and the kernel are optional and must agree with it.
/// Rules of operators that are types of their own get the decoded operator, typed; rules of operators that are closures
/// (``tensor(_:domain:since:_:)``) read the attributes.
public struct OperatorDefinition: Sendable {
  /// "" is the default ONNX domain.
  public let domain: String
  public let name: String
  /// The first operator set version with this meaning (`since_version` in the specification).
  public let since: Int
  package private(set) var traits = OperatorTraits()
  private let bind: @Sendable (NodeAttributes) throws -> Bound
  private var shapeRule: ShapeRule?
  private var kernelRule: KernelRule?

  /// An evaluator with the rules that are bound to it.
  private struct Bound {
    var evaluator: any Operator
    var shapes: ShapeRule?
    var kernel: KernelRule?
    var shapeSource: OperatorTraits.ShapeSource?
  }

  /// - Parameter make: decodes the attributes, once per node.
  package init<Evaluator: Operator>(
    _ name: String, domain: String = "", since: Int = 1,
    shapes: (@Sendable (Evaluator, ShapeQuestion) throws -> [Fact]?)? = nil,
    kernel: (@Sendable (Evaluator, CompileRequest) throws -> Compilation?)? = nil,
    make: @escaping @Sendable (NodeAttributes) throws -> Evaluator
  ) {
    self.domain = domain
    self.name = name
    self.since = since
    bind = { attributes in
      let evaluator = try make(attributes)
      var bound = Bound(evaluator: evaluator)
      if let shapes { bound.shapes = { question in try shapes(evaluator, question) } }
      if let kernel { bound.kernel = { request in try kernel(evaluator, request) } }
      return bound
    }
  }

  /// An operator of the default domain under another domain's name. It evaluates and is shaped as the original; it has no
  /// kernel, since graph passes bring such nodes to the default domain first.
  package init(
    _ name: String, domain: String, since: Int = 1, sameAs original: @escaping @Sendable () -> OperatorDefinition?
  ) {
    self.domain = domain
    self.name = name
    self.since = since
    bind = { attributes in
      guard let operation = try original()?.operation(attributes) else {
        throw InferenceError(.unknownOperator, "unknown operator '\(name)'")
      }
      return Bound(
        evaluator: operation.evaluator, shapes: operation.shapes, shapeSource: operation.traits.shapeSource)
    }
  }

  /// The operator with its attributes decoded.
  ///
  /// - Throws: ``InferenceError`` when an attribute has the wrong type or an impossible value.
  package func operation(_ attributes: NodeAttributes) throws -> Operation {
    let bound = try bind(attributes)
    var traits = traits
    if let source = bound.shapeSource { traits.shapeSource = source }
    return Operation(
      domain: domain, name: name, traits: traits, evaluator: bound.evaluator, shapes: bound.shapes ?? shapeRule,
      kernel: bound.kernel ?? kernelRule)
  }

  /// The evaluator alone.
  public func make(_ attributes: NodeAttributes) throws -> any Operator { try bind(attributes).evaluator }
}

// MARK: what a row adds to its evaluator

extension OperatorDefinition {
  private func with(_ change: (inout OperatorDefinition) -> Void) -> OperatorDefinition {
    var copy = self
    change(&copy)
    return copy
  }

  package func shapes(_ rule: @escaping ShapeRule) -> OperatorDefinition { with { $0.shapeRule = rule } }

  package func kernel(_ rule: @escaping KernelRule) -> OperatorDefinition { with { $0.kernelRule = rule } }

  package func late(_ role: OperatorTraits.LateRole) -> OperatorDefinition { with { $0.traits.late = role } }

  /// The values of these inputs decide the shapes of the outputs.
  package func shapedBy(_ inputs: Int...) -> OperatorDefinition {
    with { $0.traits.shapeSource = .values(inputs) }
  }

  /// Only a run tells the shapes of the outputs.
  package func shapedByRun() -> OperatorDefinition { with { $0.traits.shapeSource = .run } }

  package func random(_ when: OperatorTraits.Randomness) -> OperatorDefinition {
    with { $0.traits.randomness = when }
  }

  package func elementwise() -> OperatorDefinition { with { $0.traits.isElementwise = true } }

  package func movesElements() -> OperatorDefinition { with { $0.traits.movesElements = true } }

  package func allowsOmittedOutputs() -> OperatorDefinition { with { $0.traits.allowsOmittedOutputs = true } }
}

// MARK: operators of graph passes

/// The domain of the operators that graph passes make; files cannot name them.
package let fusedDomain = "ocellus"

/// An operator that graph passes make. It holds its settings itself and has no attributes.
package protocol FusedOperator: Operator {
  static var definition: FusedDefinition<Self> { get }
}

/// The row of an operator that graph passes make. Its shapes are known from the nodes that it replaces.
package struct FusedDefinition<Evaluator: FusedOperator>: Sendable {
  package let name: String
  package var isElementwise = false
  package let kernel: @Sendable (Evaluator, CompileRequest) throws -> Compilation?

  package init(
    _ name: String, isElementwise: Bool = false,
    kernel: @escaping @Sendable (Evaluator, CompileRequest) throws -> Compilation?
  ) {
    self.name = name
    self.isElementwise = isElementwise
    self.kernel = kernel
  }
}

extension Graph.Node {
  /// A node of a graph pass's own making.
  package static func fused<Evaluator: FusedOperator>(
    _ evaluator: Evaluator, _ inputs: [ValueID?], _ output: ValueID, name: String
  ) -> Graph.Node {
    let definition = Evaluator.definition
    var traits = OperatorTraits()
    traits.isElementwise = definition.isElementwise
    return Graph.Node(
      name: name,
      operation: Operation(
        domain: fusedDomain, name: definition.name, traits: traits, evaluator: evaluator,
        kernel: { try definition.kernel(evaluator, $0) }),
      attributes: NodeAttributes(opset: 1, inputCount: inputs.count, outputCount: 1), inputs: inputs,
      outputs: [output])
  }

  /// The node's operator if it is of this type: how passes match what they rewrite.
  package func body<Evaluator: Operator>(as _: Evaluator.Type) -> Evaluator? { operation.evaluator as? Evaluator }
}

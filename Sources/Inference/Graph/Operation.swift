import Ground

/// What a node does: an operator of a family's table, or one that a graph pass made, with its attributes decoded.
///
/// A class, so that the passes copy nodes cheaply; it never changes.
package final class Operation: Sendable {
  package let domain: String
  package let name: String
  package let traits: OperatorTraits
  package let evaluator: any Operator
  /// Type and shape of the outputs; nil where evaluation on zeros tells.
  package let shapes: ShapeRule?
  /// The compiled form; nil where the reference tier runs the operator.
  package let kernel: KernelRule?

  package init(
    domain: String, name: String, traits: OperatorTraits = OperatorTraits(), evaluator: any Operator,
    shapes: ShapeRule? = nil, kernel: KernelRule? = nil
  ) {
    self.domain = domain
    self.name = name
    self.traits = traits
    self.evaluator = evaluator
    self.shapes = shapes
    self.kernel = kernel
  }
}

/// Answers a ``ShapeQuestion``. nil: no answer, evaluate on zeros.
///
/// A rule is an optimisation: it must answer what evaluation would, and stay silent where evaluation could fail.
package typealias ShapeRule = @Sendable (ShapeQuestion) throws -> [Fact]?

/// Compiles one node for fixed shapes. nil when this form of the operator (its types, shapes, attributes) has no kernel:
/// the reference tier then runs it.
package typealias KernelRule = @Sendable (CompileRequest) throws -> Compilation?

/// What the engine must know of an operator beside its three forms.
package struct OperatorTraits: Sendable {
  /// Its place in a region that is compiled during the run, once the shapes are known (see `LateCompilation`).
  package enum LateRole: Sendable {
    case none
    /// A product with constant weights: a region may begin with it.
    case starts
    /// May follow inside a region.
    case follows
    /// The node is such a region.
    case region
  }

  /// What decides the shapes of its outputs.
  package enum ShapeSource: Sendable {
    /// The shapes of its inputs.
    case shapes
    /// The values of these inputs too.
    case values([Int])
    /// Only a run can tell.
    case run
  }

  /// When two nodes that are written alike give different results.
  package enum Randomness: Sendable {
    case never
    /// Only where a network is trained; a run without training is repeatable.
    case inTraining
    case always
  }

  package var late = LateRole.none
  package var shapeSource = ShapeSource.shapes
  package var randomness = Randomness.never
  /// Each element of the result depends on the elements at its place alone: over bytes the operator is a table.
  package var isElementwise = false
  /// Hands elements on in another order, of whatever type they are, and computes nothing but a maximum.
  package var movesElements = false
  /// The kernel accepts nodes that leave outputs out.
  package var allowsOmittedOutputs = false

  package init() {}
}

/// What a shape rule is asked: a node's attributes and all that is known of its inputs.
package struct ShapeQuestion {
  package let attributes: NodeAttributes
  package let outputCount: Int
  /// nil where an input is left out.
  package let inputs: [Fact?]
  /// The values of those inputs that are constant.
  package let constants: [Tensor?]

  package init(attributes: NodeAttributes, outputCount: Int, inputs: [Fact?], constants: [Tensor?]) {
    self.attributes = attributes
    self.outputCount = outputCount
    self.inputs = inputs
    self.constants = constants
  }

  package func input(_ index: Int) -> Fact? { index < inputs.count ? inputs[index] : nil }

  /// The integers of a constant input.
  package func integers(_ index: Int) -> [Int]? {
    guard index < constants.count, let tensor = constants[index] else { return nil }
    switch tensor.type {
    case .int64: return tensor.array(of: Int64.self).map(Int.init)
    case .int32: return tensor.array(of: Int32.self).map(Int.init)
    default: return nil
    }
  }

  /// Integers given as an attribute in old operator sets and as an input in new ones.
  package func integers(_ index: Int, orAttribute name: String) throws -> [Int]? {
    try integers(index) ?? attributes.ints(name)
  }

  /// `value` counted from the front; nil when it is outside the rank.
  package func axis(_ value: Int, rank: Int) -> Int? {
    let normalized = value < 0 ? value + rank : value
    return (0..<rank).contains(normalized) ? normalized : nil
  }
}

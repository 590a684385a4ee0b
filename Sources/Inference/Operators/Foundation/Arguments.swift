import Ground

/// The inputs of one evaluation, with access that says what is missing or of the wrong kind.
package struct Arguments {
  let values: [Value?]
  /// How many outputs the node has names for.
  let outputCount: Int
  let context: any EvaluationContext

  var count: Int { values.count }

  /// The input at `index`, or nil where the node leaves it out.
  func value(_ index: Int) -> Value? { index < values.count ? values[index] : nil }

  func required(_ index: Int) throws -> Value {
    guard let value = value(index) else { throw InferenceError(.badInput, "input \(index) is missing") }
    return value
  }

  func tensor(_ index: Int) throws -> Tensor { try required(index).tensor("input \(index)") }

  func optionalTensor(_ index: Int) throws -> Tensor? { try value(index).map { try $0.tensor("input \(index)") } }

  /// Every input as a tensor: for operators with any number of them.
  func allTensors() throws -> [Tensor] {
    guard count > 0 else { throw InferenceError(.badInput, "at least one input is needed") }
    return try (0..<count).map(tensor)
  }
}

/// An operator that is a function of its tensors: the form of everything without subgraphs and sequences.
struct TensorOperator: Operator {
  typealias Body = @Sendable (Arguments) throws -> [Tensor]
  let body: Body

  func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let arguments = Arguments(values: inputs, outputCount: context.outputCount, context: context)
    // Operators may compute more outputs than the node has names for.
    return try body(arguments).prefix(max(1, context.outputCount)).map { .tensor($0) }
  }
}

/// An operator over values of any kind, or one that runs subgraphs.
struct ValueOperator: Operator {
  typealias Body = @Sendable (Arguments) throws -> [Value]
  let body: Body

  func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    try body(Arguments(values: inputs, outputCount: context.outputCount, context: context))
  }
}

extension OperatorDefinition {
  /// An operator of any number of tensors and results. `make` decodes the attributes once; the closure it returns is
  /// called for every evaluation.
  static func tensors(
    _ name: String, domain: String = "", since: Int = 1,
    _ make: @escaping @Sendable (NodeAttributes) throws -> TensorOperator.Body
  ) -> OperatorDefinition {
    OperatorDefinition(name, domain: domain, since: since) { TensorOperator(body: try make($0)) }
  }

  /// An operator with one tensor as its result.
  static func tensor(
    _ name: String, domain: String = "", since: Int = 1,
    _ make: @escaping @Sendable (NodeAttributes) throws -> @Sendable (Arguments) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name, domain: domain, since: since) { attributes in
      let body = try make(attributes)
      return TensorOperator { [try body($0)] }
    }
  }

  /// An operator over values of any kind.
  static func values(
    _ name: String, domain: String = "", since: Int = 1,
    _ make: @escaping @Sendable (NodeAttributes) throws -> ValueOperator.Body
  ) -> OperatorDefinition {
    OperatorDefinition(name, domain: domain, since: since) { ValueOperator(body: try make($0)) }
  }
}

/// `axis` counted from the front; ONNX lets axes count from the back when negative.
///
/// - Parameter inclusive: also accepts `rank` itself (insertion points, Flatten).
func normalizedAxis(_ axis: Int, rank: Int, inclusive: Bool = false) throws -> Int {
  let end = inclusive ? rank : rank - 1
  guard axis >= -(inclusive ? rank : rank), axis <= end else {
    throw InferenceError(.badAttribute, "axis \(axis) is outside a tensor of rank \(rank)")
  }
  return axis < 0 ? axis + rank : axis
}

/// Axes counted from the front, each at most once.
func normalizedAxes(_ axes: [Int], rank: Int) throws -> [Int] {
  let normalized = try axes.map { try normalizedAxis($0, rank: rank) }
  guard Set(normalized).count == normalized.count else {
    throw InferenceError(.badAttribute, "axes \(axes) contain an axis twice")
  }
  return normalized
}

/// Refuses what must not be, with the shape error that says why.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  if !condition { throw InferenceError(.badShape, message()) }
}

import Ground
import Inference
import TestSupport

/// Evaluates single operators, without a graph around them.
enum OperatorHarness {
  /// The run that an operator sees: bodies are closures.
  private final class Context: EvaluationContext {
    let outputCount: Int
    private let body: @Sendable (Subgraph, [Value?]) throws -> [Value]

    init(outputCount: Int, body: @escaping @Sendable (Subgraph, [Value?]) throws -> [Value]) {
      self.outputCount = outputCount
      self.body = body
    }

    func run(_ subgraph: Subgraph, _ inputs: [Value?]) throws -> [Value] { try body(subgraph, inputs) }
  }

  static func values(
    _ name: String, domain: String = "", opset: Int = 21, _ attributes: [String: NodeAttributes.Attribute] = [:],
    _ inputs: [Value?], outputs: Int = 1,
    body: @escaping @Sendable (Subgraph, [Value?]) throws -> [Value] = { _, _ in [] }
  ) throws -> [Value] {
    guard let definition = OperatorRegistry.definition(domain: domain, name: name, opset: opset) else {
      throw InferenceError(.unknownOperator, "no operator '\(name)'")
    }
    let decoded = NodeAttributes(attributes, opset: opset, inputCount: inputs.count, outputCount: outputs)
    return try definition.make(decoded).evaluate(inputs, Context(outputCount: outputs, body: body))
  }

  static func tensors(
    _ name: String, domain: String = "", opset: Int = 21, _ attributes: [String: NodeAttributes.Attribute] = [:],
    _ inputs: [Tensor?], outputs: Int = 1
  ) throws -> [Tensor] {
    try values(name, domain: domain, opset: opset, attributes, inputs.map { $0.map { .tensor($0) } }, outputs: outputs)
      .map { try $0.tensor() }
  }

  /// Outputs of an operator without attributes.
  static func tensors(_ name: String, _ inputs: [Tensor?], outputs: Int = 1) throws -> [Tensor] {
    try tensors(name, [:], inputs, outputs: outputs)
  }

  /// The first output of an operator without attributes.
  static func tensor(_ name: String, _ inputs: [Tensor?]) throws -> Tensor { try tensors(name, [:], inputs)[0] }

  /// The first output.
  static func tensor(
    _ name: String, domain: String = "", opset: Int = 21, _ attributes: [String: NodeAttributes.Attribute] = [:],
    _ inputs: [Tensor?]
  ) throws -> Tensor {
    try tensors(name, domain: domain, opset: opset, attributes, inputs)[0]
  }
}

extension SeededGenerator {
  mutating func floats(_ shape: [Int], _ range: ClosedRange<Float> = -2...2) -> Tensor {
    Tensor(shape, (0..<shape.reduce(1, *)).map { _ in Float.random(in: range, using: &self) })
  }

  mutating func shape(rank: Int, _ extents: ClosedRange<Int> = 1...5) -> [Int] {
    (0..<rank).map { _ in Int.random(in: extents, using: &self) }
  }
}

/// Every index of a shape, in row-major order.
func indices(of shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { prefixes, extent in prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
}

/// The place of an index in row-major order.
func place(_ index: [Int], in shape: [Int]) -> Int { zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 } }

func isClose(_ a: [Float], _ b: [Float], _ tolerance: Float = 1e-5) -> Bool {
  a.count == b.count
    && zip(a, b).allSatisfy { $0 == $1 || abs($0 - $1) <= tolerance * max(1, abs($1)) || ($0.isNaN && $1.isNaN) }
}

import Foundation
import Inference

/// Writes docs/OPERATORS.md from the registry and the backend tests.
struct OperatorTable {
  /// For each operator ("Add", "com.microsoft.QGemm"): backend cases that use it and pass, and those that use it.
  private var passed: [String: Int] = [:]
  private var cases: [String: Int] = [:]
  private var types: [String: Set<ElementType>] = [:]

  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../docs/OPERATORS.md").standardizedFileURL.path

  private static let numeric = ElementType.allCases.filter { $0 != .complex64 && $0 != .complex128 }

  /// Notes what one case says about the operators in it.
  mutating func note(_ backendCase: BackendCase, passes: Bool) throws {
    for name in try backendCase.operators().names {
      cases[name, default: 0] += 1
      if passes { passed[name, default: 0] += 1 }
    }
    if passes && backendCase.name.hasPrefix("node/") { try probe(backendCase) }
  }

  /// Runs the only node of a case again with its first input, and others of that type, as every other type.
  private mutating func probe(_ backendCase: BackendCase) throws {
    let graph = try ONNXModel(path: backendCase.model).graphs.graphs[GraphSet.main]
    guard graph.nodes.count == 1, let node = graph.nodes.first, node.bodies.isEmpty else { return }
    let name = node.domain.isEmpty ? node.operatorType : "\(node.domain).\(node.operatorType)"
    let inputs = try backendCase.inputs(network: OcellusNetwork(path: backendCase.model))
    guard node.inputs.count == inputs.count, case .tensor(let first)? = inputs.first else { return }
    for type in Self.numeric where types[name]?.contains(type) != true {
      let converted = try? inputs.map { value -> Value in
        guard case .tensor(let tensor) = value, tensor.type == first.type else { return value }
        return .tensor(
          try OperatorHarness.tensor("Cast", ["to": .int(Int64(type.rawValue))], [tensor]))
      }
      if let converted, (try? node.evaluator.evaluate(converted, ProbeContext(node.outputs.count))) != nil {
        types[name, default: []].insert(type)
      }
    }
  }

  func write() throws {
    var text = """
      # Operators

      Written by `make test-onnx-regenerate` from the engine's registry and from the ONNX project's backend tests
      (onnx 1.16.2); do not edit. *Opsets* lists the operator set versions at which the engine changes an operator's
      meaning: "1, 13" is one meaning from 1 to 12 and another from 13 on. *Types* are those that the first input may
      have, found by running the operator; "–" where no backend test has it on its own. *Tests* counts the backend tests
      that use the operator: how many pass, of how many there are.


      """
    let byDomain = Dictionary(grouping: OperatorRegistry.all, by: \.domain)
    for domain in byDomain.keys.sorted() {
      let definitions = Dictionary(grouping: byDomain[domain] ?? [], by: \.name)
      text += "## \(domain.isEmpty ? "ai.onnx" : domain): \(definitions.count) operators\n\n"
      text += "| operator | opsets | types | tests |\n|---|---|---|---|\n"
      for name in definitions.keys.sorted() {
        let key = domain.isEmpty ? name : "\(domain).\(name)"
        let opsets = (definitions[name] ?? []).map(\.since).sorted().map(String.init).joined(separator: ", ")
        let tests = cases[key].map { "\(passed[key] ?? 0) of \($0)" } ?? "–"
        text += "| \(name) | \(opsets) | \(typeNames(types[key])) | \(tests) |\n"
      }
      text += "\n"
    }
    try text.dropLast().write(toFile: Self.path, atomically: true, encoding: .utf8)
  }

  private func typeNames(_ types: Set<ElementType>?) -> String {
    guard let types, !types.isEmpty else { return "–" }
    if types == Set(Self.numeric) { return "all" }
    let floats: Set<ElementType> = [.float16, .bfloat16, .float32, .float64]
    let integers: Set<ElementType> = [.int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64]
    var parts: [String] = []
    var rest = types
    for (group, name) in [(floats, "floats"), (integers, "integers")] where group.isSubset(of: rest) {
      parts.append(name)
      rest.subtract(group)
    }
    return (parts + rest.sorted { $0.rawValue < $1.rawValue }.map(\.name)).joined(separator: ", ")
  }

  private final class ProbeContext: EvaluationContext {
    let outputCount: Int
    init(_ outputCount: Int) { self.outputCount = outputCount }
    func run(_ body: Subgraph, _ inputs: [Value?]) throws -> [Value] { [] }
  }
}

import Foundation
import Ground
import Inference
import TestSupport
import Testing

/// Models whose parts are well-formed and lie to each other: cycles, shapes that are negative or huge, operands of the
/// wrong type, bodies in the wrong place. Every one ends in an answer or an error.
@Suite(.serialized) struct StructuredMutationTests {
  private static let count = environmentCount("OCELLUS_MUTATIONS", usual: 400)

  @Test func liesEndInAnErrorOrAnAnswer() throws {
    var random = SeededGenerator(4711)
    var failed = 0
    for index in 0..<Self.count {
      let seeds = SeedModels.models
      let model = Self.mutated(seeds[index % seeds.count], &random)
      if try !SeedModels.survives(model.bytes) { failed += 1 }
    }
    // Most mutations must be noticed, or nothing was tested.
    #expect(failed > Self.count / 3)
  }

  private static func mutated(_ model: OnnxModel, _ random: inout SeededGenerator) -> OnnxModel {
    var model = model
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let mutations = [nodes, wiring, attributes, shapes, weights, ports]
      mutations[Int.random(in: 0..<mutations.count, using: &random)](&model.graph, &random)
      if Int.random(in: 0..<20, using: &random) == 0 {
        model.opset = [-1, 0, 1, 6, 9, 12, 22, 1 << 40].randomElement(using: &random) ?? 0
      }
    }
    return model
  }

  /// Another operator in a node's place; nodes twice, missing, or in another order.
  private static func nodes(_ graph: inout OnnxGraph, _ random: inout SeededGenerator) {
    guard !graph.nodes.isEmpty else { return }
    let at = Int.random(in: 0..<graph.nodes.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: graph.nodes.remove(at: at)
    case 1: graph.nodes.append(graph.nodes[at])
    case 2: graph.nodes.shuffle(using: &random)
    default:
      guard let other = definitions.randomElement(using: &random) else { return }
      graph.nodes[at].type = other.name
      graph.nodes[at].domain = other.domain
    }
  }

  private static let definitions = OperatorRegistry.all.sorted { ($0.domain, $0.name) < ($1.domain, $1.name) }

  /// Inputs and outputs renamed to others' names: cycles, repetitions, values of the wrong kind, missing ones.
  private static func wiring(_ graph: inout OnnxGraph, _ random: inout SeededGenerator) {
    guard !graph.nodes.isEmpty else { return }
    let names =
      graph.nodes.flatMap { $0.inputs + $0.outputs } + graph.initializers.map(\.0) + ["", "nowhere"]
    let at = Int.random(in: 0..<graph.nodes.count, using: &random)
    let name = names.randomElement(using: &random) ?? ""
    let (inputs, outputs) = (graph.nodes[at].inputs.count, graph.nodes[at].outputs.count)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: graph.nodes[at].inputs.append(name)
    case 1: if inputs > 0 { graph.nodes[at].inputs.removeLast() }
    case 2: if outputs > 0 { graph.nodes[at].outputs[Int.random(in: 0..<outputs, using: &random)] = name }
    case 3: graph.nodes[at].outputs.append("extra")
    default: if inputs > 0 { graph.nodes[at].inputs[Int.random(in: 0..<inputs, using: &random)] = name }
    }
  }

  private static let numbers: [Int64] = [
    -1, 0, 1, 2, 3, -2, 7, 255, 65536, 1 << 31, 1 << 40, .max, .min, -(1 << 33),
  ]

  private static func attributes(_ graph: inout OnnxGraph, _ random: inout SeededGenerator) {
    guard !graph.nodes.isEmpty else { return }
    let at = Int.random(in: 0..<graph.nodes.count, using: &random)
    let names = ["axis", "axes", "perm", "to", "group", "pads", "strides", "kernel_shape", "mode", "keepdims", "body"]
    let known = graph.nodes[at].attributes.map(\.0)
    let name = (known + known + names).randomElement(using: &random) ?? "axis"
    let number = numbers.randomElement(using: &random) ?? 0
    let value: OnnxAttribute
    switch Int.random(in: 0..<8, using: &random) {
    case 0: value = .float([.nan, .infinity, -1, 0, 1e30].randomElement(using: &random) ?? 0)
    case 1: value = .string(["", "linear", "SAME_UPPER", "constant", "ab->"].randomElement(using: &random) ?? "")
    case 2: value = .tensor(tensor(&random))
    case 3: value = .graph(graph)
    case 4: value = .floats([1, .nan])
    case 5, 6:
      value = .ints((0..<Int.random(in: 0...6, using: &random)).map { _ in numbers.randomElement(using: &random) ?? 0 })
    default: value = .int(number)
    }
    graph.nodes[at].attributes.removeAll { $0.0 == name }
    graph.nodes[at].attributes.append((name, value))
  }

  /// Constants that hold shapes, axes, counts and indices get numbers that nobody expects.
  private static func shapes(_ graph: inout OnnxGraph, _ random: inout SeededGenerator) {
    let places = graph.initializers.indices.filter { graph.initializers[$0].1.type == .int64 }
    guard let at = places.randomElement(using: &random) else { return }
    var values = graph.initializers[at].1.array(of: Int64.self)
    guard !values.isEmpty else { return }
    values[Int.random(in: 0..<values.count, using: &random)] = numbers.randomElement(using: &random) ?? 0
    graph.initializers[at].1 = Tensor(graph.initializers[at].1.shape, values)
  }

  /// A constant of another type or shape.
  private static func weights(_ graph: inout OnnxGraph, _ random: inout SeededGenerator) {
    guard !graph.initializers.isEmpty else { return }
    graph.initializers[Int.random(in: 0..<graph.initializers.count, using: &random)].1 = tensor(&random)
  }

  private static func tensor(_ random: inout SeededGenerator) -> Tensor {
    let shape = (0..<Int.random(in: 0...4, using: &random)).map { _ in Int.random(in: 0...3, using: &random) }
    let count = shape.reduce(1, *)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return Tensor(shape, (0..<count).map { _ in numbers.randomElement(using: &random) ?? 0 })
    case 1: return Tensor(shape, (0..<count).map { UInt8(truncatingIfNeeded: $0) })
    case 2: return Tensor(shape, (0..<count).map { Double($0) })
    case 3: return Tensor(shape, (0..<count).map { $0 % 2 == 0 })
    default: return random.tensor(shape)
    }
  }

  /// An input of another type or shape.
  private static func ports(_ graph: inout OnnxGraph, _ random: inout SeededGenerator) {
    guard !graph.inputs.isEmpty else { return }
    let at = Int.random(in: 0..<graph.inputs.count, using: &random)
    if Bool.random(using: &random) {
      graph.inputs[at].type = [.float32, .int64, .bool, .float16, .uint8].randomElement(using: &random) ?? .float32
    } else {
      graph.inputs[at].shape = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        Int.random(in: -1...9, using: &random)
      }
    }
  }
}

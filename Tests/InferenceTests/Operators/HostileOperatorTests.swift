import Foundation
import Ground
import Inference
import TestSupport
import Testing

/// Operators fed with nonsense: they must give tensors or throw an ``InferenceError``, and never trap, hang, or ask for
/// gigabytes.
@Suite struct HostileOperatorTests {
  /// The names of all attributes that operators decode, so that the fuzzer's values reach them.
  private static let attributeNames = [
    "axis", "axes", "k", "perm", "shape", "keepdims", "starts", "ends", "split", "num_outputs", "mode", "pads", "value",
    "blocksize", "batch_axis", "time_axis", "batch_dims", "reduction", "equation", "dilations", "strides",
    "kernel_shape", "group", "offset_group", "output_height", "output_width", "sampling_ratio", "spatial_scale",
    "pooled_shape", "hidden_size", "direction", "layout", "activations", "num_groups", "size", "p", "to", "dtype",
    "block_size", "ceil_mode", "auto_pad", "output_padding", "output_shape", "scales", "coordinate_transformation_mode",
    "nearest_mode", "antialias", "keep_aspect_ratio_policy", "onesided", "inverse", "sample_size", "diagonal", "upper",
    "num_scan_inputs", "scan_input_axes", "start", "end", "storage_order", "transA", "transB", "allowzero", "sorted",
    "ignore_index", "epsilon", "alpha", "beta", "periodic", "exclusive", "reverse", "channels_last", "body", "maxsplit",
    "then_branch", "else_branch", "output_datatype", "cubic_coeff_a", "exclude_outside", "linear_before_reset",
  ]
  private static let texts = [
    "", "constant", "reflect", "wrap", "edge", "linear", "cubic", "nearest", "SAME_UPPER", "VALID", "bidirectional",
    "reverse", "add", "mul", "ij,jk->ik", "...i->...", "tf_crop_and_resize", "align_corners", "CRD", "LEFT", "avg",
    "max", "sum", "none", "border", "reflection", "not_larger", "ceil", "Relu",
  ]
  private static let extremes: [Int64] = [
    0, 1, -1, 2, 3, -2, 4, 7, -5, 100, Int64.max, Int64.min, 1 << 33, -(1 << 33), 1 << 62, Int64.max - 1,
  ]

  private struct Fuzzer {
    var random: SeededGenerator

    mutating func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &random)] }

    mutating func number() -> Int64 {
      Int.random(in: 0..<4, using: &random) > 0 ? Int64.random(in: -3...6, using: &random) : pick(extremes)
    }

    mutating func tensor() -> Tensor {
      let rank = pick([0, 0, 1, 1, 1, 2, 3, 3, 4, 4, 5])
      let shape = (0..<rank).map { _ in pick([0, 1, 1, 2, 2, 3, 4, 6]) }
      let count = shape.reduce(1, *)
      let floats = (0..<count).map { _ in pick([0, 1, -1, 0.5, 2.7, -3.2, 1e9, -1e20, .nan, .infinity] as [Float]) }
      switch Int.random(in: 0..<12, using: &random) {
      case 0...3: return Tensor(shape, floats)
      case 4...6: return Tensor(shape, (0..<count).map { _ in number() })
      case 7: return Tensor(shape, (0..<count).map { _ in Int32(truncatingIfNeeded: number()) })
      case 8: return Tensor(shape, (0..<count).map { _ in UInt8(truncatingIfNeeded: number()) })
      case 9: return Tensor(shape, (0..<count).map { _ in Bool.random(using: &random) })
      case 10: return Tensor(shape, floats.map { Float16($0) })
      default: return Tensor(shape, strings: (0..<count).map { _ in pick(texts) })
      }
    }

    mutating func value() -> Value? {
      switch Int.random(in: 0..<20, using: &random) {
      case 0: return nil
      case 1: return .sequence((0..<Int.random(in: 0...2, using: &random)).map { _ in .tensor(tensor()) })
      case 2: return .optional([])
      default: return .tensor(tensor())
      }
    }

    mutating func attribute() -> NodeAttributes.Attribute {
      switch Int.random(in: 0..<12, using: &random) {
      case 0...3: return .int(number())
      case 4...6: return .ints((0..<Int.random(in: 0...5, using: &random)).map { _ in number() })
      case 7: return .float(pick([0, 1, -1, 0.3, 1e30, -1e30, .nan, .infinity]))
      case 8: return .string(pick(texts))
      case 9: return .floats((0..<Int.random(in: 0...4, using: &random)).map { _ in pick([0, 1, 2, -1, 1e20, .nan]) })
      case 10: return .graph(Subgraph(index: 1, inputCount: pick([0, 1, 2, 3]), outputCount: pick([0, 1, 2, 3])))
      default: return .tensor(tensor())
      }
    }

    mutating func attributes() -> [String: NodeAttributes.Attribute] {
      var result: [String: NodeAttributes.Attribute] = [:]
      for name in attributeNames where Int.random(in: 0..<4, using: &random) == 0 { result[name] = attribute() }
      return result
    }
  }

  /// Every operator, `rounds` times.
  private func fuzz(_ definition: OperatorDefinition, rounds: Int, seed: UInt64) {
    var fuzzer = Fuzzer(random: SeededGenerator(seed))
    for _ in 0..<rounds {
      let inputs = (0..<Int.random(in: 0...6, using: &fuzzer.random)).map { _ in fuzzer.value() }
      let attributes = fuzzer.attributes()
      let outputs = Int.random(in: 1...3, using: &fuzzer.random)
      let bodies = Tensor(scalar: false)
      do {
        _ = try OperatorHarness.values(
          definition.name, domain: definition.domain, opset: definition.since, attributes, inputs, outputs: outputs
        ) { body, _ in (0..<body.outputCount).map { _ in .tensor(bodies) } }
      } catch {
        #expect(error is InferenceError, "\(definition.name) throws \(error)")
      }
    }
  }

  /// Rounds for each operator; OCELLUS_FUZZ_ROUNDS asks for more.
  private static let rounds = ProcessInfo.processInfo.environment["OCELLUS_FUZZ_ROUNDS"].flatMap(Int.init) ?? 150

  @Test func noOperatorTrapsOnNonsense() {
    let definitions = OperatorRegistry.all.sorted { ($0.domain, $0.name, $0.since) < ($1.domain, $1.name, $1.since) }
    for (number, definition) in definitions.enumerated() {
      fuzz(definition, rounds: Self.rounds, seed: UInt64(number + 1))
    }
  }

  @Test func hugeRequestsAreRefused() {
    let big = Tensor([2], [Int64(1) << 40, Int64(1) << 40])
    #expect(throws: InferenceError.self) { try OperatorHarness.tensor("ConstantOfShape", [big]) }
    let x = Tensor([1, 1], [1] as [Float])
    #expect(throws: InferenceError.self) { try OperatorHarness.tensor("Tile", [x, big]) }
    #expect(throws: InferenceError.self) { try OperatorHarness.tensor("Expand", [x, big]) }
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor("Pad", [x, Tensor([4], [0, 0, Int64.max, Int64.max])])
    }
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor(
        "Range", [Tensor(scalar: Int64(0)), Tensor(scalar: Int64.max), Tensor(scalar: Int64(1))])
    }
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor("Resize", opset: 13, [:], [x, nil, Tensor([2], [1e30, 1e30] as [Float])])
    }
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor("OneHot", [x, Tensor(scalar: Int64.max), Tensor([2], [0, 1] as [Float])])
    }
  }
}

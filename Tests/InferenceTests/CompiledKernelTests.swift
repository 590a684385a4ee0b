import Inference
import Kernels
import TestSupport
import Testing

/// Compiled kernels against the reference tier, in whole graphs: layouts, broadcasts and sizes that blocks do not divide.
@Suite struct CompiledKernelTests {
  struct Sample: Sendable, CustomTestStringConvertible {
    var name: String
    var nodes: [OnnxNode]
    var constants: [(String, Tensor)] = []
    var shape: [Int]
    var opset: Int64 = 17
    /// Whether a run that must round as the file says it can be compiled too.
    var exact = true

    var testDescription: String { name }
  }

  static func weight(_ shape: [Int], seed: UInt64 = 3) -> Tensor {
    var random = SeededGenerator(seed)
    return random.tensor(shape)
  }

  static func conv(
    _ input: String, _ weight: String, _ output: String, _ attributes: [(String, OnnxAttribute)] = []
  ) -> OnnxNode { OnnxNode("Conv", [input, weight], [output], attributes) }

  static let pads: (String, OnnxAttribute) = ("pads", .ints([1, 1, 1, 1]))

  static let samples: [Sample] = [
    Sample(
      name: "stem, depthwise, pointwise, residual",
      nodes: [
        conv("x", "stem", "a", [("strides", .ints([2, 2])), pads]), OnnxNode("Relu", ["a"], ["b"]),
        conv("b", "depth", "c", [("group", .int(20)), pads]), conv("c", "point", "d"),
        OnnxNode("Add", ["d", "b"], ["y"]),
      ],
      constants: [
        ("stem", weight([20, 3, 3, 3])), ("depth", weight([20, 1, 3, 3])), ("point", weight([20, 20, 1, 1])),
      ], shape: [2, 3, 17, 23]),
    Sample(
      name: "concatenation of slices and a wide 3x3",
      nodes: [
        conv("x", "w1", "a"), conv("x", "w2", "b", [pads]),
        OnnxNode("Concat", ["a", "b", "x"], ["c"], [("axis", .int(1))]),
        conv("c", "w3", "y", [pads]),
      ],
      constants: [("w1", weight([16, 32, 1, 1])), ("w2", weight([32, 32, 3, 3])), ("w3", weight([24, 80, 3, 3]))],
      shape: [1, 32, 30, 26]),
    Sample(
      name: "squeeze and excite",
      nodes: [
        conv("x", "w1", "a"), OnnxNode("GlobalAveragePool", ["a"], ["g"]), conv("g", "w2", "h"),
        OnnxNode("Sigmoid", ["h"], ["s"]), OnnxNode("Mul", ["a", "s"], ["y"]),
      ], constants: [("w1", weight([37, 9, 1, 1])), ("w2", weight([37, 37, 1, 1]))], shape: [2, 9, 8, 7]),
    Sample(
      name: "pooling, resize, transposed convolution",
      nodes: [
        conv("x", "w1", "a", [pads]),
        OnnxNode("MaxPool", ["a"], ["p"], [("kernel_shape", .ints([3, 3])), ("strides", .ints([2, 2])), pads]),
        OnnxNode("Resize", ["p", "", "scales"], ["r"], [("mode", .string("nearest"))]),
        OnnxNode("AveragePool", ["r"], ["v"], [("kernel_shape", .ints([2, 2]))]),
        OnnxNode("ConvTranspose", ["v", "up"], ["y"], [("strides", .ints([2, 2]))]),
      ],
      constants: [
        ("w1", weight([18, 8, 3, 3])), ("scales", Tensor([4], [Float](arrayLiteral: 1, 1, 2, 2))),
        ("up", weight([18, 11, 2, 2])),
      ], shape: [1, 8, 13, 11]),
    Sample(
      name: "linear resize",
      nodes: [
        conv("x", "w1", "a"),
        OnnxNode(
          "Resize", ["a", "", "", "sizes"], ["y"],
          [("mode", .string("linear")), ("coordinate_transformation_mode", .string("align_corners"))]),
      ], constants: [("w1", weight([17, 16, 1, 1])), ("sizes", Tensor([4], [Int64](arrayLiteral: 1, 17, 19, 8)))],
      shape: [1, 16, 7, 11]),
    Sample(
      name: "attention",
      nodes: [
        OnnxNode("MatMul", ["x", "wq"], ["q"]), OnnxNode("MatMul", ["x", "wk"], ["k"]),
        OnnxNode("Transpose", ["k"], ["t"], [("perm", .ints([0, 2, 1]))]), OnnxNode("MatMul", ["q", "t"], ["s"]),
        OnnxNode("Softmax", ["s"], ["p"], [("axis", .int(-1))]), OnnxNode("MatMul", ["p", "x"], ["o"]),
        OnnxNode("Add", ["o", "x"], ["r"]), OnnxNode("LayerNormalization", ["r", "scale", "shift"], ["y"]),
      ],
      constants: [
        ("wq", weight([40, 24])), ("wk", weight([40, 24], seed: 5)), ("scale", weight([40])), ("shift", weight([40])),
      ], shape: [3, 21, 40]),
    Sample(
      name: "grouped convolution and a row of biases",
      nodes: [
        conv("x", "w1", "a", [("group", .int(4)), ("dilations", .ints([2, 2]))]), OnnxNode("Add", ["row", "a"], ["b"]),
        OnnxNode("Tanh", ["b"], ["c"]), OnnxNode("Sub", ["one", "c"], ["y"]),
      ],
      constants: [("w1", weight([12, 2, 3, 3])), ("row", weight([6])), ("one", Tensor(scalar: Float(1)))],
      shape: [1, 8, 9, 10]),
    Sample(
      name: "one spatial axis",
      nodes: [conv("x", "w1", "a", [("pads", .ints([2, 2]))]), OnnxNode("Elu", ["a"], ["y"])],
      constants: [("w1", weight([33, 12, 5]))], shape: [2, 12, 50]),
    recurrent("LSTM", gates: 4, [("direction", .string("bidirectional"))], inputs: ["b", "", "h", "h", "p"]),
    recurrent("LSTM", gates: 4, [("input_forget", .int(1)), ("clip", .float(0.3))], inputs: [], outputs: ["", "y"]),
    recurrent("GRU", gates: 3, [("direction", .string("reverse"))], inputs: ["b", "lengths"]),
    recurrent(
      "GRU", gates: 3, [("direction", .string("bidirectional")), ("linear_before_reset", .int(1))],
      inputs: ["b", "lengths", "h"]),
    recurrent("RNN", gates: 1, [("activations", .strings(["Relu"]))], inputs: ["b", "", "h"], outputs: ["z", "y"]),
  ]

  /// A recurrent layer of 21 units over 7 steps of 3 sequences.
  private static func recurrent(
    _ type: String, gates: Int, _ attributes: [(String, OnnxAttribute)], inputs: [String], outputs: [String] = ["y"]
  ) -> Sample {
    let isDouble = attributes.contains { if case .string("bidirectional") = $0.1 { true } else { false } }
    let (directions, units) = (isDouble ? 2 : 1, 21)
    return Sample(
      name: "\(type) \(inputs) \(outputs)",
      nodes: [
        OnnxNode(type, ["x", "w", "r"] + inputs, outputs, attributes + [("hidden_size", .int(Int64(units)))])
      ],
      constants: [
        ("w", weight([directions, gates * units, 19])), ("r", weight([directions, gates * units, units], seed: 5)),
        ("b", weight([directions, 2 * gates * units], seed: 6)), ("h", weight([directions, 3, units], seed: 7)),
        ("p", weight([directions, 3 * units], seed: 8)), ("lengths", Tensor([3], [Int32(7), 2, 5])),
      ], shape: [7, 3, 19], opset: 14)
  }

  @Test(arguments: samples + moreForms, InstructionSets.available)
  func agreeWithTheReferenceTier(_ sample: Sample, _ isa: ock_isa) throws {
    try InstructionSets.force(isa) { try agreesWithTheReferenceTier(sample) }
  }

  private func agreesWithTheReferenceTier(_ sample: Sample) throws {
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: sample.nodes, inputs: [("x", .float32, sample.shape)], outputs: ["y"], initializers: sample.constants),
      opset: sample.opset)
    var random = SeededGenerator(11)
    let input = random.tensor(sample.shape)
    try model.withFile { path in
      let expected = try OcellusNetwork(path: path, options: NetworkOptions(optimize: false)).run([input])
      for (threads, exact) in [(1, false), (3, sample.exact)] {
        let network = try OcellusNetwork(path: path, options: NetworkOptions(threads: threads, exact: exact))
        #expect(network.plannedSteps.allSatisfy { $0.isCompiled }, "\(network.plannedSteps)")
        // Twice: the second run finds the arena used.
        for _ in 0..<2 {
          let result = try network.run([input])
          #expect(relativeError(result[0], expected[0]) <= (exact ? 3e-6 : 3e-5))
        }
      }
    }
  }
}

import CAllocations
import Inference
import Kernels
import TestSupport
import Testing

/// Quantised graphs: every form reaches the kernels of bytes, which answer as the plain operators do, to the same byte
/// under every instruction set and number of threads.
@Suite struct QuantizedNetworkTests {
  /// How activations and weights are stored.
  struct Scheme: Sendable, CustomTestStringConvertible {
    var signedActivations = false
    var signedWeights = true
    var perChannel = true
    var testDescription: String {
      "activations \(signedActivations ? "s8" : "u8"), weights \(signedWeights ? "s8" : "u8"), \(perChannel ? "each channel" : "whole")"
    }
  }

  static let schemes = [
    Scheme(), Scheme(perChannel: false), Scheme(signedActivations: true),
    Scheme(signedWeights: false, perChannel: false),
    Scheme(signedActivations: true, signedWeights: false),
  ]

  /// Writes quantised graphs node by node.
  private struct Builder {
    let scheme: Scheme
    var nodes: [OnnxNode] = []
    var constants: [(String, Tensor)] = []
    var random = SeededGenerator(17)

    init(_ scheme: Scheme) { self.scheme = scheme }

    private func byte(_ value: Int, signed: Bool) -> Tensor {
      signed ? Tensor(scalar: Int8(value - 128)) : Tensor(scalar: UInt8(value))
    }

    /// The names of a scale and zero point.
    mutating func scale(_ name: String, _ scale: Float, _ zero: Int) -> [String] {
      constants.append(("\(name).s", Tensor(scalar: scale)))
      constants.append(("\(name).z", byte(zero, signed: scheme.signedActivations)))
      return ["\(name).s", "\(name).z"]
    }

    /// 8-bit weights with scale and zero point; outputs are axis 0.
    mutating func weight(_ name: String, _ shape: [Int]) -> [String] {
      let count = shape.reduce(1, *)
      let outputs = scheme.perChannel ? shape[0] : 1
      let parameters = scheme.perChannel ? [outputs] : []
      if scheme.signedWeights {
        constants.append((name, Tensor(shape, (0..<count).map { _ in Int8.random(in: -127...127, using: &random) })))
        constants.append(("\(name).z", Tensor(parameters, [Int8](repeating: 0, count: outputs))))
      } else {
        constants.append((name, Tensor(shape, (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })))
        constants.append(("\(name).z", Tensor(parameters, (0..<outputs).map { UInt8(100 + 20 * ($0 % 3)) })))
      }
      constants.append(
        ("\(name).s", Tensor(parameters, (0..<outputs).map { 0.002 + 0.0005 * Float($0 % 5) })))
      return [name, "\(name).s", "\(name).z"]
    }

    /// x quantised and dequantised again, under the name "NAME".
    mutating func pair(_ input: String, _ name: String, _ step: Float, _ zero: Int) {
      let parameters = scale(name, step, zero)
      nodes.append(OnnxNode("QuantizeLinear", [input] + parameters, ["\(name).q"]))
      nodes.append(OnnxNode("DequantizeLinear", ["\(name).q"] + parameters, [name]))
    }

    mutating func conv(_ input: String, _ name: String, _ shape: [Int], _ attributes: [(String, OnnxAttribute)] = []) {
      nodes.append(OnnxNode("DequantizeLinear", weight("\(name).w", shape), ["\(name).wf"], [("axis", .int(0))]))
      constants.append(("\(name).b", random.floats([shape[0]])))
      nodes.append(OnnxNode("Conv", [input, "\(name).wf", "\(name).b"], [name], attributes))
    }

    func model(_ shape: [Int], output: String) -> OnnxModel {
      OnnxModel(
        graph: OnnxGraph(
          nodes: nodes, inputs: [("x", .float32, shape)], outputs: [output], initializers: constants), opset: 17)
    }
  }

  private static let pads: (String, OnnxAttribute) = ("pads", .ints([1, 1, 1, 1]))

  /// A stem, a residual block with a depthwise layer, SiLU, pooling, concatenation, a mean and a classifier.
  private static func network(_ scheme: Scheme) -> OnnxModel {
    var b = Builder(scheme)
    b.pair("x", "q0", 0.02, 120)
    b.conv("q0", "stem", [20, 3, 3, 3], [("strides", .ints([2, 2])), pads])
    b.nodes.append(OnnxNode("Relu", ["stem"], ["relu"]))
    b.pair("relu", "q1", 0.03, 4)
    b.conv("q1", "depth", [20, 1, 3, 3], [("group", .int(20)), pads])
    b.pair("depth", "q2", 0.02, 130)
    b.nodes.append(OnnxNode("Sigmoid", ["q2"], ["sigmoid"]))
    b.pair("sigmoid", "q3", 1 / 256, 0)
    b.nodes.append(OnnxNode("Mul", ["q2", "q3"], ["silu"]))
    b.pair("silu", "q4", 0.02, 20)
    b.conv("q4", "point", [20, 20, 1, 1])
    b.pair("point", "q5", 0.03, 128)
    b.nodes.append(OnnxNode("Add", ["q5", "q1"], ["sum"]))
    b.pair("sum", "q6", 0.04, 100)
    b.nodes.append(OnnxNode("MaxPool", ["q6"], ["pool"], [("kernel_shape", .ints([2, 2]))]))
    b.pair("pool", "q7", 0.04, 100)
    b.conv("q7", "wide", [32, 20, 3, 3], [pads])
    b.pair("wide", "q8", 0.05, 128)
    b.conv("q7", "narrow", [16, 20, 1, 1])
    b.pair("narrow", "q9", 0.03, 128)
    b.nodes.append(OnnxNode("Concat", ["q8", "q9"], ["joined"], [("axis", .int(1))]))
    b.pair("joined", "q10", 0.05, 128)
    b.nodes.append(OnnxNode("GlobalAveragePool", ["q10"], ["mean"]))
    b.pair("mean", "q11", 0.02, 128)
    b.nodes.append(OnnxNode("Flatten", ["q11"], ["flat"]))
    b.pair("flat", "q12", 0.02, 128)
    b.nodes.append(OnnxNode("DequantizeLinear", b.weight("fc", [10, 48]), ["fc.f"], [("axis", .int(0))]))
    b.nodes.append(OnnxNode("Gemm", ["q12", "fc.f"], ["y0"], [("transB", .int(1))]))
    b.pair("y0", "y", 0.02, 128)
    return b.model([1, 3, 22, 26], output: "y")
  }

  private static let instructionSets: [ock_isa] =
    [OCK_ISA_PLAIN, OCK_ISA_NEON, OCK_ISA_AVX2, OCK_ISA_AVX512].filter(ock_isa_available)

  @Test(arguments: schemes)
  func dequantisedFormsRunOnBytes(_ scheme: Scheme) throws {
    var random = SeededGenerator(11)
    let input = random.tensor([1, 3, 22, 26])
    try QuantizedNetworkTests.network(scheme).withFile { path in
      let expected = try OcellusNetwork(path: path, options: NetworkOptions(optimize: false)).run([input])[0]
        .array(of: Float.self)
      var first: [Float]?
      for isa in QuantizedNetworkTests.instructionSets {
        let before = ock_active_isa()
        #expect(ock_override_isa(isa))
        defer { _ = ock_override_isa(before) }
        for threads in [1, 3] {
          let network = try OcellusNetwork(path: path, options: NetworkOptions(threads: threads))
          let kinds = Set(network.plannedSteps.map(\.operatorType))
          #expect(network.plannedSteps.allSatisfy { $0.isCompiled }, "\(network.plannedSteps)")
          #expect(kinds.isDisjoint(with: ["Conv", "FusedConv", "Linear", "Activation", "Add", "Mul"]))
          for _ in 0..<2 {
            let result = try network.run([input])[0].array(of: Float.self)
            // One step is 0.02; a rounding on the way may differ by one.
            #expect(zip(result, expected).allSatisfy { abs($0 - $1) <= 0.0201 }, "\(isa)")
            if let first { #expect(result == first, "\(isa), \(threads) threads") } else { first = result }
          }
        }
      }
    }
  }

  @Test func quantisedRunsAllocateNothing() throws {
    var random = SeededGenerator(11)
    let input = random.tensor([1, 3, 22, 26])
    let network = try QuantizedNetworkTests.network(Scheme()).load(NetworkOptions(threads: 1))
    let inputs = [input]
    for _ in 0..<3 { _ = try network.run(inputs) }
    // Other tests run beside this one: only what this thread allocates counts, and one thread is all that the network has.
    let before = oca_thread_allocations()
    for _ in 0..<20 { _ = try network.run(inputs) }
    #expect(oca_thread_allocations() - before == 0)
  }

  @Test func passesFire() throws {
    let fired = try QuantizedNetworkTests.network(Scheme(signedActivations: true)).load().rewritesFired
    for name in [
      "unsigned bytes", "QDQ Conv to bytes", "QDQ product to bytes", "QDQ sum to bytes", "QDQ average to bytes",
      "QDQ Concat to bytes", "function of one byte to a table", "movement before dequantising", "recognise quantising",
      "recognise dequantising",
    ] { #expect(fired[name] ?? 0 > 0, "\(name): \(fired)") }
  }

  @Test func quantisedOperatorsRunOnBytes() throws {
    for scheme in QuantizedNetworkTests.schemes {
      var b = Builder(scheme)
      let (s0, s1, s2) = (b.scale("a", 0.02, 120), b.scale("b", 0.03, 100), b.scale("c", 0.04, 90))
      b.nodes.append(OnnxNode("QuantizeLinear", ["x"] + s0, ["a"]))
      b.nodes.append(
        OnnxNode("QLinearConv", ["a"] + s0 + b.weight("w", [24, 6, 3, 3]) + s1, ["b"], [QuantizedNetworkTests.pads]))
      let microsoft = "com.microsoft"
      b.nodes.append(OnnxNode("QLinearSigmoid", ["b"] + s1 + s2, ["c"], domain: microsoft))
      b.nodes.append(OnnxNode("QLinearMul", ["b"] + s1 + ["c"] + s2 + s2, ["d"], domain: microsoft))
      b.nodes.append(OnnxNode("QLinearAdd", ["b"] + s1 + ["d"] + s2 + s1, ["e"], domain: microsoft))
      b.nodes.append(
        OnnxNode("QLinearConcat", s2 + ["e"] + s1 + ["d"] + s2, ["f"], [("axis", .int(1))], domain: microsoft))
      b.nodes.append(OnnxNode("QLinearGlobalAveragePool", ["f"] + s2 + s2, ["g"], domain: microsoft))
      b.nodes.append(OnnxNode("Flatten", ["g"], ["h"]))
      b.nodes.append(
        OnnxNode(
          "QGemm", ["h"] + s2 + b.weight("v", [7, 48]) + [""] + s1, ["i"], [("transB", .int(1))], domain: microsoft))
      b.nodes.append(OnnxNode("DequantizeLinear", ["i"] + s1, ["y"]))
      let model = b.model([1, 6, 9, 10], output: "y")
      var random = SeededGenerator(11)
      let input = random.tensor([1, 6, 9, 10])
      let expected = try model.load(NetworkOptions(optimize: false)).run([input])[0].array(of: Float.self)
      let network = try model.load()
      #expect(network.plannedSteps.allSatisfy { $0.isCompiled }, "\(scheme): \(network.plannedSteps)")
      let result = try network.run([input])[0].array(of: Float.self)
      #expect(zip(result, expected).allSatisfy { abs($0 - $1) <= 0.0301 }, "\(scheme): \(result) \(expected)")
    }
  }

  /// MatMulInteger and ConvInteger behind DynamicQuantizeLinear, as dynamic quantisation writes them.
  @Test(arguments: [true, false])
  func dynamicProductsRunOnBytes(isConvolution: Bool) throws {
    for scheme in [Scheme(), Scheme(perChannel: false), Scheme(signedWeights: false, perChannel: false)] {
      var b = Builder(scheme)
      b.nodes.append(OnnxNode("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]))
      let outputs = 12
      let names = b.weight("w", isConvolution ? [outputs, 9, 3, 3] : [outputs, 9])
      if !isConvolution { b.nodes.append(OnnxNode("Transpose", ["w"], ["wt"])) }
      if isConvolution {
        b.nodes.append(OnnxNode("ConvInteger", ["q", "w", "z", names[2]], ["i"], [QuantizedNetworkTests.pads]))
      } else {
        b.nodes.append(OnnxNode("MatMulInteger", ["q", "wt", "z", names[2]], ["i"]))
      }
      b.nodes.append(OnnxNode("Cast", ["i"], ["f"], [("to", .int(1))]))
      let trailing = isConvolution ? [outputs, 1, 1] : [outputs]
      if scheme.perChannel, let place = b.constants.firstIndex(where: { $0.0 == "w.s" }) {
        b.constants[place].1 = try b.constants[place].1.reshaped(trailing)
      }
      b.nodes.append(OnnxNode("Mul", ["s", "w.s"], ["factor"]))
      b.nodes.append(OnnxNode("Mul", ["f", "factor"], ["m"]))
      b.constants.append(("bias", b.random.floats(trailing)))
      b.nodes.append(OnnxNode("Add", ["m", "bias"], ["y"]))
      let shape = isConvolution ? [1, 9, 6, 7] : [2, 5, 9]
      let model = b.model(shape, output: "y")
      var random = SeededGenerator(11)
      let input = random.tensor(shape)
      let expected = try model.load(NetworkOptions(optimize: false)).run([input])[0]
      let network = try model.load()
      #expect(network.plannedSteps.allSatisfy { $0.isCompiled }, "\(scheme): \(network.plannedSteps)")
      #expect(network.plannedSteps.contains { $0.operatorType == "DynamicProduct" })
      #expect(relativeError(try network.run([input])[0], expected) <= 1e-5, "\(scheme)")
    }
  }
}

import Foundation
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// Whether a classifier's numbers are probabilities is told by the operators at its end, not by the numbers.
@Suite struct ActivationTests {
  /// What a network ends in behind its last product, and what its numbers then mean.
  struct Ending: CustomTestStringConvertible, Sendable {
    enum Meaning: Sendable { case sigmoid, softmax, negatedSigmoid }
    var testDescription: String
    var meaning: Meaning
    /// Operators one after another, each on what the one before gave; constants are named below.
    var steps: [(type: String, more: [String], ints: [String: [Int]])]
    /// Softmax is what the reader adds where nothing ends the network; with eight bits values differ by a step.
    var tolerance: Float = 1e-4

    init(
      _ name: String, _ meaning: Meaning, _ steps: [(String, [String], [String: [Int]])], tolerance: Float = 1e-4
    ) {
      testDescription = name
      self.meaning = meaning
      self.steps = steps.map { (type: $0.0, more: $0.1, ints: $0.2) }
      self.tolerance = tolerance
    }
  }

  private static let bytes: [(String, [String], [String: [Int]])] = [
    ("QuantizeLinear", ["step"], [:]), ("DequantizeLinear", ["step"], [:]),
  ]

  static let endings: [Ending] = [
    Ending("logits", .softmax, []),
    Ending("logits, Identity", .softmax, [("Identity", [], [:])]),
    Ending("logits with a bias", .softmax, [("Add", ["zero"], [:])]),
    Ending("logits over a temperature", .softmax, [("Div", ["one"], [:])]),
    Ending("Sigmoid", .sigmoid, [("Sigmoid", [], [:])]),
    Ending("Softmax", .softmax, [("Softmax", [], ["axis": [1]])]),
    Ending("LogSoftmax", .softmax, [("LogSoftmax", [], ["axis": [1]])]),
    Ending("LogSoftmax, Exp", .softmax, [("LogSoftmax", [], ["axis": [1]]), ("Exp", [], [:])]),
    Ending("Sigmoid, Reshape", .sigmoid, [("Sigmoid", [], [:]), ("Reshape", ["shape"], [:])]),
    Ending(
      "Sigmoid, Identity, Identity", .sigmoid, [("Sigmoid", [], [:]), ("Identity", [], [:]), ("Identity", [], [:])]),
    Ending(
      "Sigmoid, Cast", .sigmoid, [("Sigmoid", [], [:]), ("Cast", [], ["to": [10]]), ("Cast", [], ["to": [1]])],
      tolerance: 1e-3),
    Ending("Sigmoid in bytes", .sigmoid, [("Sigmoid", [], [:])] + bytes, tolerance: 3e-3),
    Ending("Softmax in bytes", .softmax, [("Softmax", [], ["axis": [1]])] + bytes, tolerance: 3e-3),
    Ending(
      "Softmax in bytes, Flatten", .softmax,
      [("Softmax", [], ["axis": [1]])] + bytes + [("Flatten", [], ["axis": [1]])], tolerance: 3e-3),
    Ending(
      "(tanh(x / 2) + 1) / 2", .sigmoid,
      [("Mul", ["half"], [:]), ("Tanh", [], [:]), ("Add", ["one"], [:]), ("Mul", ["half"], [:])]),
    Ending(
      "tanh(x / 2) / 2 + 1/2", .sigmoid,
      [("Mul", ["half"], [:]), ("Tanh", [], [:]), ("Mul", ["half"], [:]), ("Add", ["half"], [:])]),
    Ending("1 - Sigmoid", .negatedSigmoid, [("Sigmoid", [], [:]), ("from one", [], [:])]),
    Ending("Sigmoid, Clip", .sigmoid, [("Sigmoid", [], [:]), ("Clip", ["zero", "one"], [:])]),
    Ending(
      "1 / (1 + e^-x)", .sigmoid, [("Neg", [], [:]), ("Exp", [], [:]), ("Add", ["one"], [:]), ("Reciprocal", [], [:])]),
    Ending(
      "Sigmoid, Transpose twice", .sigmoid, [("Sigmoid", [], [:]), ("Transpose", [], [:]), ("Transpose", [], [:])]),
  ]

  private func network(_ logits: [Float], _ ending: Ending, _ path: String) throws {
    var network = TinyNetwork()
    network.input("images", .float, [1, 3, 16, 16])
    network.output("out", [1, logits.count])
    network.weights("w", [3, logits.count], [Float](repeating: 0, count: 3 * logits.count))
    network.weights("bias", [logits.count], logits)
    for (name, value) in [("zero", Float(0)), ("one", 1), ("half", 0.5), ("step", 1 / 255)] {
      network.weights(name, [], [value])
    }
    network.integers("shape", [1, Int64(logits.count)])
    network.node("GlobalAveragePool", ["images"], "a")
    network.node("Flatten", ["a"], "b", ints: ["axis": [1]])
    network.node("Gemm", ["b", "w", "bias"], "z0")
    for (index, step) in ending.steps.enumerated() {
      let (from, to) = ("z\(index)", "z\(index + 1)")
      if step.type == "from one" {
        network.node("Sub", ["one", from], to)
      } else {
        network.node(step.type, [from] + step.more, to, ints: step.ints)
      }
    }
    network.node("Identity", ["z\(ending.steps.count)"], "out")
    try network.write(to: path)
  }

  private func expected(_ logits: [Float], _ meaning: Ending.Meaning) -> [Double] {
    let numbers = logits.map { Double($0) }
    switch meaning {
    case .sigmoid: return numbers.map { 1 / (1 + exp(-$0)) }
    case .negatedSigmoid: return numbers.map { 1 / (1 + exp($0)) }
    case .softmax:
      let total = numbers.map { exp($0) }.reduce(0, +)
      return numbers.map { exp($0) / total }
    }
  }

  @Test(arguments: endings) func theEndTells(_ ending: Ending) throws {
    let folder = try TemporaryFolder()
    let grey = try #require(Image.grey(20, 20))
    // The last two add up to 1 as sigmoids, the case that sums cannot tell; the first of them as logits too.
    let cases: [[Float]] = [
      [2, 1, 0.5, -1, 0], [2.2, 1.4, -1.4, -2.2, 0.4], [-4.6, -3.9, -3.5], [4.6, 3.9, 3.5, 6.9],
      [2.197_224_6, -2.197_224_6],
      [0.25, 0.75], [0.5, 0.25, 0.25],
    ]
    for logits in cases {
      let path = folder.file("net.onnx")
      try network(logits, ending, path)
      let model = try ModelStore(folders: []).loadVision(path)
      let found = try model.perceive(grey, region: nil, minimumConfidence: nil).0.classes
      #expect(found.count == logits.count)
      for one in found {
        let right = expected(logits, ending.meaning)[one.classID]
        #expect(abs(Double(one.confidence) - right) < Double(ending.tolerance), "\(ending.testDescription), \(logits)")
      }
    }
  }

  /// A manifest that names the activation is believed.
  @Test func aManifestComesFirst() throws {
    let folder = try TemporaryFolder()
    let grey = try #require(Image.grey(20, 20))
    try network([2, -1], ActivationTests.endings[0], folder.file("net.onnx"))
    try folder.write("net.toml", "[decoder]\nname = \"classifier\"\nactivation = \"sigmoid\"\n")
    let model = try ModelStore(folders: []).loadVision(folder.file("net.onnx"))
    let found = try model.perceive(grey, region: nil, minimumConfidence: nil).0.classes
    #expect(found.map { ($0.confidence * 1000).rounded() } == [881, 269])
  }
}

import Ground
import Inference
import TestSupport
import Testing

@Suite struct ScalerTests {
  private static let attributes: [String: NodeAttributes.Attribute] = [
    "offset": .floats([1, 10, 100]), "scale": .floats([2, 0.5, -1]),
  ]

  @Test func everyFeatureHasItsOffsetAndScale() throws {
    let x = Tensor([2, 3], [1, 12, 90, 3, 10, 101] as [Float])
    let y = try OperatorHarness.tensor("Scaler", domain: "ai.onnx.ml", opset: 1, Self.attributes, [x])
    #expect(y.shape == [2, 3] && y.array(of: Float.self) == [0, 1, 10, 4, 0, -1])
  }

  @Test func integersBecomeFloatsAndOneNumberServesAll() throws {
    let x = Tensor([3], [1, 2, 3] as [Int64])
    let y = try OperatorHarness.tensor(
      "Scaler", domain: "ai.onnx.ml", opset: 1, ["offset": .floats([1]), "scale": .floats([3])], [x])
    #expect(y.type == .float32 && y.array(of: Float.self) == [0, 3, 6])
  }

  @Test func aWrongNumberOfFeaturesIsRefused() {
    #expect(throws: InferenceError.self) {
      try OperatorHarness.tensor(
        "Scaler", domain: "ai.onnx.ml", opset: 1, Self.attributes, [Tensor([2, 2], [Float](repeating: 0, count: 4))])
    }
  }

  @Test func theKernelAgreesWithTheEvaluator() throws {
    var random = SeededGenerator(5)
    let x = random.tensor([40, 3])
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [
          OnnxNode(
            "Scaler", ["x"], ["y"], [("offset", .floats([1, 10, 100])), ("scale", .floats([2, 0.5, -1]))],
            domain: "ai.onnx.ml")
        ], inputs: [("x", .float32, [40, 3])], outputs: ["y"]))
    let expected = try model.load(NetworkOptions(optimize: false)).run([x])[0].array(of: Float.self)
    let network = try model.load()
    #expect(try network.run([x])[0].array(of: Float.self) == expected)
    #expect(network.plannedSteps.map(\.isCompiled) == [true])
  }
}

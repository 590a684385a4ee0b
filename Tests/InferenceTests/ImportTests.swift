import Foundation
import Ground
import Inference
import Testing

@Suite struct ImportTests {
  private let image: (name: String, type: ElementType, shape: [Int]) = ("x", .float32, [1, 1, 3, 3])

  private func convolution(_ nodes: [OnnxNode], outputs: [String] = ["y"]) -> OnnxModel {
    OnnxModel(
      graph: OnnxGraph(
        nodes: nodes, inputs: [image], outputs: outputs,
        initializers: [("w", Tensor([1, 1, 2, 2], [Float](arrayLiteral: 1, 0, 0, 1)))]))
  }

  private let input = Tensor([1, 1, 3, 3], (1...9).map(Float.init))

  @Test func aConvolutionRuns() throws {
    let network = try convolution([OnnxNode("Conv", ["x", "w"], ["y"])]).load()
    #expect(network.inputs == [NetworkPort(name: "x", type: .float32, shape: [1, 1, 3, 3])])
    let result = try network.run([input])
    #expect(result[0].shape == [1, 1, 2, 2])
    #expect(result[0].array(of: Float.self) == [6, 8, 12, 14])
  }

  @Test func nodesMayStandInAnyOrder() throws {
    let network = try convolution([
      OnnxNode("GlobalMaxPool", ["c"], ["y"]), OnnxNode("Conv", ["x", "w"], ["c"]),
    ]).load()
    #expect(try network.run([input])[0].array(of: Float.self) == [14])
  }

  @Test func metadataAndProducerAreRead() throws {
    var model = convolution([OnnxNode("Conv", ["x", "w"], ["y"])])
    model.metadata = [("names", "{0: 'person'}")]
    let network = try model.load()
    #expect(network.metadata == ["names": "{0: 'person'}"])
    #expect(network.producer == "tests")
  }

  @Test func localFunctionsAreInlined() throws {
    var model = convolution([OnnxNode("Twice", ["x"], ["y"], [("k", .int(2))], domain: "local")])
    model.functions = [
      OnnxFunction(
        domain: "local", name: "Twice", inputs: ["a"], outputs: ["c"],
        nodes: [
          OnnxNode("GlobalMaxPool", ["a"], ["b"]), OnnxNode("Pool", ["b"], ["c"], domain: "local"),
        ]),
      OnnxFunction(
        domain: "local", name: "Pool", inputs: ["a"], outputs: ["b"],
        nodes: [OnnxNode("GlobalAveragePool", ["a"], ["b"])]),
    ]
    #expect(try model.load().run([input])[0].array(of: Float.self) == [9])
  }

  private func failure(_ model: OnnxModel) -> InferenceError? {
    do {
      _ = try model.load()
      return nil
    } catch { return error as? InferenceError }
  }

  @Test func anUnknownOperatorIsNamed() {
    let error = failure(convolution([OnnxNode("Frobnicate", ["x"], ["y"], name: "head/odd")]))
    #expect(error?.kind == .unknownOperator)
    #expect(error?.line.contains("unknown operator 'Frobnicate'") == true)
    #expect(error?.line.contains("head/odd") == true)
  }

  @Test func badGraphsAreErrors() {
    let cyclic = convolution([
      OnnxNode("GlobalMaxPool", ["b"], ["y"]), OnnxNode("GlobalMaxPool", ["y"], ["b"]),
    ])
    #expect(failure(cyclic)?.what == "the graph has a cycle")
    #expect(failure(convolution([OnnxNode("Conv", ["x", "nowhere"], ["y"])]))?.kind == .malformedModel)
    #expect(failure(convolution([], outputs: ["y"]))?.kind == .malformedModel)
    let twice = convolution([OnnxNode("Conv", ["x", "w"], ["y"]), OnnxNode("Conv", ["x", "w"], ["y"])])
    #expect(failure(twice)?.what == "'y' is defined twice")
    var recursive = convolution([OnnxNode("F", ["x"], ["y"], domain: "local")])
    recursive.functions = [
      OnnxFunction(
        domain: "local", name: "F", inputs: ["a"], outputs: ["b"], nodes: [OnnxNode("F", ["a"], ["b"], domain: "local")]
      )
    ]
    #expect(failure(recursive)?.kind == .malformedModel)
  }

  @Test func functionsThatMultiplyAreStopped() {
    var model = convolution([OnnxNode("F40", ["x"], ["y"], domain: "local")])
    model.functions = (1...40).map { level in
      OnnxFunction(
        domain: "local", name: "F\(level)", inputs: ["a"], outputs: ["c"],
        nodes: [
          OnnxNode("F\(level - 1)", ["a"], ["b"], domain: "local"),
          OnnxNode("F\(level - 1)", ["b"], ["c"], domain: "local"),
        ])
    }
    model.functions.append(
      OnnxFunction(
        domain: "local", name: "F0", inputs: ["a"], outputs: ["b"], nodes: [OnnxNode("GlobalMaxPool", ["a"], ["b"])]))
    #expect(failure(model)?.what == "too many nodes")
  }

  @Test func impostorsAreNamed() throws {
    let pointer = Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n".utf8)
    #expect(throws: InferenceError.self) { try withTemporaryFile(pointer) { _ = try OcellusNetwork(path: $0) } }
    #expect(throws: InferenceError.self) {
      try withTemporaryFile(Array("just some text".utf8)) { _ = try OcellusNetwork(path: $0) }
    }
    #expect(throws: InferenceError.self) { _ = try OcellusNetwork(path: "/nonexistent.onnx") }
    #expect(throws: InferenceError.self) { _ = try OcellusNetwork(path: "/") }
  }

  @Test func inputsThatDoNotFitAreErrors() throws {
    let network = try convolution([OnnxNode("Conv", ["x", "w"], ["y"])]).load()
    #expect(throws: InferenceError.self) { try network.run([]) }
    #expect(throws: InferenceError.self) { try network.run([Tensor([1], [Float(1)])]) }
    #expect(throws: InferenceError.self) { try network.run([Tensor([1, 1, 3, 3], [Int32](repeating: 0, count: 9))]) }
  }
}

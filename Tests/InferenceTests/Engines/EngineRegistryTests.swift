import Ground
import Inference
import Testing

@Suite struct EngineRegistryTests {
  private static let relu = OnnxModel(
    graph: OnnxGraph(
      nodes: [OnnxNode("Relu", ["x"], ["y"])], inputs: [("x", .float32, [1, 4])], outputs: ["y"]))

  @Test func theFirstEngineServesWhereNobodyChose() throws {
    let network = try Self.relu.withFile { try EngineRegistry.standard.prepare(path: $0) }
    #expect(network.engine == EngineChoice(name: "ocellus"))
    #expect(network.runsOn.hasPrefix("CPU ("))
    #expect(try network.run([Tensor([1, 4], [-1, 0, 1, 2] as [Float])])[0].array(of: Float.self) == [0, 0, 1, 2])
    #expect(network.execution == ExecutionReport(operatorCount: 1))
  }

  @Test func everyEngineOfTheProgramTellsWhatItIs() {
    for engine in EngineRegistry.standard.engines {
      #expect(!engine.name.contains(":") && engine.name == engine.name.lowercased())
      #expect(engine.status().isAvailable || engine.status().problem?.isEmpty == false)
    }
  }

  @Test func unknownEnginesAndProvidersAreRefused() throws {
    for choice in [EngineChoice(name: "other"), EngineChoice(name: "ocellus", provider: "cuda")] {
      let error = #expect(throws: InferenceError.self) {
        try Self.relu.withFile { try EngineRegistry.standard.prepare(path: $0, options: .init(engine: choice)) }
      }
      #expect(error?.kind == .engineUnavailable && error?.place.isEmpty == false && error?.remedy.isEmpty == false)
    }
  }

  @Test func choicesAreReadAndWritten() {
    #expect(EngineChoice("ocellus") == EngineChoice(name: "ocellus"))
    #expect(EngineChoice("onnxruntime:cuda:0") == EngineChoice(name: "onnxruntime", provider: "cuda:0"))
    #expect(EngineChoice("onnxruntime:cuda")?.description == "onnxruntime:cuda")
    for bad in ["", ":", "a:", ":b"] { #expect(EngineChoice(bad) == nil) }
  }

  @Test func aNetworkTellsWhichNodesHaveNoKernelAndWhy() throws {
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [OnnxNode("Det", ["x"], ["d"], name: "determinant"), OnnxNode("Relu", ["d"], ["y"])],
        inputs: [("x", .float32, [2, 2])], outputs: ["y"]))
    let network = try model.load()
    _ = try network.run([Tensor([2, 2], [1, 2, 3, 4] as [Float])])
    #expect(network.execution.failure == nil)
    #expect(network.execution.operatorCount == 2)
    let fallback = try #require(network.execution.fallbacks.first)
    #expect(fallback.name == "determinant" && fallback.operatorType == "Det" && !fallback.reason.isEmpty)
    let plain = try model.load(NetworkOptions(optimize: false))
    #expect(plain.execution.failure?.contains("turned off") == true)
  }

  /// 1.6 GB out of a file of some kilobytes: no plan is made, and the run on the reference tier is refused too.
  @Test func aFailedPlanKeepsItsReason() throws {
    let model = OnnxModel(
      graph: OnnxGraph(
        nodes: [OnnxNode("Add", ["x", "w"], ["y"])], inputs: [("x", .float32, [400, 1000, 1])], outputs: ["y"],
        initializers: [("w", Tensor([1, 1, 1000], [Float](repeating: 1, count: 1000)))]))
    let network = try model.load()
    #expect(network.execution.failure?.contains("MiB") == true)
    let x = Tensor([400, 1000, 1], [Float](repeating: 0, count: 400_000))
    #expect(throws: InferenceError.self) { try network.run([x]) }
  }
}

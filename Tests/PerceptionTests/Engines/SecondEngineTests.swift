import Foundation
import Ground
import Inference
import Perception
import Synchronization
import TestSupport
import Testing

/// An engine that computes nothing: it answers every run with zeros, and fails on the run that its provider names.
private struct DummyEngine: Engine {
  let name = "dummy"

  func status() -> EngineStatus { EngineStatus(version: "1", runsOn: "nothing") }

  func prepare(path: String, options: NetworkOptions) throws -> any PreparedNetwork {
    DummyNetwork(try NetworkHeader(path: path), options.engine ?? EngineChoice(name: name))
  }
}

private final class DummyNetwork: PreparedNetwork {
  let inputs: [NetworkPort]
  let outputs: [NetworkPort]
  let metadata: [String: String]
  let producer: String
  let loadMilliseconds = 0.0
  let engine: EngineChoice
  let runsOn = "nothing"
  let execution = ExecutionReport()
  private let runs = Atomic<Int>(0)

  init(_ header: NetworkHeader, _ choice: EngineChoice) {
    inputs = header.inputs
    outputs = header.outputs
    metadata = header.metadata
    producer = header.producer
    engine = choice
  }

  func run(_ inputs: [Tensor]) throws -> [Tensor] {
    let run = runs.add(1, ordering: .relaxed).newValue
    if engine.provider == "fails\(run)" { throw InferenceError(.engineFailed, "the device is lost") }
    return outputs.map { port in
      let shape = port.shape?.map { $0 ?? 1 } ?? []
      return Tensor(shape, [Float](repeating: 0, count: shape.reduce(1, *)))
    }
  }

  func profile(_ inputs: [Tensor]) throws -> [OperatorTiming] { [] }
}

/// A second engine is a type and a row of the registry: nothing else in the program is changed for it.
@Suite struct SecondEngineTests {
  private static let engines = EngineRegistry(EngineRegistry.standard.engines + [DummyEngine()])

  private func folder(manifest: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    var network = TinyNetwork()
    network.input("pixel_values", .float, [1, 3, 16, 16])
    network.output("logits", [1, 3])
    network.node("GlobalAveragePool", ["pixel_values"], "pooled")
    network.node("Flatten", ["pooled"], "logits", ints: ["axis": [1]])
    try network.write(to: folder.path + "/net.onnx")
    try folder.write("net.toml", manifest)
    return folder
  }

  @Test func theManifestNamesTheEngine() throws {
    let folder = try folder(manifest: "engine = \"dummy\"")
    let store = ModelStore(folders: [folder.path], engines: Self.engines)
    let model = try store.load("net")
    #expect(model.description.engine == "dummy" && model.description.runsOn == "nothing")
    #expect(store.check("net") == [])
  }

  @Test func theCommandLineTakesPrecedence() throws {
    let folder = try folder(manifest: "engine = \"dummy\"")
    let store = ModelStore(folders: [folder.path], engines: Self.engines)
    let model = try store.load("net", options: NetworkOptions(engine: EngineChoice(name: "ocellus")))
    #expect(model.description.engine == "ocellus" && model.description.runsOn.hasPrefix("CPU"))
  }

  @Test func aMisspeltEngineIsAnErrorOfTheManifest() throws {
    let folder = try folder(manifest: "engine = \"dumy\"")
    let store = ModelStore(folders: [folder.path], engines: Self.engines)
    let error = #expect(throws: PerceptionError.self) { try store.load("net") }
    #expect(error?.place.hasSuffix("net.toml") == true && error?.remedy.contains("did you mean 'dummy'?") == true)
  }

  @Test func anEngineMayFailDuringARun() throws {
    let folder = try folder(manifest: "engine = \"dummy:fails2\"")
    let network = try ModelStore(folders: [folder.path], engines: Self.engines).prepare("net")
    let inputs = [Tensor([1, 3, 16, 16], [Float](repeating: 0, count: 768))]
    #expect(try network.run(inputs)[0].count == 3)
    #expect(throws: InferenceError(.engineFailed, "the device is lost")) { try network.run(inputs) }
    #expect(try network.run(inputs)[0].count == 3)
  }
}

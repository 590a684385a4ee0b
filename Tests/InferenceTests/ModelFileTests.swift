import Foundation
import Glibc
import Ground
import Inference
import TestSupport
import Testing

/// A model file may be cut, overwritten or replaced while its network runs: `cp new.onnx model.onnx` is what people do.
@Suite(.serialized) struct ModelFileTests {
  /// Weights of some pages, packed (Gemm), used in place (Add), and lying unaligned now and then.
  private static func model(_ seed: UInt64, inputRows: Int = 4) -> OnnxModel {
    var random = SeededGenerator(seed)
    var graph = OnnxGraph()
    graph.inputs = [("x", .float32, [inputRows, 256])]
    graph.initializers = [
      ("w", random.tensor([256, 192])), ("b", random.tensor([192])), ("c", random.tensor([4, 192])),
    ]
    graph.nodes = [OnnxNode("Gemm", ["x", "w", "b"], ["t"]), OnnxNode("Add", ["t", "c"], ["y"])]
    graph.outputs = ["y"]
    return OnnxModel(graph: graph)
  }

  private enum Harm: CaseIterable { case truncated, emptied, overwritten, replaced, removed }

  private func inflict(_ harm: Harm, on path: String, with other: [UInt8]) throws {
    switch harm {
    case .truncated: #expect(truncate(path, 1000) == 0)
    case .emptied: #expect(truncate(path, 0) == 0)
    case .overwritten:
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.write(contentsOf: Data(other))
      try file.close()
    case .replaced: try Data(other).write(to: URL(fileURLWithPath: path), options: .atomic)
    case .removed: #expect(unlink(path) == 0)
    }
  }

  @Test func runsOnAsIfNothingHadHappened() throws {
    for harm in Harm.allCases {
      for optimize in [true, false] {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.onnx", ModelFileTests.model(1).bytes)
        let network = try OcellusNetwork(path: path, options: NetworkOptions(optimize: optimize))
        var random = SeededGenerator(3)
        let x = random.tensor([4, 256])
        let before = try network.run([x])[0].array(of: Float.self)
        try inflict(harm, on: path, with: ModelFileTests.model(2).bytes)
        for _ in 0..<3 { #expect(try network.run([x])[0].array(of: Float.self) == before, "\(harm)") }
      }
    }
  }

  /// A new input shape reads the weights again where no packed form serves; the answer is right or an error, never a
  /// mixture of two files.
  @Test func newShapesGiveTheOldAnswerOrALine() throws {
    for harm in Harm.allCases {
      var random = SeededGenerator(5)
      var graph = OnnxGraph()
      graph.inputs = [("x", .float32, [1, 16, -1, -1])]
      graph.initializers = [("w", random.tensor([32, 16, 3, 3]))]
      graph.nodes = [OnnxNode("Conv", ["x", "w"], ["y"], [("pads", .ints([1, 1, 1, 1]))])]
      graph.outputs = ["y"]
      var other = graph
      other.initializers = [("w", random.tensor([32, 16, 3, 3]))]
      let folder = try TemporaryFolder()
      let path = try folder.write("m.onnx", OnnxModel(graph: graph).bytes)
      let network = try OcellusNetwork(path: path)
      let plain = try OnnxModel(graph: graph).load(NetworkOptions(optimize: false))
      for size in [7, 40, 9, 64] {
        let x = random.tensor([1, 16, size, size])
        let expected = try plain.run([x])[0].array(of: Float.self)
        do {
          let found = try network.run([x])[0].array(of: Float.self)
          let worst = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
          #expect(worst < 1e-3, "\(harm) at \(size)")
        } catch let error as InferenceError {
          #expect(size != 7)
          #expect(error.kind == .unreadableFile)
          #expect(error.line.contains("load it again"))
        }
        if size == 7 { try inflict(harm, on: path, with: OnnxModel(graph: other).bytes) }
      }
    }
  }

  @Test func replacedByRenamingServesEveryShape() throws {
    var random = SeededGenerator(5)
    var graph = OnnxGraph()
    graph.inputs = [("x", .float32, [1, 16, -1, -1])]
    graph.initializers = [("w", random.tensor([32, 16, 3, 3]))]
    graph.nodes = [OnnxNode("Conv", ["x", "w"], ["y"], [("pads", .ints([1, 1, 1, 1]))])]
    graph.outputs = ["y"]
    let folder = try TemporaryFolder()
    let path = try folder.write("m.onnx", OnnxModel(graph: graph).bytes)
    let network = try OcellusNetwork(path: path)
    try inflict(.replaced, on: path, with: [1, 2, 3])
    for size in [7, 40, 9, 64] { _ = try network.run([random.tensor([1, 16, size, size])]) }
  }

  /// The header of a file with large weights is read without them, and says the same as the network.
  @Test func headersAreReadWithoutWeights() throws {
    var graph = OnnxGraph()
    graph.inputs = [("x", .float32, [1, 300_000])]
    graph.initializers = [("w", Tensor([300_000], [Float](repeating: 0.5, count: 300_000)))]
    graph.nodes = [
      OnnxNode("Constant", [], ["k"], [("value", .tensor(Tensor([300_000], [Float](repeating: 2, count: 300_000))))]),
      OnnxNode("Add", ["x", "w"], ["t"]), OnnxNode("Mul", ["t", "k"], ["y"]),
    ]
    graph.outputs = ["y"]
    let model = OnnxModel(graph: graph, metadata: [("names", "{0: 'a'}")])
    try model.withFile { path in
      let header = try NetworkHeader(path: path)
      let network = try OcellusNetwork(path: path)
      #expect(header.inputs == network.inputs && header.outputs.map(\.name) == network.outputs.map(\.name))
      #expect(header.metadata == network.metadata && header.producer == network.producer)
    }
    // Cut anywhere, the header is read or refused.
    let bytes = model.bytes
    for length in stride(from: 1, to: bytes.count, by: 48_611) {
      try withTemporaryFile(Array(bytes[..<length])) { path in
        do { _ = try NetworkHeader(path: path) } catch is InferenceError {}
      }
    }
  }

  @Test func holesAreNotBelieved() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("m.onnx", ModelFileTests.model(1).bytes)
    #expect(truncate(path, 40 << 30) == 0)
    #expect(throws: InferenceError.self) { try OcellusNetwork(path: path) }
    #expect(throws: InferenceError.self) { try NetworkHeader(path: path) }
  }
}

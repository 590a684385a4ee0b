import Foundation
import Inference
import Testing

/// Networks with stored answers of ONNX Runtime that stand beside the package, where they do.
enum Reference {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Array: Decodable, Sendable {
      let name: String
      let npy: String
    }
    let model: String
    let file: String
    let `case`: String
    let kind: String
    let inputs: [Array]
    let outputs: [Array]
    var testDescription: String { "\(model) \(self.case)" }
  }

  static let folder = packageRoot.appendingPathComponent("../shared/real").standardizedFileURL

  static let cases: [Case] = {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent("cases/index.json")) else { return [] }
    return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
  }()

  static func tensor(_ path: String) throws -> Tensor { try NpyFile.read(folder.appendingPathComponent(path).path) }
}

/// The folder that holds Package.swift.
let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

@Suite struct ReferenceTests {
  // The reference networks are not part of the project; where they are absent there is nothing to compare with.
  @Test(
    .enabled(if: !Reference.cases.isEmpty, "../shared/real is absent"),
    arguments: Reference.cases.filter { $0.kind == "single" && !$0.model.contains("int8") })
  private func realNetworkAgrees(item: Reference.Case) throws {
    let network = try OcellusNetwork(path: Reference.folder.appendingPathComponent(item.file).path)
    let results = try network.run(try item.inputs.map { try Reference.tensor($0.npy) })
    for (result, expected) in zip(results, item.outputs) {
      #expect(
        relativeError(result, try Reference.tensor(expected.npy)) <= 1e-4, "\(item.testDescription) \(expected.name)")
    }
  }

  // Answers of the plain graph: exact runs compute it literally. (The kernels of bytes round as ONNX Runtime's own do
  // behind its optimiser, which differ from the plain graph by as much.)
  @Test(
    .enabled(if: !Reference.cases.isEmpty, "../shared/real is absent"),
    arguments: Reference.cases.filter { $0.kind == "single" && $0.model.contains("int8") })
  private func quantisedRealNetworkAgreesExactly(item: Reference.Case) throws {
    let network = try OcellusNetwork(
      path: Reference.folder.appendingPathComponent(item.file).path, options: NetworkOptions(exact: true))
    let results = try network.run(try item.inputs.map { try Reference.tensor($0.npy) })
    for (result, expected) in zip(results, item.outputs) {
      let reference = try Reference.tensor(expected.npy)
      #expect(
        shareBeyond(quantisationStep(reference), result, reference) <= 0.001,
        "\(item.testDescription) \(expected.name)")
    }
  }
}

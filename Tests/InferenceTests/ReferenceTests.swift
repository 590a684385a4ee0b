import Foundation
import Ground
import Inference
import Kernels
import Testing

/// Networks with stored answers of ONNX Runtime that stand beside the package, where they do.
private enum Reference {
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

/// Folders NAME/{model.onnx,input_k.npy,output_k.npy} in the folder that the environment variable OCELLUS_ZOO names.
private enum Zoo {
  static let folder = ProcessInfo.processInfo.environment["OCELLUS_ZOO"].map { URL(fileURLWithPath: $0) }

  static let networks: [String] = {
    guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { return [] }
    return names.filter { FileManager.default.fileExists(atPath: "\(folder.path)/\($0)/model.onnx") }.sorted()
  }()

  static func tensors(_ name: String, _ role: String) throws -> [Tensor] {
    guard let folder else { return [] }
    var tensors: [Tensor] = []
    while FileManager.default.fileExists(atPath: "\(folder.path)/\(name)/\(role)_\(tensors.count).npy") {
      tensors.append(try NpyFile.read("\(folder.path)/\(name)/\(role)_\(tensors.count).npy"))
    }
    return tensors
  }

  /// Networks whose answer hangs on the order of scores that differ by rounding alone. Their heads can be compared, as
  /// a network of their own (`ssdlite320_heads`); what is left after suppression cannot: ONNX Runtime differs here from
  /// itself by as much between two of its optimisation levels.
  private static let hangingOnTies: Set<String> = ["ssdlite320"]

  /// Runs a network and compares every output with ONNX Runtime's.
  static func check(_ name: String, _ options: Network.Options) throws {
    guard let folder else { return }
    let expected = try tensors(name, "output")
    let network = try Network(path: "\(folder.path)/\(name)/model.onnx", options: options)
    let results = try network.run(try tensors(name, "input"))
    #expect(results.count == expected.count)
    for (index, (result, reference)) in zip(results, expected).enumerated() {
      let place: Comment = "\(name) output \(index), \(options)"
      if hangingOnTies.contains(name) {
        #expect(result.shape == reference.shape && result.type == reference.type, place)
      } else if name.contains("int8") {
        #expect(shareWithin(quantisationStep(reference), result, reference) >= 0.999, place)
      } else {
        #expect(relativeError(result, reference) <= (options.exact ? 1e-5 : 1e-4), place)
      }
    }
  }
}

@Suite(.serialized) struct ReferenceTests {
  // The reference networks are not part of the project; where they are absent there is nothing to compare with.
  @Test(
    .enabled(if: !Reference.cases.isEmpty, "../shared/real is absent"),
    arguments: Reference.cases.filter { $0.kind == "single" && !$0.model.contains("int8") })
  private func realNetworkAgrees(item: Reference.Case) throws {
    let network = try Network(path: Reference.folder.appendingPathComponent(item.file).path)
    let results = try network.run(try item.inputs.map { try Reference.tensor($0.npy) })
    for (result, expected) in zip(results, item.outputs) {
      #expect(
        relativeError(result, try Reference.tensor(expected.npy)) <= 1e-4, "\(item.testDescription) \(expected.name)")
    }
  }

  // OCELLUS_ZOO names a folder of materialised networks; unset, there is nothing to compare with.
  @Test(.enabled(if: !Zoo.networks.isEmpty, "OCELLUS_ZOO is not set"), arguments: Zoo.networks)
  private func zooNetworkAgrees(name: String) throws {
    for exact in [false, true] { try Zoo.check(name, Network.Options(exact: exact)) }
  }

  @Test(.enabled(if: !Zoo.networks.isEmpty, "OCELLUS_ZOO is not set"), arguments: Zoo.networks)
  private func zooNetworkAgreesOnAnyNumberOfThreads(name: String) throws {
    for threads in [1, 2, 4] { try Zoo.check(name, Network.Options(threads: threads)) }
  }

  @Test(
    .enabled(if: !Zoo.networks.isEmpty, "OCELLUS_ZOO is not set"), arguments: Zoo.networks, InstructionSets.available)
  private func zooNetworkAgreesOnEveryInstructionSet(name: String, isa: ock_isa) throws {
    try InstructionSets.force(isa) {
      for exact in [false, true] { try Zoo.check(name, Network.Options(exact: exact)) }
    }
  }
}

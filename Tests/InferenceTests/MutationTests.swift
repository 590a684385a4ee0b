import Foundation
import Ground
import Inference
import TestSupport
import Testing

/// Models that lie: whatever a file says, loading and running it ends in an answer or an error.
@Suite(.serialized) struct MutationTests {
  private static let seedModels = SeedModels.models.map(\.bytes)

  private static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var copy = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard !copy.isEmpty else { break }
      let at = Int.random(in: 0..<copy.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: copy.removeLast(copy.count - at)
      case 1, 2: copy[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 3: copy[at] = UInt8.random(in: 0...255, using: &random)
      case 4: copy[at] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
      case 5:
        // A varint of -1, of the largest positive, or of some gigabytes.
        let huge: [[UInt8]] = [
          [UInt8](repeating: 0xff, count: 9) + [1], [UInt8](repeating: 0xff, count: 8) + [0x7f],
          [0x80, 0x80, 0x80, 0x80, 0x40],
        ]
        copy.replaceSubrange(at..<at + 1, with: huge.randomElement(using: &random) ?? [])
      case 6:
        let end = min(copy.count, at + Int.random(in: 1...32, using: &random))
        copy.removeSubrange(at..<end)
      default:
        let end = min(copy.count, at + Int.random(in: 1...64, using: &random))
        copy.insert(contentsOf: copy[at..<end], at: Int.random(in: 0...copy.count, using: &random))
      }
    }
    return copy
  }

  @Test func theSeedsThemselvesRun() throws {
    for bytes in Self.seedModels { #expect(try SeedModels.survives(bytes)) }
  }

  /// OCELLUS_MUTATIONS sets another count: 100,000 and more for a long look.
  private static let count = environmentCount("OCELLUS_MUTATIONS", usual: 3000)

  @Test func mutatedModelsEndInAnErrorOrAnAnswer() throws {
    var random = SeededGenerator(99)
    var failed = 0
    for index in 0..<MutationTests.count {
      let seed = Self.seedModels[index % Self.seedModels.count]
      if try !SeedModels.survives(MutationTests.mutated(seed, &random)) { failed += 1 }
    }
    // Most mutations must be noticed, or nothing was tested.
    #expect(failed > MutationTests.count / 3)
  }

  private static let skeletons: [URL] = {
    let folder = packageRoot.appendingPathComponent("../shared/zoo").standardizedFileURL
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension == "onnx" }.sorted { $0.path < $1.path }
  }()

  // The skeletons of real architectures are not part of the project.
  @Test(.enabled(if: !skeletons.isEmpty, "../shared/zoo is absent"), arguments: skeletons)
  func mutatedArchitecturesEndInAnErrorOrAnAnswer(file: URL) throws {
    let bytes = [UInt8](try Data(contentsOf: file))
    guard bytes.count < 4 << 20 else { return }
    var random = SeededGenerator(UInt64(bytes.count))
    for _ in 0..<max(2, MutationTests.count / 300) {
      // Only decoded and imported: the skeletons' weights are elsewhere.
      let mutation = MutationTests.mutated(bytes, &random)
      try withTemporaryFile(mutation) { path in
        do { _ = try OcellusNetwork(path: path, options: NetworkOptions(optimize: false)) } catch is InferenceError {}
      }
    }
  }

  @Test(arguments: [
    "../secret.bin", "/etc/passwd", "sub/../../secret.bin", "", "missing.bin", "link.bin",
  ])
  func externalDataStaysInTheFolder(location: String) throws {
    let folder = try TemporaryFolder()
    let inner = folder.url.appendingPathComponent("model")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    let secret = try folder.write("secret.bin", [UInt8](repeating: 0, count: 64))
    try FileManager.default.createSymbolicLink(
      at: inner.appendingPathComponent("link.bin"), withDestinationURL: URL(fileURLWithPath: secret))
    let path = inner.appendingPathComponent("m.onnx").path
    try Data(externalModel(location)).write(to: URL(fileURLWithPath: path))
    #expect(throws: InferenceError.self) { _ = try OcellusNetwork(path: path) }
  }

  @Test func externalDataBesideTheModelIsUsed() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [1, 2, 3, 4]
    try folder.write("w.bin", values.withUnsafeBytes { [UInt8]($0) })
    let path = try folder.write("m.onnx", externalModel("w.bin"))
    let network = try OcellusNetwork(path: path)
    #expect(try network.run([Tensor([4], [Float](repeating: 1, count: 4))])[0].array(of: Float.self) == [2, 3, 4, 5])
  }

  /// Hugging Face's cache: the model and its data are links from one folder into another.
  @Test func externalDataBesideTheFileThatALinkLeadsToIsUsed() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [1, 2, 3, 4]
    try folder.write("w", values.withUnsafeBytes { [UInt8]($0) })
    let manager = FileManager.default
    for name in ["cache/blobs", "cache/snapshots/1/onnx", "elsewhere"] {
      try manager.createDirectory(atPath: folder.path + "/" + name, withIntermediateDirectories: true)
    }
    try manager.moveItem(atPath: folder.path + "/w", toPath: folder.path + "/cache/blobs/bb")
    try Data(externalModel("model.onnx_data")).write(to: URL(fileURLWithPath: folder.path + "/cache/blobs/aa"))
    let place = folder.path + "/cache/snapshots/1/onnx"
    try manager.createSymbolicLink(atPath: place + "/model.onnx", withDestinationPath: "../../../blobs/aa")
    try manager.createSymbolicLink(atPath: place + "/model.onnx_data", withDestinationPath: "../../../blobs/bb")
    let network = try OcellusNetwork(path: place + "/model.onnx")
    #expect(try network.run([Tensor([4], [Float](repeating: 1, count: 4))])[0].array(of: Float.self) == [2, 3, 4, 5])
    // A link out of both folders stays refused.
    try manager.removeItem(atPath: place + "/model.onnx_data")
    try manager.copyItem(atPath: folder.path + "/cache/blobs/bb", toPath: folder.path + "/elsewhere/w")
    try manager.createSymbolicLink(
      atPath: place + "/model.onnx_data", withDestinationPath: folder.path + "/elsewhere/w")
    #expect(throws: InferenceError.self) { _ = try OcellusNetwork(path: place + "/model.onnx") }
  }

  /// y = x + w, where w's four floats lie in the file `location`.
  private func externalModel(_ location: String) -> [UInt8] {
    var wire = Wire()
    wire.int(1, 9)
    wire.message(7) { graph in
      graph.message(1) { node in
        for name in ["x", "w"] { node.string(1, name) }
        node.string(2, "y")
        node.string(4, "Add")
      }
      graph.message(5) { tensor in
        tensor.int(1, 4)
        tensor.int(2, 1)
        tensor.string(8, "w")
        tensor.message(13) {
          $0.string(1, "location")
          $0.string(2, location)
        }
        tensor.int(14, 1)
      }
      graph.message(11) { info in
        info.string(1, "x")
        info.message(2) { type in
          type.message(1) { tensor in
            tensor.int(1, 1)
            tensor.message(2) { shape in shape.message(1) { $0.int(1, 4) } }
          }
        }
      }
      graph.message(12) { $0.string(1, "y") }
    }
    wire.message(8) { $0.int(2, 17) }
    return wire.bytes
  }
}

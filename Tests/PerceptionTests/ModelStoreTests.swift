import Foundation
import Ground
import Perception
import TestSupport
import Testing

@Suite struct ModelStoreTests {
  @Test func listsNetworksAndManifestsCheaply() throws {
    let folder = try TemporaryFolder()
    try folder.write("b.onnx", "not a network")
    try folder.write("a.onnx", "nor this")
    try folder.write("a.toml", "task = \"classification\"")
    try folder.write("c.toml", "file = \"a.onnx\"\ntask = \"detection\"")
    try folder.write("broken.onnx", "")
    try folder.write("broken.toml", "taks = \"detection\"")
    try folder.write("catalogue.toml", "")
    let entries = ModelStore(folders: [folder.path, "/nowhere"]).list()
    #expect(entries.map(\.name) == ["a", "b", "broken", "c"])
    #expect(entries.map(\.task) == [.classification, nil, nil, .detection])
    #expect(entries[2].problem?.contains("did you mean 'task'") == true)
    #expect(entries[3].path == folder.path + "/a.onnx")
  }

  @Test func theEarlierFolderWins() throws {
    let first = try TemporaryFolder()
    let second = try TemporaryFolder()
    try first.write("net.onnx", "1")
    try second.write("net.onnx", "22")
    #expect(ModelStore(folders: [first.path, second.path]).list().map(\.fileBytes) == [1])
  }

  @Test func unknownNamesGetASuggestion() throws {
    let folder = try TemporaryFolder()
    try folder.write("detector.onnx", "x")
    let store = ModelStore(folders: [folder.path])
    let error = #expect(throws: PerceptionError.self) { try store.load("detectr") }
    #expect(error?.line.contains("did you mean 'detector'") == true)
    #expect(throws: PerceptionError.self) { try store.load(folder.path + "/none.onnx") }
  }

  @Test func textNamedONNXIsAnErrorOfOneLine() throws {
    let folder = try TemporaryFolder()
    try folder.write("fake.onnx", "this is no network\nat all\n")
    let store = ModelStore(folders: [folder.path])
    #expect(throws: (any Error).self) { try store.load("fake") }
    let problems = store.check("fake")
    #expect(problems.count == 1)
    #expect(problems.first?.contains("fake.onnx") == true)
    #expect(problems.first?.contains("\n") == false)
  }

  @Test func aWrongHashIsRefusedBeforeTheFileIsRead() throws {
    let folder = try TemporaryFolder()
    try folder.write("net.onnx", "abc")
    try folder.write("net.toml", "sha256 = \"\(String(repeating: "0", count: 64))\"")
    let error = #expect(throws: PerceptionError.self) { try ModelStore(folders: [folder.path]).load("net") }
    // FIPS 180-4's example: the digest of "abc".
    #expect(
      error?.what.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == true)
  }
}

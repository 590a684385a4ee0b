import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// Networks whose files fix a batch above 1 answer as those of batch 1 do.
@Suite struct FixedBatchTests {
  /// Mean colours as classes, so that the answer depends on the picture.
  private func meanColors(_ path: String, batch: Int) throws {
    var network = TinyNetwork()
    network.input("images", .float, [batch, 3, 16, 16])
    network.output("probs", [batch, 3])
    network.node("GlobalAveragePool", ["images"], "a")
    network.node("Flatten", ["a"], "b", ints: ["axis": [1]])
    network.node("Sigmoid", ["b"], "probs")
    try network.write(to: path)
  }

  private func halves() throws -> Image {
    var canvas = Canvas(width: 64, height: 32)
    canvas.fill(x: 0, y: 0, width: 32, height: 32, .init(250, 10, 120))
    canvas.fill(x: 32, y: 0, width: 32, height: 32, .init(5, 200, 90))
    return try #require(canvas.image)
  }

  private func answers(_ findings: [Findings]) -> [[Int: Float]] {
    findings.map { Dictionary($0.classes.map { ($0.classID, $0.confidence) }) { first, _ in first } }
  }

  @Test(arguments: [2, 3, 4, 7, 16]) func picturesAndCropsGiveTheAnswersOfBatchOne(batch: Int) throws {
    let folder = try TemporaryFolder()
    try meanColors(folder.file("one.onnx"), batch: 1)
    try meanColors(folder.file("many.onnx"), batch: batch)
    let store = ModelStore(folders: [])
    #expect(store.check(folder.file("many.onnx")).isEmpty)
    #expect(try store.describe(folder.file("many.onnx")).decoder == "classifier")
    let one = try store.loadVision(folder.file("one.onnx"))
    let many = try store.loadVision(folder.file("many.onnx"))
    let image = try halves()
    let whole = try [one, many].map { try $0.perceive(image, region: nil, minimumConfidence: nil).0 }
    #expect(answers([whole[0]]) == answers([whole[1]]))
    // Crops of both halves, more and fewer of them than the batch holds.
    for count in [1, 2, 3, 5, 9] {
      let regions = (0..<count).map { Box(x: Float($0 % 2 * 32 + $0), y: 2, width: 20, height: 20) }
      let each = try [one, many].map { try $0.perceive(image, regions: regions, minimumConfidence: nil).0 }
      #expect(each[1].count == count && answers(each[0]) == answers(each[1]))
    }
  }

  @Test func anOutputAcrossTheBatchIsRefusedInWords() throws {
    let folder = try TemporaryFolder()
    var network = TinyNetwork()
    network.input("images", .float, [4, 3, 16, 16])
    network.output("rows", [12, 7])
    network.weights("table", [12, 7], [Float](repeating: 0, count: 84))
    network.node("Identity", ["table"], "rows")
    network.node("GlobalAveragePool", ["images"], "unused")
    try network.write(to: folder.file("net.onnx"))
    let store = ModelStore(folders: [])
    for attempt in [
      { _ = try store.describe(folder.file("net.onnx")) }, { _ = try store.load(folder.file("net.onnx")) },
    ] {
      let error = #expect(throws: PerceptionError.self) { try attempt() }
      #expect(error?.line.contains("batch of 4") == true && error?.line.contains("'rows'") == true)
    }
  }

  /// Classes of mean colours that one operator mixes over the batch.
  private func mixed(_ path: String, batch: Int?, by mixer: String) throws {
    var network = TinyNetwork()
    network.input("images", .float, [batch, 3, 16, 16])
    network.output("probs", [batch, 3])
    network.node("GlobalAveragePool", ["images"], "a")
    network.node("Flatten", ["a"], "b", ints: ["axis": [1]])
    if mixer == "Softmax" {
      network.node("Softmax", ["b"], "probs", ints: ["axis": [0]])
    } else {
      network.node(mixer, ["b"], "whole", ints: ["axes": [0], "keepdims": [1]])
      network.node("Sub", ["b", "whole"], "probs")
    }
    try network.write(to: path)
  }

  @Test(arguments: ["Softmax", "ReduceMean", "ReduceMax", "ReduceL2"])
  func anAnswerThatDependsOnTheOtherPicturesIsRefusedInWords(mixer: String) throws {
    let folder = try TemporaryFolder()
    try mixed(folder.file("net.onnx"), batch: 4, by: mixer)
    let problems = ModelStore(folders: []).check(folder.file("net.onnx"))
    #expect(problems.count == 1 && problems[0].contains("batch of 4") && problems[0].contains("depends on the others"))
  }

  /// Where the file leaves the batch open, such a network sees crops one by one.
  @Test(arguments: ["Softmax", "ReduceMean", "ReduceMax", "ReduceL2"])
  func anOpenBatchThatMixesIsNotUsed(mixer: String) throws {
    let folder = try TemporaryFolder()
    try mixed(folder.file("one.onnx"), batch: 1, by: mixer)
    try mixed(folder.file("open.onnx"), batch: nil, by: mixer)
    let store = ModelStore(folders: [])
    let models = try ["one.onnx", "open.onnx"].map { try store.loadVision(folder.file($0)) }
    let image = try halves()
    let regions = (0..<7).map { Box(x: Float($0 * 6), y: 2, width: 20, height: 20) }
    let each = try models.map { try $0.perceive(image, regions: regions, minimumConfidence: nil).0 }
    #expect(each[0].count == 7 && answers(each[0]) == answers(each[1]))
  }

  @Test func aBatchBeyondReasonIsRefusedBeforeItIsPaid() throws {
    let folder = try TemporaryFolder()
    try meanColors(folder.file("net.onnx"), batch: 1 << 30)
    let error = #expect(throws: PerceptionError.self) { try ModelStore(folders: []).describe(folder.file("net.onnx")) }
    #expect(error?.line.contains("batch") == true)
  }

  @Test(arguments: [1, 2, 5]) func sequencesToo(batch: Int) throws {
    let folder = try TemporaryFolder()
    var network = TinyNetwork()
    network.input("steps", .float, [batch, 4, 5])
    network.output("probs", [batch, 5])
    network.node("ReduceMean", ["steps"], "mean", ints: ["axes": [1], "keepdims": [0]])
    network.node("Softmax", ["mean"], "probs", ints: ["axis": [1]])
    try network.write(to: folder.file("net.onnx"))
    let model = try ModelStore(folders: []).loadSequence(folder.file("net.onnx"))
    let found = try model.classify([[Float]](repeating: [0, 1, 3, 0, 0], count: 4))
    #expect(found.count == 5 && found[0].classID == 2 && abs(found[0].confidence - 0.7784) < 1e-3)
  }
}

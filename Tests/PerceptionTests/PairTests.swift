import Foundation
import Ground
import Perception
import TestSupport
import Testing
import Vision

/// A home-made pair of image and text networks, and networks over feature vectors: files to findings.
@Suite struct PairTests {
  /// The image network answers with the picture's mean colour, for any number of pictures at once.
  private func writeImageNetwork(_ path: String) throws {
    var image = TinyNetwork()
    image.input("pixel_values", .float, [nil, 3, 8, 8])
    image.output("image_embeds", [nil, 3])
    image.node("GlobalAveragePool", ["pixel_values"], "pooled")
    image.node("Flatten", ["pooled"], "image_embeds", ints: ["axis": [1]])
    try image.write(to: path)
  }

  /// The text network knows three words: red, green and blue.
  private func writePair(_ folder: TemporaryFolder) throws {
    try writeImageNetwork(folder.path + "/colour-vision.onnx")
    // The earlier merge wins: "g r" before "r e", or "green" would never come together.
    let merges = ["g r", "gr e", "gre e", "gree n</w>", "r e", "re d</w>", "b l", "bl u", "blu e</w>"]
    try folder.write("merges.txt", (["#version: 0.2"] + merges).joined(separator: "\n"))
    let words = 512 + merges.count + 2
    var table = [Float](repeating: 0, count: words * 3)
    for (channel, merge) in [5, 3, 8].enumerated() { table[(512 + merge) * 3 + channel] = 1 }
    var text = TinyNetwork()
    text.input("input_ids", .int64, [1, 77])
    text.output("text_embeds", [1, 3])
    text.weights("table", [words, 3], table)
    text.node("Gather", ["table", "input_ids"], "words", ints: ["axis": [0]])
    text.node("ReduceMean", ["words"], "text_embeds", ints: ["axes": [1], "keepdims": [0]])
    try text.write(to: folder.path + "/colour-text.onnx")
    try folder.write(
      "colour-vision.toml",
      """
      task = "embedding"
      [input]
      mean = 0
      std = 1
      scale = "1/255"
      resize = "stretch"
      [text]
      model = "colour-text.onnx"
      vocabulary = "merges.txt"
      template = "{}"
      """)
  }

  private func picture(_ colours: [(UInt8, UInt8, UInt8)]) throws -> Image {
    let side = 32
    let storage = PixelStorage(count: side * colours.count * side * 3)
    for y in 0..<side {
      for x in 0..<(side * colours.count) {
        let at = (y * side * colours.count + x) * 3
        let colour = colours[x / side]
        (storage.bytes[at], storage.bytes[at + 1], storage.bytes[at + 2]) = colour
      }
    }
    return try #require(Image(packed: side * colours.count, side, .rgb24, storage: storage))
  }

  @Test func typedLabelsAreScored() throws {
    let folder = try TemporaryFolder()
    try writePair(folder)
    let model = try ModelStore(folders: [folder.path]).loadVision("colour-vision")
    let pairing = try #require(model.description.text)
    #expect(pairing.path.hasSuffix("/colour-text.onnx") && pairing.template == "{}")
    let labels = try ZeroShotLabels(["blue", "red", "green"], model: "colour-vision", by: TextEncoder(pairing))
    let cases: [(colour: (UInt8, UInt8, UInt8), name: String)] = [
      ((250, 20, 20), "red"), ((20, 200, 20), "green"), ((20, 20, 220), "blue"),
    ]
    for (colour, name) in cases {
      var (findings, _) = try model.perceive(picture([colour]), region: nil, minimumConfidence: nil)
      findings.sign(by: "embedding", model: "colour-vision")
      labels.write(to: &findings, by: "labels")
      #expect(findings.classes.first?.label == name)
      #expect(abs(findings.classes.reduce(0) { $0 + $1.confidence } - 1) < 1e-4)
    }
  }

  @Test func thePairIsFoundByItsNames() throws {
    let folder = try TemporaryFolder()
    try writePair(folder)
    try FileManager.default.removeItem(atPath: folder.path + "/colour-vision.toml")
    let manifest = "task = \"embedding\"\ndecoder = \"embedding\""
    try folder.write("colour-vision.toml", manifest)
    let description = try ModelStore(folders: [folder.path]).describe("colour-vision")
    #expect(description.text?.path.hasSuffix("/colour-text.onnx") == true)
    #expect(description.text?.template == TextPairing.usualTemplate)
  }

  /// Crops together give what they give one by one, whatever their number.
  @Test func batchesAgreeWithSingles() throws {
    let folder = try TemporaryFolder()
    try writePair(folder)
    let model = try ModelStore(folders: [folder.path]).loadVision("colour-vision")
    let colours = (0..<11).map { (step: Int) -> (UInt8, UInt8, UInt8) in
      (UInt8(20 * step), UInt8(250 - 20 * step), UInt8(7 * step))
    }
    let image = try picture(colours)
    let all = (0..<11).map { (step: Int) -> Box in Box(x: Float(step * 32), y: 0, width: 32, height: 32) }
    let singles = try all.map { region in
      try model.perceive(image, region: region, minimumConfidence: nil).0.embedding
    }
    for count in 0...11 {
      let (findings, _) = try model.perceive(image, regions: Array(all.prefix(count)), minimumConfidence: nil)
      #expect(findings.count == count)
      for (one, together) in zip(singles, findings) {
        let similarity = Embeddings.similarity(try #require(one), try #require(together.embedding))
        #expect(abs((similarity ?? 0) - 1) < 1e-5)
      }
    }
  }

  /// A network over a classifier's last three feature vectors of four numbers: which of two halves has more.
  @Test func aSequenceNetworkReadsFeatureVectors() throws {
    let folder = try TemporaryFolder()
    var network = TinyNetwork()
    network.input("steps", .float, [1, 3, 4])
    network.output("logits", [1, 2])
    network.weights("w", [4, 2], [9, 0, 9, 0, 0, 9, 0, 9])
    network.node("ReduceMean", ["steps"], "mean", ints: ["axes": [1], "keepdims": [0]])
    network.node("MatMul", ["mean", "w"], "logits")
    try network.write(to: folder.path + "/gait.onnx")
    try folder.write("gait.toml", "labels = [\"front\", \"back\"]")
    let model = try ModelStore(folders: [folder.path]).loadSequence("gait")
    #expect(model.length == 3 && model.featureCount == 4)
    #expect(model.description.reasons.contains("a step is embedding"))
    var detection = Detection(label: "", classID: 0, confidence: 1, box: Box(x: 0, y: 0, width: 1, height: 1))
    #expect(model.features(of: detection, frameWidth: 10, frameHeight: 10).isEmpty)
    detection.attach(FeatureVector([0, 0, 0.6, 0.8], model: "m"), by: "embedder")
    let step = model.features(of: detection, frameWidth: 10, frameHeight: 10)
    #expect(step == [0, 0, 0.6, 0.8])
    #expect(try model.classify([step, step, step]).first?.label == "back")
    try folder.write("gait.toml", "[sequence]\nfeatures = [\"cx\", \"embedding\"]")
    let mixed = try ModelStore(folders: [folder.path]).loadSequence("gait")
    detection.attach(FeatureVector([1, 0, 0], model: "m"), by: "embedder")
    #expect(mixed.features(of: detection, frameWidth: 10, frameHeight: 10).count == 4)
    try folder.write("gait.toml", "[sequence]\nfeatures = [\"cx\", \"cy\"]")
    #expect(throws: PerceptionError.self) { try ModelStore(folders: [folder.path]).loadSequence("gait") }
  }

  /// A vision transformer's tokens, their number open, and a vector that is named so.
  @Test func embeddingsAreRecognised() throws {
    let folder = try TemporaryFolder()
    try writeImageNetwork(folder.path + "/any.onnx")
    var tokens = TinyNetwork()
    tokens.input("pixel_values", .float, [1, 3, 16, 24])
    tokens.output("last_hidden_state", [1, nil, 384])
    tokens.node("Reshape", ["pixel_values", "shape"], "last_hidden_state")
    tokens.weights("shape", [3], [1, 3, 384])
    try tokens.write(to: folder.path + "/dinov2.onnx")
    let store = ModelStore(folders: [folder.path])
    #expect(try store.describe("dinov2").task == .embedding)
  }
}

import Configuration
import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing

/// Files beside a network may be anything: one line of error, or none, and no harm.
@Suite struct HostileFilesTests {
  /// `text` with up to eight bytes changed, dropped, doubled or put in.
  private func mutated(_ text: String, _ random: inout SeededGenerator) -> Data {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
      case 3: bytes.insert(contentsOf: bytes[at...].prefix(20), at: at)
      default: bytes.removeSubrange(at..<min(bytes.count, at + 12))
      }
    }
    return Data(bytes)
  }

  /// Each error must be one line that names a file.
  private func expectOneLine(_ body: () throws -> Void) {
    do {
      try body()
    } catch let error as PerceptionError {
      #expect(!error.line.contains { $0.isNewline } && !error.place.isEmpty, "\(error.line)")
    } catch let error as ConfigurationError {
      #expect(!error.line.contains { $0.isNewline } && !error.place.isEmpty, "\(error.line)")
    } catch {
      #expect(!"\(error)".contains { $0.isNewline }, "\(error)")
    }
  }

  private func writePoolingNetwork(_ path: String) throws {
    var network = TinyNetwork()
    network.input("pixel_values", .float, [1, 3, 16, 16])
    network.output("logits", [1, 3])
    network.node("GlobalAveragePool", ["pixel_values"], "pooled")
    network.node("Flatten", ["pooled"], "logits", ints: ["axis": [1]])
    try network.write(to: path)
  }

  @Test func mutatedManifestsOfEveryField() throws {
    let folder = try TemporaryFolder()
    try writePoolingNetwork(folder.path + "/net.onnx")
    let text = """
      task = "classification"
      labels_file = "names.txt"
      license = "MIT"
      [input]
      layout = "NCHW"
      size = [16, 16]
      color = "BGR"
      scale = "1/255"
      mean = [0.1, 0.2, 0.3]
      std = [1, 2, 3]
      resize = "center-crop"
      shorter_side = 20
      [decoder]
      name = "classifier"
      activation = "softmax"
      [thresholds]
      confidence = 0.1
      top = 3
      soft_nms = 0.4
      [[chain]]
      model = "other"
      every = 3
      """
    try folder.write("names.txt", "a\nb\nc\n")
    let store = ModelStore(folders: [folder.path])
    var random = SeededGenerator(21)
    for _ in 0..<600 {
      try mutated(text, &random).write(to: URL(filePath: folder.path + "/net.toml"))
      expectOneLine { _ = try store.load("net") }
    }
  }

  @Test func mutatedNamesAreShownWithoutSteeringTheTerminal() throws {
    let folder = try TemporaryFolder()
    try writePoolingNetwork(folder.path + "/net.onnx")
    try folder.write("net.toml", "labels_file = \"names.txt\"")
    let store = ModelStore(folders: [folder.path])
    var random = SeededGenerator(22)
    for _ in 0..<300 {
      let names = mutated("first\n\u{1b}[2Jsecond\r\nthird\u{202e}x\n", &random)
      try names.write(to: URL(filePath: folder.path + "/names.txt"))
      expectOneLine {
        let labels = try store.describe("net").labels
        let steering = labels.flatMap(\.unicodeScalars).contains {
          $0.value < 32 || $0.value == 0x7f || $0.value == 0x202e
        }
        #expect(!steering && labels.allSatisfy { $0.unicodeScalars.count <= 200 })
      }
    }
  }

  @Test func whatIsNoFileIsNotRead() throws {
    let folder = try TemporaryFolder()
    try writePoolingNetwork(folder.path + "/net.onnx")
    for odd in ["/dev/zero", "/", "/nowhere"] {
      try folder.write("net.toml", "labels_file = \"\(odd)\"")
      let error = #expect(throws: ConfigurationError.self) { try ModelStore(folders: [folder.path]).describe("net") }
      #expect(error?.line.contains("labels_file") == true)
      #expect(throws: PerceptionError.self) { try BytePairTokenizer(path: odd) }
    }
    try folder.write("net.toml", "labels_file = \"empty.txt\"")
    try folder.write("empty.txt", "\n\n")
    #expect(throws: ConfigurationError.self) { try ModelStore(folders: [folder.path]).describe("net") }
  }

  @Test func mutatedVocabularies() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/merges.txt"
    var random = SeededGenerator(23)
    for _ in 0..<1500 {
      try mutated("#version: 0.2\nl o\nlo w</w>\nn e\nne w</w>\nc a\nca t</w>\n", &random).write(
        to: URL(filePath: path))
      expectOneLine {
        let tokenizer = try BytePairTokenizer(path: path)
        let tokens = tokenizer.sequence("low new cat's 12 \u{1F600}", length: 12)
        #expect(tokens.count == 12 && tokens.allSatisfy { (0...tokenizer.endToken).contains($0) })
      }
    }
  }

  /// Hugging Face's files: what they say counts, what cannot be read is as if it were not there.
  @Test func companionFilesAreBelievedOnlyAsFarAsTheyMakeSense() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.onnx"
    try writePoolingNetwork(path)
    let config = "{\"model_type\": \"vit\", \"id2label\": {\"0\": \"cat\", \"1\": \"dog\", \"2\": \"cow\"}}"
    let preprocessing = """
      {"do_center_crop": true, "size": {"shortest_edge": 20}, "crop_size": {"height": 16, "width": 16},
       "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.25], "rescale_factor": 0.00392156862745098}
      """
    try folder.write("config.json", config)
    try folder.write("preprocessor_config.json", preprocessing)
    let store = ModelStore(folders: [])
    let description = try store.describe(path)
    #expect(description.labels == ["cat", "dog", "cow"])
    let words = description.reasons.joined(separator: "; ")
    #expect(words.contains("0.5, 0.5, 0.25") && words.contains("shorter side to 20"), "\(words)")
    var random = SeededGenerator(24)
    for _ in 0..<800 {
      try mutated(config, &random).write(to: URL(filePath: folder.path + "/config.json"))
      try mutated(preprocessing, &random).write(to: URL(filePath: folder.path + "/preprocessor_config.json"))
      #expect(throws: Never.self) { try store.load(path) }
    }
  }
}

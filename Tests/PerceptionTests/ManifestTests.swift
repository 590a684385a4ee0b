import Configuration
import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing
import Vision

@Suite struct ManifestTests {
  private func error(_ text: String) -> ConfigurationError? {
    #expect(throws: ConfigurationError.self) { try Manifest(text: text, path: "models/net.toml") }
  }

  @Test func everyFieldIsRead() throws {
    let manifest = try Manifest(
      text: """
        # a comment
        file = "weights.onnx"
        task = "detection"
        license = "MIT"
        source = "https://example.org"
        sha256 = "\(String(repeating: "Ab", count: 32))"
        labels = [
          "one",   # with a ] inside a comment
          "two = 2",
        ]
        [input]
        name = "images"
        layout = "NHWC"
        size = [320, 240]
        color = "BGR"
        scale = "1/255"
        mean = [0.1, 0.2, 0.3]
        std = 0.5
        resize = "center-crop"
        shorter_side = 256
        pad = 0
        filter = "bilinear"
        [decoder]
        name = "yolox"
        strides = [8, 16, 32]
        [thresholds]
        confidence = 0.3
        iou = 0.6
        max_detections = 50
        class_agnostic = true
        soft_nms = 0.5
        top = 3
        [crop]
        margin = 0.15
        [sequence]
        length = 16
        features = ["cx", "log_area"]
        [[chain]]
        model = "faces"
        classes = ["person"]
        every = 5
        [[chain]]
        model = "reid"
        new_tracks_only = true
        """, path: "models/net.toml")
    #expect(manifest.labels == ["one", "two = 2"])
    #expect(manifest.input.scale == Float(1) / 255)
    #expect(manifest.input.width == 320 && manifest.input.height == 240)
    #expect(manifest.input.layout == .nhwc && manifest.input.order == .bgr && manifest.input.filter == .bilinear)
    #expect(manifest.input.resize == .centerCrop && manifest.input.shorterSide == 256)
    #expect(manifest.sha256 == String(repeating: "ab", count: 32))
    #expect(manifest.thresholds.softSigma == 0.5 && manifest.thresholds.top == 3)
    #expect(manifest.sequence?.features == ["cx", "log_area"])
    #expect(manifest.stages.map(\.model) == ["faces", "reid"])
    #expect(manifest.stages[0].every == 5 && manifest.stages[1].newTracksOnly)
    #expect(manifest.cropMargin == 0.15)
  }

  @Test func aMisspeltFieldIsNamedWithItsLineAndARemedy() {
    let found = error("task = \"detection\"\n[input]\nlayout = \"NCHW\"\nsise = [1, 2]\n")
    #expect(found?.line.contains("models/net.toml:4") == true)
    #expect(found?.line.contains("'input.sise'") == true)
    #expect(found?.line.contains("did you mean 'size'") == true)
  }

  @Test(arguments: [
    ("task = \"detektion\"", ":1", "did you mean 'detection'"),
    ("\n\nlabels = 5", ":3", "list of strings"),
    ("[thresholds]\nconfidence = 2.0", ":2", "between 0.0 and 1.0"),
    ("[thresholds]\n\nconfidence = \"high\"", ":3", "a number"),
    ("[input]\nsize = [0, 5]", ":2", "between 1 and 8192"),
    ("[input]\nsize = [1, 2, 3]", ":2", "[width, height]"),
    ("[input]\nmean = [1, 2]", ":2", "one number per channel"),
    ("[input]\nstd = [0, 1, 1]", ":2", "must not hold 0"),
    ("[input]\nscale = \"1/0\"", ":2", "a number"),
    ("sha256 = \"12\"", ":1", "64 hexadecimal"),
    ("decoder = \"yolov88\"", ":1", "did you mean 'yolov8'"),
    ("[decoder]\nstrides = [1]", ":1", "decoder.name"),
    ("labels = \"imagnet\"", ":1", "no known set"),
    ("labels_file = \"nowhere.txt\"", ":1", "nowhere.txt"),
    ("input = { sise = 5 }", ":1", "input.sise"),
    ("[[chain]]\nevery = 1", ":1", "chain.0.model"),
    ("[[chain]]\nmodel = \"a\"\n[[chain]]\nmodel = \"b\"\nevery = 0", ":5", "chain.1.every"),
    ("[sequence]\nfeatures = [\"cz\"]", ":2", "did you mean"),
    ("a = \n", ":1", "not valid TOML"),
  ])
  func errorsNameFieldAndLine(text: String, line: String, words: String) {
    let found = error(text)
    #expect(found?.place == "models/net.toml" + line, "\(found?.line ?? "")")
    #expect(found?.line.contains(words) == true, "\(found?.line ?? "")")
  }

  @Test func decoderParametersAreCheckedToo() {
    let facts = NetworkFacts(
      name: "net", inputs: [.init(name: "images", type: .float32, shape: [1, 3, 64, 64])],
      outputs: [.init(name: "out", type: .float32, shape: [1, 84, 85])])
    let error = #expect(throws: ConfigurationError.self) {
      let manifest = try Manifest(
        text: "[decoder]\nname = \"yolox\"\nstrydes = [8]", path: "net.toml")
      _ = try OfflineDecoding.decode(facts, manifest: manifest, outputs: [], frameWidth: 64, frameHeight: 64)
    }
    #expect(error?.place == "net.toml:3")
    #expect(error?.remedy.contains("strides") == true)
  }

  @Test func mutatedManifestsNeverCrash() {
    let text = """
      labels = ["a", 'b']
      [input]
      size = [320, 240]
      mean = [0.5, 1e3, -1]
      [[chain]]
      model = \"\"\"x\"\"\"
      [decoder]
      name = "yolox"
      """
    var random = SeededGenerator(11)
    for _ in 0..<3000 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...127, using: &random)
        case 1: bytes.remove(at: at)
        default: bytes.insert(UInt8.random(in: 32...126, using: &random), at: at)
        }
      }
      _ = try? Manifest(text: String(decoding: bytes, as: UTF8.self), path: "net.toml")
    }
  }

  @Test func chainStagesFilterAndLimit() {
    func detection(_ label: String, _ confidence: Float, track: Int) -> Detection {
      var detection = Detection(
        label: label, classID: 0, confidence: confidence, box: Box(x: 0, y: 0, width: 1, height: 1))
      detection.track = track
      return detection
    }
    let stage = StageSpec(model: "m", classes: ["person"], minimumConfidence: 0.4, every: 3, maximumHertz: 2)
    #expect(stage.wants(detection("person", 0.5, track: 1)))
    #expect(!stage.wants(detection("car", 0.9, track: 1)) && !stage.wants(detection("person", 0.3, track: 1)))
    #expect((1...6).filter { stage.isDue(frame: $0, secondsSinceLastRun: nil) } == [1, 4])
    #expect(!stage.isDue(frame: 4, secondsSinceLastRun: 0.4) && stage.isDue(frame: 4, secondsSinceLastRun: 0.5))
  }

  @Test func chainsOfAConfigurationFile() throws {
    let text = """
      [dashboard]
      theme = "x"
      [[chain]]
      model = "reid"
      every = 5
      max_hz = 2.5
      margin = 0.2
      [[chain]]
      model = "states"
      new_tracks_only = true
      """
    let chain = try StageSpec.stages(in: ConfigReader(ConfigDocument(text: text, file: "config.toml")))
    #expect(chain.map(\.model) == ["reid", "states"])
    #expect(chain[0].every == 5 && chain[0].maximumHertz == 2.5 && chain[0].margin == 0.2 && chain[1].newTracksOnly)
    let wrong = try ConfigDocument(text: text.replacing("every", with: "evry"), file: "config.toml")
    let error = #expect(throws: ConfigurationError.self) { try StageSpec.stages(in: ConfigReader(wrong)) }
    #expect(
      error?.line == "config.toml:5: field 'chain.0.evry' is unknown (did you mean 'every'?)", "\(error?.line ?? "")")
  }

  @Test func aTextNetworkBelongsToItsImageNetwork() throws {
    let text = "[text]\nmodel = \"text.onnx\"\nvocabulary = \"/v/merges.txt\"\npad_with_end = true"
    let pair = try Manifest(text: text, path: "/m/clip.toml").text
    #expect(pair == TextPairing(path: "/m/text.onnx", vocabulary: "/v/merges.txt", padsWithEnd: true))
    for wrong in ["[text]\nmodel = \"t\"", text + "\ntemplate = \"no place\""] {
      #expect(throws: ConfigurationError.self) { try Manifest(text: wrong, path: "/m/clip.toml") }
    }
  }
}

import Configuration
import Foundation
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// Which preprocessing is known and which is assumed, and Caffe's by the names that its exports keep.
@Suite struct AssumedPreprocessingTests {
  private static func facts(
    _ name: String = "net", input: String = "images", _ shape: [Int?] = [1, 3, 224, 224], type: ElementType = .float32,
    outputs: [(String, [Int?])] = [("output", [1, 1000])], metadata: [String: String] = [:]
  ) -> NetworkFacts {
    NetworkFacts(
      name: name, inputs: [.init(name: input, type: type, shape: shape)],
      outputs: outputs.map { NetworkPort(name: $0.0, type: .float32, shape: $0.1) }, metadata: metadata)
  }

  private static func reasons(_ facts: NetworkFacts) throws -> String {
    try OfflineDecoding.describe(facts).reasons.joined(separator: "; ")
  }

  @Test(arguments: [
    ("data", 227, "prob"), ("data", 224, "prob"), ("data_0", 224, "softmaxout_1"), ("data_0", 224, "prob_1"),
    ("gpu_0/data_0", 224, "gpu_0/softmax_1"), ("data", 227, "whatever"), ("Data", 227, "Prob"),
  ])
  func caffesNamesMeanCaffesPictures(input: String, side: Int, output: String) throws {
    let facts = Self.facts(input: input, [1, 3, side, side], outputs: [(output, [1, 1000])])
    let text = try Self.reasons(facts)
    #expect(text.contains("BGR") && text.contains("104.0, 117.0, 123.0") && text.contains("assumed"), "\(text)")
    #expect(!text.contains("torchvision"), "\(text)")
  }

  @Test(arguments: [
    ("data", 224, "mobilenetv20_output_flatten0_reshape0"), ("input", 227, "prob"), ("images", 224, "output"),
    ("pixel_values", 224, "logits"),
  ])
  func otherNamesDoNot(input: String, side: Int, output: String) throws {
    let facts = Self.facts(input: input, [1, 3, side, side], outputs: [(output, [1, 1000])])
    let text = try Self.reasons(facts)
    #expect(text.contains("RGB") && text.contains("assumed: torchvision") && !text.contains("104"), "\(text)")
  }

  @Test func whatIsAssumedIsSaid() throws {
    func assumes(_ facts: NetworkFacts) throws -> Bool {
      let description = try OfflineDecoding.describe(facts)
      #expect(description.assumesPreprocessing == description.reasons.contains { $0.hasPrefix("assumed, not known: ") })
      return description.assumesPreprocessing
    }
    #expect(try assumes(Self.facts()))
    #expect(try assumes(Self.facts("resnet-features", outputs: [("features", [1, 512])])))
    #expect(try assumes(Self.facts("unet", [1, 3, 64, 64], outputs: [("map", [1, 21, 64, 64])])))
    #expect(try assumes(Self.facts("midas", [1, 3, 256, 256], outputs: [("depth", [1, 256, 256])])))
    // A family that is recognised has its own way, and bytes are pixels.
    #expect(try !assumes(Self.facts("net", [1, 3, 640, 640], outputs: [("output0", [1, 84, 8400])])))
    #expect(try !assumes(Self.facts(type: .uint8)))
    let metadata = [
      "task": "classify", "names": "{0: 'a', 1: 'b'}", "imgsz": "[224, 224]", "description": "YOLOv8n-cls",
    ]
    #expect(try !assumes(Self.facts(outputs: [("output0", [1, 2])], metadata: metadata)))
  }

  @Test func aManifestThatSaysItSettlesIt() throws {
    func assumes(_ manifest: String) throws -> Bool {
      try OfflineDecoding.describe(Self.facts(), manifest: Manifest(text: manifest, path: "/m/a.toml"))
        .assumesPreprocessing
    }
    #expect(try !assumes("[input]\nmean = [0.5, 0.5, 0.5]\n"))
    #expect(try !assumes("[input]\ncolor = \"BGR\"\n"))
    #expect(try assumes("[input]\nresize = \"stretch\"\n"), "only the size")
    #expect(try assumes("labels = \"imagenet\"\n"))
  }

  @Test(.enabled(if: RealNetworks.isPresent)) func aRealNetworkOfCaffesNamesItsPhotos() throws {
    let model = try ModelStore(folders: []).loadVision(RealNetworks.model("squeezenet1.1"))
    for (photo, label) in [
      ("imagenet_n01443537_goldfish", "goldfish"), ("imagenet_n01614925_bald_eagle", "bald eagle"),
      ("imagenet_n02391049_zebra", "zebra"), ("imagenet_n03063599_coffee_mug", "coffee mug"),
    ] {
      let image = try ImageFile.load(RealNetworks.photo(photo))
      let best = try model.perceive(image, region: nil, minimumConfidence: nil).0.classes.first
      #expect(best?.label == label && best?.confidence ?? 0 > 0.7, "\(photo): \(String(describing: best))")
    }
  }

  // MARK: Networks that no manifest helps

  private static func refusal(_ facts: NetworkFacts) -> String {
    do {
      _ = try OfflineDecoding.describe(facts)
      return "understood"
    } catch { return "\(error)" }
  }

  @Test func networksThatAreNotForPicturesAreNamedAsSuch() {
    let sound = NetworkFacts(
      name: "vad", inputs: [.init(name: "input", type: .float32, shape: [nil, nil])],
      outputs: [.init(name: "output", type: .float32, shape: [nil, 1])])
    let larger = Self.facts("sr", [1, 1, 224, 224], outputs: [("output", [1, 1, 672, 672])])
    let filter = Self.facts("style", [1, 3, nil, nil], outputs: [("output", [1, 3, nil, nil])])
    let pair = NetworkFacts(
      name: "vittrack",
      inputs: [
        .init(name: "template", type: .float32, shape: [1, 3, 128, 128]),
        .init(name: "search", type: .float32, shape: [1, 3, 256, 256]),
      ], outputs: [.init(name: "output1", type: .float32, shape: [1, 1, 16, 16])])
    for (facts, words) in [
      (sound, "not a network for pictures"), (larger, "makes pictures of pictures"),
      (filter, "makes pictures of pictures"), (pair, "compares 2 pictures"),
    ] {
      let line = Self.refusal(facts)
      guard line != "understood" else { continue }
      #expect(line.contains(words), "\(line)")
      #expect(!line.contains("yolov8") && !line.contains("⏎") && line.count < 400, "\(line)")
    }
    #expect(Self.refusal(sound).contains("not a network for pictures"))
  }

  @Test func whatAManifestCouldSettlePointsToOne() {
    let line = Self.refusal(Self.facts("odd", outputs: [("a", [1, 7, 5, 3]), ("b", [2, 9]), ("c", [4])]))
    #expect(line.contains("`ocellus models show") && !line.contains("⏎") && line.count < 400, "\(line)")
  }
}

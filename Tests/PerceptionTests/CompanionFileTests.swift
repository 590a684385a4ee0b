import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// What Hugging Face's and timm's files beside a network say of its input and its names.
@Suite struct CompanionFileTests {
  /// A network for pictures of any size with three classes, which its file need not say.
  private func writeNetwork(_ path: String, size: Int? = nil, saysClasses: Bool = true) throws {
    var network = TinyNetwork()
    network.input("pixel_values", .float, [1, 3, size, size])
    network.output("logits", [1, saysClasses ? 3 : nil])
    network.node("GlobalAveragePool", ["pixel_values"], "pooled")
    network.node("Flatten", ["pooled"], "logits", ints: ["axis": [1]])
    try network.write(to: path)
  }

  private func describe(_ files: [String: String], saysClasses: Bool = true) throws -> ModelDescription {
    let folder = try TemporaryFolder()
    try writeNetwork(folder.file("model.onnx"), saysClasses: saysClasses)
    if !saysClasses { try folder.write("model.toml", "decoder = \"classifier\"") }
    for (name, text) in files { try folder.write(name, text) }
    return try ModelStore(folders: []).describe(folder.file("model.onnx"))
  }

  struct Input: Sendable, CustomTestStringConvertible {
    var type: String
    var fields: String
    /// What the summary must say.
    var words: [String]
    var testDescription: String { "\(type) \(fields.prefix(60))" }
  }

  private static let means = #""image_mean": [0.5, 0.25, 0.125], "image_std": [0.5, 0.5, 0.25]"#

  /// Each row after the `resize` of the processor's class in the transformers library.
  static let inputs: [Input] = [
    Input(type: "vit", fields: #""size": {"height": 224, "width": 224}"#, words: ["224x224, stretched"]),
    Input(
      type: "clip",
      fields: #""do_center_crop": true, "size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}"#,
      words: ["224x224, shorter side to 224, centre"]),
    Input(
      type: "clip", fields: #""do_center_crop": true, "size": 240, "crop_size": 200"#,
      words: ["200x200, shorter side to 240, centre"]),
    Input(
      type: "deit",
      fields:
        #""do_center_crop": true, "size": {"height": 256, "width": 256}, "crop_size": {"height": 224, "width": 224}"#,
      words: ["224x224, stretched to 256x256, centre"]),
    Input(
      type: "convnext",
      fields: #""image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.875, "size": {"shortest_edge": 224}"#,
      words: ["224x224, shorter side to 256, centre"]),
    Input(
      type: "convnextv2", fields: #""size": {"shortest_edge": 224}"#, words: ["224x224, shorter side to 256, centre"]),
    Input(
      type: "convnext", fields: #""feature_extractor_type": "ConvNextFeatureExtractor", "crop_pct": 0.95, "size": 288"#,
      words: ["288x288, shorter side to 303, centre"]),
    Input(
      type: "convnext", fields: #""crop_pct": 0.875, "size": {"shortest_edge": 384}"#, words: ["384x384, stretched"]),
    Input(
      type: "convnext", fields: #""size": {"shortest_edge": 383}"#, words: ["383x383, shorter side to 437, centre"]),
    Input(
      type: "levit",
      fields:
        #""image_processor_type": "LevitImageProcessor", "do_center_crop": true, "size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}"#,
      words: ["224x224, shorter side to 256, centre"]),
    Input(
      type: "poolformer",
      fields:
        #""image_processor_type": "PoolFormerImageProcessor", "crop_pct": 0.9, "size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}"#,
      words: ["224x224, shorter side to 248, centre"]),
    Input(
      type: "poolformer", fields: #""size": {"shortest_edge": 224}, "crop_pct": 0.95"#,
      words: ["224x224, shorter side to 235, centre"]),
    Input(
      type: "efficientnet",
      fields:
        #""image_processor_type": "EfficientNetImageProcessor", "size": {"height": 346, "width": 346}, "rescale_offset": false"#,
      words: ["346x346, stretched", "0.25, 0.25, 0.0625"]),
    Input(
      type: "vivit",
      fields: #""size": {"height": 224, "width": 224}, "rescale_factor": 0.00784313725, "rescale_offset": true"#,
      words: ["0.007843", "minus [1.5, 1.25, 1.125]"]),
    Input(
      type: "mobilevit",
      fields:
        #""do_flip_channel_order": true, "do_normalize": false, "do_center_crop": true, "size": {"shortest_edge": 288}, "crop_size": {"height": 256, "width": 256}"#,
      words: ["BGR", "256x256, shorter side to 288, centre"]),
    Input(
      type: "swin", fields: #""do_resize": true, "size": {"height": 224, "width": 256}"#, words: ["256x224, stretched"]),
    Input(type: "vit", fields: #""do_rescale": false, "size": {"height": 32, "width": 32}"#, words: ["times 1.0"]),
    // Files of older releases: a side alone is a square's or the shorter one, as the class has it.
    Input(type: "vit", fields: #""size": 224"#, words: ["224x224, stretched, times"]),
    Input(
      type: "swin", fields: #""feature_extractor_type": "ViTFeatureExtractor", "size": 192"#,
      words: ["192x192, stretched, times"]),
    Input(
      type: "beit",
      fields:
        #""feature_extractor_type": "BeitFeatureExtractor", "do_center_crop": false, "size": 224, "crop_size": 224"#,
      words: ["224x224, stretched, times"]),
    Input(
      type: "beit", fields: #""do_center_crop": true, "size": 256, "crop_size": 224"#,
      words: ["224x224, stretched to 256x256, centre"]),
    Input(
      type: "deit",
      fields:
        #""feature_extractor_type": "DeiTFeatureExtractor", "do_center_crop": true, "size": 256, "crop_size": 224"#,
      words: ["224x224, stretched to 256x256, centre"]),
    Input(
      type: "segformer", fields: #""feature_extractor_type": "SegformerFeatureExtractor", "size": 512"#,
      words: ["512x512, stretched, times"]),
    Input(type: "dpt", fields: #""size": 384"#, words: ["384x384, stretched, times"]),
    Input(
      type: "mobilenet_v2", fields: #""do_center_crop": true, "size": 256, "crop_size": 224"#,
      words: ["224x224, shorter side to 256, centre"]),
    Input(
      type: "dinov2", fields: #""do_center_crop": true, "size": 256, "crop_size": 224"#,
      words: ["224x224, shorter side to 256, centre"]),
    Input(
      type: "mobilevit", fields: #""do_center_crop": true, "size": 288, "crop_size": 256"#,
      words: ["BGR", "256x256, shorter side to 288, centre"]),
    // What the network is used with, where the file does not name its processor.
    Input(type: "resnet", fields: #""size": 224"#, words: ["224x224, shorter side to 256, centre"]),
    Input(type: "regnet", fields: #""size": {"shortest_edge": 384}"#, words: ["384x384, stretched, times"]),
    Input(
      type: "perceiver",
      fields:
        #""do_center_crop": true, "size": {"height": 224, "width": 224}, "crop_size": {"height": 256, "width": 256}"#,
      words: ["224x224, shorter side to 256, centre"]),
    Input(
      type: "odd",
      fields: #""size": {"shortest_edge": "224"}, "crop_size": [1], "resample": {}, "do_center_crop": true"#,
      words: ["0.25, 0.125"]),
  ]

  @Test(arguments: inputs) func theProcessorsRulesHold(_ input: Input) throws {
    let fields = "{\(input.fields), \(CompanionFileTests.means)}"
    let config = "{\"model_type\": \"\(input.type)\"}"
    for files in [
      ["config.json": config, "preprocessor_config.json": fields],
      ["config.json": config, "processor_config.json": "{\"image_processor\": \(fields), \"processor_class\": \"P\"}"],
      ["config.json": config, "processor_config.json": fields],
      // What the processor's file says inside comes first, as in the library.
      [
        "config.json": config, "preprocessor_config.json": "{\"size\": {\"height\": 99, \"width\": 99}}",
        "processor_config.json": "{\"image_processor\": \(fields)}",
      ],
    ] {
      let reasons = try describe(files).reasons.joined(separator: "; ")
      for words in input.words { #expect(reasons.contains(words), "\(input.fields): \(reasons)") }
    }
  }

  @Test(arguments: [
    (#""input_size": [3, 224, 224], "crop_pct": 0.875, "crop_mode": "center""#, "224x224, shorter side to 256, centre"),
    (#""input_size": [3, 288, 288], "crop_pct": 1.0, "crop_mode": "center""#, "288x288, shorter side to 288, centre"),
    (#""input_size": [3, 256, 256], "crop_pct": 0.9, "crop_mode": "squash""#, "256x256, stretched to 284x284, centre"),
    (#""input_size": [3, 224, 224], "crop_pct": 0.95"#, "224x224, shorter side to 235, centre"),
  ])
  func timm(fields: String, words: String) throws {
    let description = try describe([
      "config.json": """
      {"architecture": "resnet50d", "num_classes": 3, "label_names": ["n1", "n2", "n3"],
       "label_descriptions": {"n1": "cat", "n3": "cow"},
       "pretrained_cfg": {\(fields), "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]}}
      """
    ])
    #expect(description.labels == ["cat", "n2", "cow"])
    let reasons = description.reasons.joined(separator: "; ")
    #expect(reasons.contains(words) && reasons.contains("0.5, 0.6, 0.7"), "\(reasons)")
  }

  /// MobileViT's processor normalises never, whatever means its file holds.
  @Test func mobileViTIsNotNormalised() throws {
    let reasons = try describe([
      "config.json": "{\"model_type\": \"mobilevit\"}",
      "preprocessor_config.json": """
      {"image_processor_type": "MobileViTImageProcessor", "size": {"shortest_edge": 288}, \(CompanionFileTests.means)}
      """,
    ]).reasons.joined(separator: "; ")
    #expect(reasons.contains("BGR") && !reasons.contains("0.25"), "\(reasons)")
  }

  /// A crop that is larger than the picture it is cut from has a black border.
  @Test func whatACropReachesBeyondIsBlack() throws {
    let folder = try TemporaryFolder()
    try writeNetwork(folder.file("model.onnx"), size: 16)
    try folder.write("config.json", #"{"model_type": "clip"}"#)
    try folder.write(
      "preprocessor_config.json",
      """
      {"do_center_crop": true, "size": {"shortest_edge": 8}, "crop_size": 16,
       "image_mean": [0, 0, 0], "image_std": [1, 1, 1000]}
      """)
    let storage = PixelStorage(count: 16 * 16 * 3)
    for index in 0..<16 * 16 * 3 { storage.bytes[index] = index % 3 == 0 ? 255 : 0 }
    let red = try #require(Image(packed: 16, 16, .rgb24, storage: storage))
    guard case .vision(let model) = try ModelStore(folders: []).load(folder.file("model.onnx")) else {
      Issue.record("no network for pictures")
      return
    }
    let classes = try model.perceive(red, region: nil, minimumConfidence: nil).0.classes
    // A quarter of the input is red, the rest nothing: the logits are 1/4, 0 and 0.
    let wanted = exp(0.25) / (exp(0.25) + 2)
    let found = try #require(classes.first { $0.classID == 0 })
    #expect(abs(Double(found.confidence) - wanted) < 0.003, "\(classes)")
  }

  /// More names than a network can have are said, from every file that gives them.
  @Test func namesBeyondTheLimitAreSaid() throws {
    let many = (0...100_000).map { "\"n\($0)\"" }.joined(separator: ",")
    let tables = [
      ("[\(many)]", 100_000), (#"{"0": "a", "100000": "b"}"#, 1), (#"{"0": "a", "4000000000": "b"}"#, 1),
    ]
    for (table, count) in tables {
      let description = try describe(
        ["config.json": "{\"model_type\": \"vit\", \"id2label\": \(table)}"], saysClasses: false)
      #expect(description.labels.count == count)
      #expect(description.warnings.count == 1 && description.warnings[0].contains("beyond the first 100000"))
    }
    let description = try describe(
      ["config.json": #"{"model_type": "vit", "id2label": {"0": "a", "99999": "b"}}"#], saysClasses: false)
    #expect(description.labels.count == 100_000 && description.labels.last == "b" && description.warnings.isEmpty)
  }

  /// What is not used is a warning, so that a session can say it.
  @Test func unusableFilesAreWarnings() throws {
    for (name, text) in [
      ("preprocessor_config.json", "{"), ("preprocessor_config.json", #"{"size": 224, "image_mean": [0.5, 0.5]}"#),
      ("processor_config.json", "no JSON"), ("config.json", "[1,"),
    ] {
      let description = try describe(["config.json": #"{"model_type": "vit"}"#].merging([name: text]) { $1 })
      #expect(description.warnings.count == 1 && description.warnings[0].contains("is not used"), "\(name)")
      #expect(description.reasons.contains(description.warnings[0]))
      #expect(description.warnings[0].contains(name))
    }
  }

  /// The files are known by their names and by each of their fields, not by the family's alone.
  @Test func filesWithoutAFamilyCount() throws {
    let names = #""id2label": {"0": "a", "1": "b", "2": "c"}"#
    #expect(try describe(["config.json": "{\(names)}"]).labels == ["a", "b", "c"])
    let size = #"{"size": {"height": 40, "width": 48}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"#
    for file in ["preprocessor_config.json", "processor_config.json"] {
      let description = try describe([file: size])
      #expect(description.reasons.joined().contains("48x40, stretched") && description.warnings.isEmpty)
    }
    // Another program's file says nothing.
    let other = try describe(["config.json": #"{"size": {"height": 40, "width": 48}, "theme": "dark"}"#])
    #expect(!other.reasons.joined().contains("48x40") && other.warnings.isEmpty)
  }

  /// A size in an unknown form is said; the other fields count.
  @Test(arguments: [
    (#""size": {"longest_edge": 224}"#, "'size'"), (#""size": "large""#, "'size'"), (#""size": 0"#, "'size'"),
    (#""size": -3"#, "'size'"), (#""size": [224]"#, "'size'"), (#""size": {"height": 224}"#, "'size'"),
    (#""size": 1e9"#, "'size'"), (#""size": 2.5"#, "'size'"),
    (#""size": 224, "do_center_crop": true, "crop_size": {"height": "x", "width": 2}"#, "'crop_size'"),
    (#""input_size": [3, 0, 0]"#, "'input_size'"),
  ])
  func sizesThatCannotBeUsedAreSaid(fields: String, name: String) throws {
    let description = try describe([
      "config.json": #"{"model_type": "vit"}"#, "preprocessor_config.json": "{\(fields), \(Self.means)}",
    ])
    #expect(description.warnings.count == 1 && description.warnings[0].contains(name), "\(description.warnings)")
    #expect(description.warnings[0].contains("preprocessor_config.json"))
    #expect(description.reasons.joined().contains("0.25"), "\(description.reasons)")
  }

  /// What is switched off may hold anything.
  @Test(arguments: [#""size": null"#, #""size": "x", "do_resize": false"#, #""size": 224, "crop_size": "x""#])
  func unusedSizesAreNot(fields: String) throws {
    let description = try describe([
      "config.json": #"{"model_type": "vit"}"#, "preprocessor_config.json": "{\(fields)}",
    ])
    #expect(description.warnings.isEmpty, "\(description.warnings)")
  }

  @Test(arguments: [
    (#"{"0": "cat", "1": null, "2": "cow"}"#, ["cat", "class 1", "cow"]),
    (#"{"0": 7, "1": true, "2": 2.5}"#, ["7", "true", "2.5"]),
    (#"{"0": "cat", "1": ["x"], "x": "y", "-1": "z", "2": {"a": 1}, "1e9": "w"}"#, ["cat"]),
    (#"["a", "b", "c"]"#, ["a", "b", "c"]), (#"{"0": "LABEL_0", "1": "LABEL_1"}"#, []),
    (#"{"0": NaN, "1": "b"}"#, ["class 0", "b"]),
    (#"{"2": "c", "0": "a", "1": "b"}"#, ["a", "b", "c"]), (#"{"0": "\ud83d\ude00", "1": "é"}"#, ["\u{1F600}", "é"]),
    (#"null"#, []), (#"3"#, []),
  ])
  func oddNamesLeaveTheOthers(table: String, wanted: [String]) throws {
    #expect(try describe(["config.json": "{\"model_type\": \"vit\", \"id2label\": \(table)}"]).labels == wanted)
  }

  /// A file that cannot be read is named, with the reason; the other one counts.
  @Test func whatCannotBeReadIsSaid() throws {
    let config = #"{"model_type": "vit", "id2label": {"0": "a", "1": "b", "2": "c"}}"#
    for (text, word) in [
      ("{\"size\": ", "not JSON"), ("", "not JSON"), (String(repeating: "[", count: 4000), "nests too deeply"),
      ("{\"image_mean\": [0.5], \"image_std\": [0.5, 0.5], \"size\": 8}", "image_std must hold 3 numbers"),
      ("{\"image_mean\": [0.5, 0.5, 0.5], \"image_std\": [0.5, 0, 0.5]}", "image_std holds a number"),
    ] {
      let description = try describe(["config.json": config, "preprocessor_config.json": text])
      #expect(description.labels == ["a", "b", "c"])
      let reasons = description.reasons.joined(separator: "; ")
      #expect(reasons.contains("preprocessor_config.json") && reasons.contains(word), "\(reasons)")
    }
    let damaged = try describe([
      "config.json": "{\"model_type\": \"vit\",",
      "preprocessor_config.json": "{\"size\": {\"height\": 40, \"width\": 48}}",
    ])
    let reasons = damaged.reasons.joined(separator: "; ")
    #expect(reasons.contains("config.json is not used") && reasons.contains("48x40, stretched"), "\(reasons)")
  }

  /// The layout of Hugging Face's cache: links from `snapshots` into `blobs`.
  @Test(arguments: ["", "onnx/"]) func linksOfACache(place: String) throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    let snapshot = folder.file("models--a--b/snapshots/0123")
    try manager.createDirectory(atPath: folder.file("models--a--b/blobs"), withIntermediateDirectories: true)
    try manager.createDirectory(atPath: snapshot + "/" + place, withIntermediateDirectories: true)
    let up = place.isEmpty ? "../../blobs/" : "../../../blobs/"
    try writeNetwork(folder.file("models--a--b/blobs/aa"), size: 16)
    try folder.write("models--a--b/blobs/bb", #"{"model_type": "vit", "id2label": {"0": "a", "1": "b", "2": "c"}}"#)
    try manager.createSymbolicLink(atPath: snapshot + "/\(place)model.onnx", withDestinationPath: up + "aa")
    try manager.createSymbolicLink(atPath: snapshot + "/config.json", withDestinationPath: "../../blobs/bb")
    let store = ModelStore(folders: [])
    #expect(try store.describe(snapshot + "/\(place)model.onnx").labels == ["a", "b", "c"])
    #expect(throws: Never.self) { try store.load(snapshot + "/\(place)model.onnx") }

    // A link to elsewhere is refused, and said.
    try manager.removeItem(atPath: snapshot + "/config.json")
    try folder.write("elsewhere.json", #"{"model_type": "vit", "id2label": {"0": "x"}}"#)
    try manager.createSymbolicLink(
      atPath: snapshot + "/config.json", withDestinationPath: folder.file("elsewhere.json"))
    let refused = try store.describe(snapshot + "/\(place)model.onnx")
    #expect(refused.labels.isEmpty && refused.reasons.contains { $0.contains("outside of the network's folder") })
  }
}

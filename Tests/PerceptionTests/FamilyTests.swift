import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// What files of well-known families are taken for, by nothing but their inputs, outputs, names and metadata.
@Suite struct FamilyTests {
  struct Family: CustomTestStringConvertible, Sendable {
    var name: String
    var input: [Int?] = [1, 3, 640, 640]
    var type: ElementType = .float32
    var outputs: [(String, [Int?])]
    var metadata: [String: String] = [:]
    var decoder: String
    var task: ModelTask
    var labels: Int
    /// Words that the description's reasons must hold.
    var because = ""

    var testDescription: String { name }
    var facts: NetworkFacts {
      NetworkFacts(
        name: name, inputs: [.init(name: "input", type: type, shape: input)],
        outputs: outputs.map { .init(name: $0.0, type: .float32, shape: $0.1) }, metadata: metadata)
    }
  }

  private static func ultralytics(_ task: String, _ description: String, _ more: [String: String] = [:]) -> [String:
    String]
  {
    ["task": task, "stride": "32", "names": "{0: 'a', 1: 'b'}", "imgsz": "[640, 640]", "description": description]
      .merging(more) { $1 }
  }

  static let families: [Family] = [
    Family(
      name: "ch_ppocr_v4_det", input: [1, 3, nil, nil], outputs: [("sigmoid_0.tmp_0", [1, 1, nil, nil])],
      decoder: "text-regions", task: .detection, labels: 1, because: "'ppocr'"),
    // The same map without such a name is a segmentation.
    Family(
      name: "lanes", input: [1, 3, 256, 256], outputs: [("out", [1, 1, 256, 256])], decoder: "segmentation",
      task: .semanticSegmentation, labels: 2),
    // YOLOv10 and YOLO26 of exporters that do not say that boxes are chosen inside.
    Family(
      name: "yolov10n", outputs: [("output0", [1, 300, 6])], metadata: ultralytics("detect", "YOLOv10n"),
      decoder: "end-to-end", task: .detection, labels: 2),
    Family(
      name: "yolo26n-seg", outputs: [("output0", [1, 300, 38]), ("output1", [1, 32, 160, 160])],
      metadata: ultralytics("segment", "YOLO26n-seg", ["end2end": "False"]), decoder: "end-to-end",
      task: .instanceSegmentation, labels: 2),
    Family(
      name: "yolo26n-pose", outputs: [("output0", [1, 300, 57])],
      metadata: ultralytics("pose", "YOLO26n-pose", ["kpt_shape": "[17, 3]"]), decoder: "end-to-end", task: .pose,
      labels: 2),
    Family(
      name: "yolo26n-obb", outputs: [("output0", [1, 300, 7])], metadata: ultralytics("obb", "YOLO26n-obb"),
      decoder: "end-to-end", task: .orientedDetection, labels: 2),
    Family(
      name: "rtdetr-l", outputs: [("output0", [1, 300, 6])],
      metadata: ultralytics("detect", "Ultralytics rtdetr-l model"),
      decoder: "rt-detr", task: .detection, labels: 2),
    Family(
      name: "yolo26n-sem", outputs: [("output0", [1, 640, 640])], metadata: ultralytics("semantic", "YOLO26n-sem"),
      decoder: "segmentation", task: .semanticSegmentation, labels: 2, because: "letterbox"),
    Family(
      name: "yolo26n-depth", outputs: [("output0", [1, 1, 640, 640])], metadata: ultralytics("depth", "YOLO26n"),
      decoder: "depth", task: .depth, labels: 0, because: "metres"),
    Family(
      name: "dfine", outputs: [("logits", [nil, nil, 80]), ("pred_boxes", [nil, nil, 4])], decoder: "detr",
      task: .detection, labels: 80),
    Family(
      name: "yolo11n", outputs: [("output0", [1, 6, 8400])], metadata: ultralytics("detect", "YOLO11n"),
      decoder: "yolov8", task: .detection, labels: 2),
    Family(
      name: "scrfd_10g", input: [1, 3, nil, nil],
      outputs: ["448", "471", "494"].map { ($0, [nil, 1]) } + ["451", "474", "497"].map { ($0, [nil, 4]) }
        + ["454", "477", "500"].map { ($0, [nil, 10]) }, decoder: "scrfd", task: .pose, labels: 1),
    Family(
      name: "det_500m",
      outputs: [
        ("a", [12800, 1]), ("b", [3200, 1]), ("c", [800, 1]), ("d", [12800, 4]), ("e", [3200, 4]), ("f", [800, 4]),
      ],
      decoder: "scrfd", task: .detection, labels: 1),
    Family(
      name: "retinaface_mnet",
      outputs: [("loc", [1, 16800, 4]), ("conf", [1, 16800, 2]), ("landms", [1, 16800, 10])],
      decoder: "retinaface", task: .pose, labels: 1),
    Family(
      name: "hrnet_w32", input: [1, 3, 256, 192], outputs: [("output", [1, 17, 64, 48])], decoder: "pose-heatmaps",
      task: .pose, labels: 1),
    Family(
      name: "rtmpose-s", input: [1, 3, 256, 192], outputs: [("simcc_x", [1, 17, 384]), ("simcc_y", [1, 17, 512])],
      decoder: "simcc", task: .pose, labels: 1),
    Family(
      name: "movenet", input: [1, 192, 192, 3], type: .int32, outputs: [("output_0", [1, 1, 17, 3])],
      decoder: "movenet",
      task: .pose, labels: 1, because: "int32: pixels as they are"),
    Family(
      name: "midas_v21_small_256", input: [1, 3, 256, 256], outputs: [("797", [1, 256, 256])], decoder: "depth",
      task: .depth, labels: 0, because: "nearer"),
    Family(
      name: "depth_anything_v2_vits", input: [1, 3, nil, nil], outputs: [("predicted_depth", [1, nil, nil])],
      decoder: "depth", task: .depth, labels: 0, because: "518x518"),
    Family(
      name: "dpt-zoe-metric", input: [1, 3, 384, 384], outputs: [("depth", [1, 1, 384, 384])], decoder: "depth",
      task: .depth, labels: 0, because: "farther"),
    Family(
      name: "segformer-b0", input: [1, 3, 512, 512], outputs: [("logits", [1, 150, 128, 128])], decoder: "segmentation",
      task: .semanticSegmentation, labels: 150),
    Family(
      name: "segformer-city", input: [1, 3, 1024, 1024], outputs: [("logits", [1, 19, 256, 256])],
      decoder: "segmentation", task: .semanticSegmentation, labels: 19),
    Family(
      name: "unet", input: [1, 3, 256, 256], outputs: [("mask", [1, 1, 256, 256])], decoder: "segmentation",
      task: .semanticSegmentation, labels: 2),
    Family(
      name: "own-net", input: [1, 3, 256, 256], outputs: [("out", [1, 7, 64, 64])], decoder: "segmentation",
      task: .semanticSegmentation, labels: 0),
    Family(
      name: "mobilenet_v2_uint8", input: [1, 224, 224, 3], type: .uint8, outputs: [("probs", [1, 1001])],
      decoder: "classifier", task: .classification, labels: 1001, because: "uint8: pixels as they are"),
    Family(
      name: "tflite_int8", input: [1, 96, 96, 3], type: .int8, outputs: [("probs", [1, 5])], decoder: "classifier",
      task: .classification, labels: 0, because: "int8: pixels less 128"),
    Family(
      name: "ssd_mobilenet", input: [1, nil, nil, 3], type: .uint8,
      outputs: [
        ("detection_boxes:0", [1, nil, 4]), ("detection_classes:0", [1, nil]), ("detection_scores:0", [1, nil]),
        ("num_detections:0", [1]),
      ], decoder: "detections", task: .detection, labels: 91, because: "uint8: pixels as they are"),
    Family(
      name: "vit-base-patch16-224", input: [1, 3, 224, 224], outputs: [("logits", [1, 1000])], decoder: "classifier",
      task: .classification, labels: 1000, because: "0.5"),
    Family(
      name: "deit-tiny", input: [1, 3, 224, 224], outputs: [("logits", [1, 1000])], decoder: "classifier",
      task: .classification, labels: 1000, because: "0.485"),
    Family(
      name: "siglip-base", input: [1, 3, 224, 224], outputs: [("pooler_output", [1, 768])], decoder: "embedding",
      task: .embedding, labels: 0, because: "0.5"),
    Family(
      name: "w600k_mbf", input: [nil, 3, 112, 112], outputs: [("516", [1, 512])], decoder: "embedding",
      task: .embedding,
      labels: 0, because: "127.5"),
    Family(
      name: "dinov2_small", input: [1, 3, 224, 224],
      outputs: [("last_hidden_state", [1, nil, 384]), ("pooler_output", [1, 384])], decoder: "embedding",
      task: .embedding, labels: 0),
  ]

  @Test(arguments: families) func filesAreTakenForWhatTheyAre(_ family: Family) throws {
    let description = try OfflineDecoding.describe(family.facts)
    let words = description.reasons.joined(separator: "; ")
    #expect(description.decoder == family.decoder && description.task == family.task, "\(words)")
    #expect(description.labels.count == family.labels, "\(description.labels.count) names")
    #expect(family.because.isEmpty || words.contains(family.because), "\(words)")
  }

  /// A network for bytes gets bytes, one for whole numbers gets them, and all see the same picture.
  @Test(arguments: [ElementType.uint8, .int8, .int32, .float32]) func wholeNumbersAreFed(_ type: ElementType) throws {
    let folder = try TemporaryFolder()
    var network = TinyNetwork()
    let code: TinyNetwork.Element =
      switch type {
      case .uint8: .uint8
      case .int8: .int8
      case .int32: .int32
      default: .float
      }
    network.input("input", code, [1, 8, 8, 3])
    network.output("logits", [1, 3])
    network.node("Cast", ["input"], "float", ints: ["to": [1]])
    network.node("ReduceMean", ["float"], "logits", ints: ["axes": [1, 2], "keepdims": [0]])
    try network.write(to: folder.path + "/net.onnx")
    try folder.write(
      "net.toml",
      "[decoder]\nname = \"classifier\"\nactivation = \"none\"\n" + (type == .float32 ? "[input]\nscale = 1" : ""))
    let model = try ModelStore(folders: [folder.path]).loadVision("net")
    let storage = PixelStorage(count: 16 * 16 * 3)
    for index in 0..<(16 * 16) {
      (storage.bytes[3 * index], storage.bytes[3 * index + 1], storage.bytes[3 * index + 2]) = (1, 0, 0)
    }
    let image = try #require(Image(packed: 16, 16, .rgb24, fullRange: true, storage: storage))
    let (findings, _) = try model.perceive(image, region: nil, minimumConfidence: nil)
    // Signed bytes are pixels less 128: all negative, so that no class has any confidence.
    let expected: Float = type == .int8 ? 0 : 1
    #expect(findings.classes.first?.confidence == expected || type == .int8 && findings.classes.isEmpty)
  }

  /// Depth goes from the farthest to the nearest, whatever the unit, and back to the frame out of a letterbox.
  @Test func depthIsMappedBackToTheFrame() throws {
    let facts = NetworkFacts(
      name: "midas", inputs: [.init(name: "x", type: .float32, shape: [1, 3, 64, 64])],
      outputs: [.init(name: "depth", type: .float32, shape: [1, 64, 64])])
    let manifest = try Manifest(text: "[input]\nresize = \"letterbox\"", path: "midas.toml")
    // A 128x64 frame: rows 16 to 47 of the input show it. Outside, numbers that must not count.
    var values = [Float](repeating: 99, count: 64 * 64)
    for row in 16..<48 { for column in 0..<64 { values[row * 64 + column] = Float(column) } }
    values[20 * 64 + 5] = .nan
    let (findings, description) = try OfflineDecoding.decode(
      facts, manifest: manifest, outputs: [Tensor([1, 64, 64], values)], frameWidth: 128, frameHeight: 64)
    #expect(description.task == .depth)
    let map = try #require(findings.depth)
    #expect(map.columns == 64 && map.rows == 32 && map.range == 0...63)
    #expect(map.nearness[0] == 0 && map.nearness[63] == 1 && map.nearness[4 * 64 + 5] == 0)
    for odd in [Float.nan, .infinity] {
      #expect(throws: PerceptionError.self) {
        let tensor = Tensor([1, 4, 4], [Float](repeating: odd, count: 16))
        return try OfflineDecoding.decode(facts, manifest: nil, outputs: [tensor], frameWidth: 8, frameHeight: 8)
      }
    }
  }

  /// Maps are painted whatever they hold.
  @Test func mapsArePainted() throws {
    let values: [Float] = [0, 1, 0.5, .nan, -3, 7, .infinity, 0.99]
    var findings = Findings()
    findings.depth = DepthMap(columns: 4, rows: 2, nearness: values, range: 0...1)
    findings.segmentation = SegmentationMap(columns: 2, rows: 1, classes: [0, 65535], labels: ["road"])
    #expect(findings.segmentation?.background == nil)
    var canvas = Canvas(width: 8, height: 8)
    FindingsPainter.paint(findings, on: &canvas)
    let (far, near) = (DepthMap.color(0), DepthMap.color(1))
    #expect(Int(near.red) + Int(near.green) > Int(far.red) + Int(far.green) + 200)
    #expect(DepthMap.color(.nan).red == far.red && DepthMap.color(9).green == near.green)
  }

  /// What the operator says of suppression wins over the manifest.
  @Test func theOperatorsThresholdsWin() throws {
    let folder = try TemporaryFolder()
    var network = TinyNetwork()
    network.input("images", .float, [1, 3, 32, 32])
    network.output("output0", [1, 6, 21])
    network.weights(
      "rows", [1, 6, 21],
      (0..<126).map { index in
        let (field, cell) = (index / 21, index % 21)
        return cell > 2 ? 0 : [16, 16, 10, 10, cell == 0 ? 0.9 : 0, cell == 0 ? 0 : 0.8][field]
      })
    network.node("ReduceMean", ["images"], "mean", ints: ["axes": [1, 2, 3], "keepdims": [0]])
    network.node("Mul", ["mean", "zero"], "nothing")
    network.weights("zero", [1], [0])
    network.node("Add", ["rows", "nothing"], "output0")
    try network.write(to: folder.path + "/net.onnx")
    try folder.write("net.toml", "labels = [\"a\", \"b\"]\n[thresholds]\niou = 0.4")
    func found(_ change: (inout Manifest.Thresholds) -> Void) throws -> Int {
      var wishes = Manifest.Thresholds()
      change(&wishes)
      let model = try ModelStore(folders: [folder.path], wishes: wishes).loadVision("net")
      let storage = PixelStorage(count: 32 * 32 * 3)
      let image = try #require(Image(packed: 32, 32, .rgb24, fullRange: true, storage: storage))
      return try model.perceive(image, region: nil, minimumConfidence: nil).0.detections.count
    }
    #expect(try found { _ in } == 2)
    #expect(try found { $0.classAgnostic = true } == 1)
    #expect(try found { $0.iou = 1 } == 3)
    #expect(try found { $0.limit = 1 } == 1)
    #expect(try found { $0.softSigma = 10 } == 3)
  }
}

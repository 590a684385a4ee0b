import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// Real networks on real photos against ONNX Runtime's answers.
@Suite(
  .enabled(if: RealNetworks.isPresent, "real networks and photos are not beside the package"), .serialized)
struct RealNetworkTests {
  private static func load(_ name: String) throws -> any VisionModel {
    try ModelStore(folders: []).loadVision(RealNetworks.model(name))
  }

  private static func perceive(_ model: any VisionModel, _ photo: String, _ minimum: Float?) throws -> Findings {
    let image = try ImageFile.load(RealNetworks.photo(photo))
    return try model.perceive(image, region: nil, minimumConfidence: minimum).0
  }

  /// No manifest: the families and the files' metadata determine the preprocessing.
  @Test(arguments: ["fastestdet", "yolov5n", "yolov8n_dequant", "yolov8n-seg_320_dequant", "ultraface_rfb_320"])
  func detectorsFindWhatTheReferenceFinds(name: String) throws {
    let model = try Self.load(name)
    for (photo, expected) in try RealNetworks.reference(name) {
      let found = try Self.perceive(model, photo, 0.25).detections
      for reference in expected where (reference.score ?? 0) >= 0.5 {
        let corners = try #require(reference.box_xyxy_px)
        let box = Box(left: corners[0], top: corners[1], right: corners[2], bottom: corners[3])
        let matches = found.filter { $0.label == reference.label && $0.classID == reference.cls }
        let best = try #require(
          matches.max { $0.box.iou(box) < $1.box.iou(box) }, "\(name) \(photo): no \(reference.label)")
        #expect(best.box.iou(box) >= 0.9, "\(name) \(photo): \(reference.label) \(best.box) against \(box)")
        #expect(
          abs(Double(best.confidence) - (reference.score ?? 0)) <= 0.05,
          "\(name) \(photo): \(reference.label) \(best.confidence) against \(reference.score ?? 0)")
        if let share = reference.mask_fraction_of_box {
          let mask = try #require(best.mask)
          let actual = Float(mask.bits.reduce(0) { $0 + Int($1) }) / Float(mask.bits.count)
          #expect(abs(actual - share) < 0.08, "\(name) \(photo): mask of \(reference.label) \(actual) against \(share)")
        }
      }
      for detection in found where detection.confidence >= 0.6 {
        let known = expected.contains { reference in
          guard reference.cls == detection.classID, let c = reference.box_xyxy_px else { return false }
          return detection.box.iou(Box(left: c[0], top: c[1], right: c[2], bottom: c[3])) >= 0.5
        }
        #expect(known, "\(name) \(photo): \(detection.label) \(detection.confidence) is not in the reference")
      }
    }
  }

  @Test(arguments: ["mobilenetv2_dequant", "mobilenetv2_qdq_int8"])
  func classifiersAgreeOnTheBestClass(name: String) throws {
    try compareClassifier(try Self.load(name), name)
  }

  /// Nothing in the file tells SqueezeNet's means: a manifest does.
  @Test func aManifestFillsInWhatAFileCannotTell() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/squeezenet1.1.onnx", withDestinationPath: RealNetworks.model("squeezenet1.1"))
    try folder.write(
      "squeezenet1.1.toml",
      """
      task = "classification"
      labels = "imagenet"
      [input]
      color = "BGR"
      scale = 1
      mean = [104, 117, 123]
      resize = "center-crop"
      shorter_side = 256
      """)
    let store = ModelStore(folders: [folder.path])
    #expect(store.list().map(\.name) == ["squeezenet1.1"])
    try compareClassifier(store.loadVision("squeezenet1.1"), "squeezenet1.1")
  }

  private func compareClassifier(_ model: any VisionModel, _ name: String) throws {
    #expect(model.description.task == .classification)
    for (photo, expected) in try RealNetworks.reference(name) {
      let classes = try Self.perceive(model, photo, nil).classes
      let best = try #require(classes.first)
      let wanted = try #require(expected.first)
      let probability = Float(wanted.prob ?? 0)
      // Quantised networks put several classes at exactly the same place: any of these may be called the best.
      let tied = classes.filter { best.confidence - $0.confidence < 1e-4 }.map(\.classID)
      #expect(tied.contains(wanted.cls), "\(name) \(photo): \(best.label) \(best.confidence) against \(wanted.label)")
      #expect(abs(best.confidence - probability) <= 0.05, "\(name) \(photo): \(best.confidence) against \(probability)")
    }
  }

  /// A quantised network whose export is flawed: its confidences pass 1. They must come out in 0...1.
  @Test func confidencesStayInRange() throws {
    let model = try Self.load("yolov8n_320_qdq_int8")
    let found = try Self.perceive(model, "dog", 0.25).detections
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { (0...1).contains($0.confidence) })
  }

  @Test func aNetworkForSoundIsNotUnderstood() throws {
    let path = RealNetworks.model("silero_vad_16k_op15")
    let error = #expect(throws: PerceptionError.self) { try ModelStore(folders: []).load(path) }
    #expect(error?.kind == .notUnderstood)
    #expect(error?.line.contains("[input]") == true)
  }

  @Test func descriptionsGiveTheirReasons() throws {
    let store = ModelStore(folders: [])
    for (name, decoder, task) in [
      ("fastestdet", "fastestdet", ModelTask.detection), ("yolov5n", "yolov5", .detection),
      ("yolov8n_dequant", "yolov8", .detection), ("yolov8n-seg_320_dequant", "yolov8", .instanceSegmentation),
      ("ultraface_rfb_320", "scored-boxes", .detection), ("mobilenetv2_dequant", "classifier", .classification),
    ] {
      let description = try store.describe(RealNetworks.model(name))
      #expect(description.decoder == decoder)
      #expect(description.task == task)
      #expect(description.reasons.count >= 2)
      #expect(!description.labels.isEmpty)
    }
  }
}

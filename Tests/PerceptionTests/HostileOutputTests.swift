import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// Outputs of networks may hold any number: whatever a decoder makes of them can be followed, drawn and written down.
@Suite struct HostileOutputTests {
  private static let numbers: [Float] = [
    .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 2_147_483_648, -2_147_483_648,
    9_223_372_036_854_775_808, -9_223_372_036_854_775_808, 1.844_674_4e19, 1e20, .leastNonzeroMagnitude, -0.0, 0, 1, -1,
    0.9,
    40, 1e6,
  ]

  /// Outputs that the families declare for an input of 64 x 64.
  private static let families: [(decoder: String, manifest: String, outputs: [(String, [Int])])] = [
    ("yolov8", "", [("output0", [1, 6, 84])]),
    ("yolov8", "task = \"oriented-detection\"", [("output0", [1, 7, 84])]),
    ("yolov8", "task = \"pose\"", [("output0", [1, 56, 84])]),
    ("yolov8", "task = \"instance-segmentation\"", [("output0", [1, 38, 84]), ("output1", [1, 32, 16, 16])]),
    ("end-to-end", "", [("output0", [1, 20, 6])]),
    ("end-to-end", "task = \"oriented-detection\"", [("output0", [1, 20, 7])]),
    ("yolov5", "", [("output0", [1, 252, 7])]), ("yolox", "", [("output", [1, 84, 7])]),
    ("detr", "", [("logits", [1, 20, 4]), ("pred_boxes", [1, 20, 4])]), ("rt-detr", "", [("output0", [1, 300, 8])]),
    ("scored-boxes", "", [("scores", [1, 40, 3]), ("boxes", [1, 40, 4])]),
    ("detections", "", [("boxes", [20, 4]), ("labels", [20]), ("scores", [20])]),
    ("selected-boxes", "", [("boxes", [1, 20, 4]), ("scores", [1, 3, 20]), ("indices", [8, 3])]),
    ("centernet", "", [("hm", [1, 3, 16, 16]), ("wh", [1, 2, 16, 16]), ("reg", [1, 2, 16, 16])]),
    ("fastestdet", "", [("758", [1, 8, 4, 4])]),
    ("anchor-grids", "", [("a", [1, 3, 8, 8, 7]), ("b", [1, 3, 4, 4, 7])]),
    ("classifier", "", [("logits", [1, 9])]), ("embedding", "", [("out", [1, 512])]),
    ("segmentation", "", [("out", [1, 4, 16, 16])]), ("segmentation", "", [("out", [1, 16, 16])]),
    ("depth", "", [("depth", [1, 16, 16])]), ("text-regions", "", [("map", [1, 1, 64, 64])]),
    ("pose-heatmaps", "", [("heat", [1, 17, 16, 12])]), ("simcc", "", [("x", [1, 17, 128]), ("y", [1, 17, 128])]),
    ("movenet", "", [("output_0", [1, 6, 56])]),
  ]

  private func check(_ findings: Findings, _ comment: Comment) throws {
    var canvas = Canvas(width: 50, height: 40)
    FindingsPainter.paint(findings, on: &canvas)
    var tracker = Tracker()
    for _ in 0..<3 { _ = tracker.follow(findings.detections, secondsSinceLast: 0.04, frame: (50, 40)) }
    for detection in findings.detections {
      #expect(detection.confidence >= 0 && detection.confidence <= 1, comment)
      let box = detection.box
      let isFinite = box.x.isFinite && box.y.isFinite && box.width.isFinite && box.height.isFinite
      #expect(isFinite, comment)
    }
  }

  @Test func everyFamilySurvivesEveryNumber() throws {
    var random = SeededGenerator(16)
    for family in HostileOutputTests.families {
      let facts = NetworkFacts(
        name: "net", inputs: [.init(name: "images", type: .float32, shape: [1, 3, 64, 64])],
        outputs: family.outputs.map { .init(name: $0.0, type: .float32, shape: $0.1.map { $0 }) })
      let manifest = try Manifest(
        text: family.manifest + "\ndecoder = \"\(family.decoder)\"\n[thresholds]\nconfidence = 0.1\n", path: "net.toml")
      let (decode, _) = try OfflineDecoding.prepared(facts, manifest: manifest, frameWidth: 50, frameHeight: 40)
      for trial in 0..<(HostileOutputTests.numbers.count + 12) {
        let outputs = family.outputs.map { _, shape in
          let values = (0..<shape.reduce(1, *)).map { _ in
            trial < HostileOutputTests.numbers.count
              ? HostileOutputTests.numbers[trial] : HostileOutputTests.numbers.randomElement(using: &random) ?? 0
          }
          return Tensor(shape, values)
        }
        // A refusal in words is right as well.
        guard let findings = try? decode(outputs) else { continue }
        try check(findings, "\(family.decoder), trial \(trial)")
      }
    }
  }
}

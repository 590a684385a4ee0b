import Ground
import Inference
import Perception
import Testing
import Vision

/// What needs no reference: mapping back to the frame, recognition, and outputs that are wrong.
@Suite struct DecoderTests {
  private func facts(
    _ name: String = "net", input: [Int?] = [1, 3, 64, 64], outputs: [(String, [Int?])],
    metadata: [String: String] = [:]
  ) -> NetworkFacts {
    NetworkFacts(
      name: name, inputs: [.init(name: "images", type: .float32, shape: input)],
      outputs: outputs.map { .init(name: $0.0, type: .float32, shape: $0.1) }, metadata: metadata)
  }

  /// One hot cell of a YOLOv8 head for a 64x64 input: a box in input pixels.
  private func yolov8(box: [Float], score: Float, cells: Int = 84) -> Tensor {
    var values = [Float](repeating: 0, count: 6 * cells)
    for field in 0..<4 { values[field * cells + 10] = box[field] }
    values[5 * cells + 10] = score
    return Tensor([1, 6, cells], values)
  }

  @Test func boxesAreMappedOutOfTheLetterbox() throws {
    // A 128x64 frame in a 64x64 input: scale 0.5, 16 rows of padding above.
    let (findings, description) = try OfflineDecoding.decode(
      facts(outputs: [("output0", [1, 6, 84])]), manifest: Manifest(text: "labels = [\"a\", \"b\"]", path: "net.toml"),
      outputs: [yolov8(box: [32, 32, 20, 10], score: 0.9)], frameWidth: 128, frameHeight: 64)
    #expect(description.decoder == "yolov8")
    let detection = try #require(findings.detections.first)
    #expect(detection.label == "b")
    #expect(detection.box == Box(x: 44, y: 22, width: 40, height: 20))
  }

  @Test func overconfidentScoresAreCutToOne() throws {
    let (findings, _) = try OfflineDecoding.decode(
      facts(outputs: [("output0", [1, 6, 84])]), manifest: nil,
      outputs: [yolov8(box: [32, 32, 20, 10], score: 1.5)], frameWidth: 64, frameHeight: 64)
    #expect(findings.detections.first?.confidence == 1)
    #expect(findings.detections.first?.label == "class 1")
  }

  @Test func masksFollowTheirPrototypes() throws {
    // Prototype 0 is positive in its left half only; the object weighs it with 1.
    var prototypes = [Float](repeating: 0, count: 32 * 16 * 16)
    for y in 0..<16 { for x in 0..<16 { prototypes[y * 16 + x] = x < 8 ? 5 : -5 } }
    var values = [Float](repeating: 0, count: 38 * 84)
    for (field, value) in [(0, Float(32)), (1, 32), (2, 64), (3, 64), (4, 0.9), (6, 1)] { values[field * 84] = value }
    let (findings, description) = try OfflineDecoding.decode(
      facts(outputs: [("output0", [1, 38, 84]), ("output1", [1, 32, 16, 16])]), manifest: nil,
      outputs: [Tensor([1, 38, 84], values), Tensor([1, 32, 16, 16], prototypes)], frameWidth: 64, frameHeight: 64)
    #expect(description.task == .instanceSegmentation)
    let mask = try #require(findings.detections.first?.mask)
    for row in 0..<mask.rows {
      for column in 0..<mask.columns {
        #expect(mask.bits[row * mask.columns + column] == (column < mask.columns / 2 ? 1 : 0))
      }
    }
  }

  @Test(
    arguments: [
      ("yolov5", [("output0", [1, 1008, 85])]), ("yolov8", [("output0", [1, 84, 336])]),
      ("yolox", [("output", [1, 336, 85])]), ("end-to-end", [("output0", [1, 300, 6])]),
      ("detr", [("logits", [1, 100, 92]), ("pred_boxes", [1, 100, 4])]),
      ("scored-boxes", [("scores", [1, 4420, 2]), ("boxes", [1, 4420, 4])]),
      ("fastestdet", [("758", [1, 85, 8, 8])]), ("classifier", [("output", [1, 1000])]),
      ("classifier", [("class_logits", [1, 7])]), ("embedding", [("out", [1, 512])]),
      ("embedding", [("last_hidden_state", [1, 257, 768])]), ("segmentation", [("out", [1, 21, 128, 128])]),
      ("centernet", [("hm", [1, 80, 16, 16]), ("wh", [1, 2, 16, 16]), ("reg", [1, 2, 16, 16])]),
      ("rt-detr", [("output0", [1, 300, 84])]), ("anchor-grids", [("a", [1, 3, 8, 8, 85]), ("b", [1, 3, 4, 4, 85])]),
      (
        "nanodet",
        [
          ("c", [1, 64, 80]), ("d", [1, 16, 80]), ("e", [1, 4, 80]), ("f", [1, 64, 32]), ("g", [1, 16, 32]),
          ("h", [1, 4, 32]),
        ]
      ),
    ] as [(String, [(String, [Int?])])])
  func familiesAreRecognisedByTheirOutputs(decoder: String, outputs: [(String, [Int?])]) throws {
    #expect(try OfflineDecoding.decoder(for: facts(input: [1, 3, 128, 128], outputs: outputs)) == decoder)
  }

  @Test func ultralyticsMetadataDecides() throws {
    let metadata = [
      "task": "pose", "stride": "32", "imgsz": "[64, 64]", "kpt_shape": "[17, 3]",
      "names": "{0: 'person', 1: \"driver's seat\"}",
    ]
    let description = try OfflineDecoding.describe(facts(outputs: [("output0", [1, 57, nil])], metadata: metadata))
    #expect(description.decoder == "yolov8")
    #expect(description.task == .pose)
    #expect(description.labels == ["person", "driver's seat"])
    var ended = metadata
    ended["end2end"] = "True"
    #expect(
      try OfflineDecoding.describe(facts(outputs: [("o", [1, 300, 57])], metadata: ended)).decoder == "end-to-end")
  }

  @Test func wrongShapesAreErrorsNotCrashes() throws {
    let shapes: [[Int]] = [
      [], [0], [1], [3], [1, 0], [1, 1], [1, 5], [2, 7], [1, 1, 1], [1, 0, 85], [1, 6, 0], [1, 3, 2, 2], [1, 0, 4, 4],
      [1, 85, 2, 2], [1, 2, 2, 3, 85], [1, 4, 4], [3, 3, 3, 3, 3, 3],
    ]
    for name in OfflineDecoding.decoders {
      for first in shapes {
        for second in shapes + [[]] {
          let declared: [(String, [Int?])] = ["boxes", "labels", "scores"].map { ($0, [nil, nil]) }
          let outputs = [first, second, first].map { shape in
            Tensor(shape, [Float](repeating: .infinity, count: shape.reduce(1, *)))
          }
          let manifest = try Manifest(text: "decoder = \"\(name)\"", path: "net.toml")
          // Any outcome but a crash is right.
          _ = try? OfflineDecoding.decode(
            facts(outputs: declared), manifest: manifest, outputs: outputs, frameWidth: 50, frameHeight: 40)
        }
      }
    }
  }

  @Test func anUnknownNetworkIsToldWithTheManifestItNeeds() throws {
    let odd = facts(outputs: [("strange", [1, 5, 3])])
    let error = #expect(throws: PerceptionError.self) { try OfflineDecoding.describe(odd) }
    #expect(error?.kind == .notUnderstood)
    // The command prints the manifest as lines that can be copied.
    #expect(error?.remedy.contains("manifest") == true && error?.remedy.contains("ocellus models show") == true)
    #expect(error?.what.contains("'strange'") == true)
  }
}

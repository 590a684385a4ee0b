import Inference
import Perception
import Testing
import Vision

/// A detection is kept if its confidence is at least the threshold, by every decoder.
@Suite struct ThresholdTests {
  private struct Head: CustomTestStringConvertible, Sendable {
    var name: String
    /// Outputs with their shapes, for an input of 64x64.
    var outputs: [(String, [Int])]
    /// Sets one object's score to the probability given.
    var fill: @Sendable (_ values: inout [[Float]], _ score: Float) -> Void
    var manifest = ""
    var testDescription: String { name }
  }

  private static let heads: [Head] = [
    Head(name: "yolov8", outputs: [("output0", [1, 6, 84])]) { values, score in
      for field in 0..<4 { values[0][field * 84 + 10] = 32 }
      values[0][5 * 84 + 10] = score
    },
    Head(name: "yolov5", outputs: [("output0", [1, 252, 7])]) { values, score in
      for field in 0..<4 { values[0][30 * 7 + field] = 32 }
      values[0][30 * 7 + 4] = 1
      values[0][30 * 7 + 6] = score
    },
    Head(name: "yolov5 objectness", outputs: [("output0", [1, 252, 7])]) { values, score in
      for field in 0..<4 { values[0][30 * 7 + field] = 32 }
      values[0][30 * 7 + 4] = score
      values[0][30 * 7 + 6] = 1
    },
    Head(name: "end-to-end", outputs: [("output0", [1, 300, 6])]) { values, score in
      values[0].replaceSubrange(60..<66, with: [8, 8, 40, 40, score, 1])
    },
    Head(name: "ready", outputs: [("boxes", [5, 4]), ("labels", [5]), ("scores", [5])]) { values, score in
      values[0].replaceSubrange(8..<12, with: [8, 8, 40, 40])
      values[1][2] = 1
      values[2][2] = score
    },
    Head(name: "scored boxes", outputs: [("scores", [1, 4420, 2]), ("boxes", [1, 4420, 4])]) { values, score in
      values[0][21] = score
      values[1].replaceSubrange(40..<44, with: [0.1, 0.1, 0.9, 0.9])
    },
  ]

  private func count(_ head: Head, score: Float, threshold: Float) throws -> Int {
    let facts = NetworkFacts(
      name: "net", inputs: [.init(name: "images", type: .float32, shape: [1, 3, 64, 64])],
      outputs: head.outputs.map { .init(name: $0.0, type: .float32, shape: $0.1) }, metadata: [:])
    var values = head.outputs.map { [Float](repeating: 0, count: $0.1.reduce(1, *)) }
    head.fill(&values, score)
    let manifest = try Manifest(
      text: "labels = [\"a\", \"b\"]\n\(head.manifest)\n[thresholds]\nconfidence = \(threshold)", path: "net.toml")
    let tensors = zip(head.outputs, values).map { Tensor($0.1, $1) }
    return try OfflineDecoding.decode(facts, manifest: manifest, outputs: tensors, frameWidth: 64, frameHeight: 64)
      .findings.detections.count
  }

  @Test(arguments: heads)
  private func atTheThresholdIsKeptAndBelowItIsNot(head: Head) throws {
    for threshold in [0.05, 0.1, 0.25, 0.3, 0.4, 0.5, 0.7, 0.75, 0.9] as [Float] {
      #expect(try count(head, score: threshold, threshold: threshold) == 1, "\(threshold)")
      #expect(try count(head, score: threshold.nextUp, threshold: threshold) == 1, "above \(threshold)")
      #expect(try count(head, score: threshold.nextDown, threshold: threshold) == 0, "below \(threshold)")
    }
  }

  /// Rows without an object have a score of 0, and a threshold of 0 does not make them objects.
  @Test(arguments: heads)
  private func nothingIsNoObject(head: Head) throws {
    #expect(try count(head, score: 0, threshold: 0) == 0)
    #expect(try count(head, score: .nan, threshold: 0.3) == 0)
  }
}

import Configuration
import Inference
import Perception
import Testing
import Vision

/// Which output holds what follows from names and from what the graph ends in; widths only break ties.
@Suite struct OutputRoleTests {
  private func facts(
    _ name: String = "net", size: Int = 560, outputs: [(String, [Int?], OutputActivation?)]
  ) -> NetworkFacts {
    NetworkFacts(
      name: name, inputs: [.init(name: "input", type: .float32, shape: [1, 3, size, size])],
      outputs: outputs.map { output in
        var port = NetworkPort(name: output.0, type: .float32, shape: output.1)
        port.activation = output.2
        return port
      })
  }

  /// One query in 300 with a box in the middle and class `index` of `classes`.
  private func queries(_ classes: Int, _ index: Int, count: Int = 300) -> (boxes: Tensor, logits: Tensor) {
    var boxes = [Float](repeating: 0.05, count: count * 4)
    var logits = [Float](repeating: -8, count: count * classes)
    boxes.replaceSubrange(28..<32, with: [0.5, 0.5, 0.2, 0.4])
    logits[7 * classes + index] = 6
    return (Tensor([1, count, 4], boxes), Tensor([1, count, classes], logits))
  }

  private func expectOne(_ facts: NetworkFacts, _ outputs: [Tensor], classID: Int, _ comment: Comment) throws {
    let (findings, description) = try OfflineDecoding.decode(
      facts, manifest: nil, outputs: outputs, frameWidth: 100, frameHeight: 100)
    #expect(description.decoder == "detr", comment)
    #expect(findings.detections.map(\.classID) == [classID], comment)
    for detection in findings.detections {
      #expect(abs(detection.box.x - 40) < 0.1 && abs(detection.box.width - 20) < 0.1, comment)
      #expect(abs(detection.box.y - 30) < 0.1 && abs(detection.box.height - 40) < 0.1, comment)
      #expect(detection.confidence > 0.99, comment)
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 9, 21, 80, 81, 91, 92, 366])
  func rfdetrOfAnyNumberOfClasses(classes: Int) throws {
    for index in Set([0, classes / 2, classes - 1]) {
      let (boxes, logits) = queries(classes, index)
      let named: [(String, [Int?], Tensor)] = [
        ("dets", [1, 300, 4], boxes), ("labels", [1, 300, classes], logits),
      ]
      for order in [named, named.reversed()] {
        let facts = facts(outputs: order.map { ($0.0, $0.1, nil) })
        try expectOne(facts, order.map(\.2), classID: index, "\(classes) logits, \(order.map(\.0))")
        let reasons = try OfflineDecoding.describe(facts).reasons.joined(separator: "; ")
        #expect(reasons.contains("0.485") && reasons.contains("0.229"), "\(reasons)")
      }
    }
  }

  @Test func bothFourWideUnderManyNames() throws {
    let (boxes, logits) = queries(4, 1)
    let pairs = [
      ("pred_boxes", "logits"), ("pred_boxes", "pred_logits"), ("boxes", "logits"), ("PRED_BOXES:0", "LOGITS:0"),
      ("bboxes", "class_logits"), ("boxes", "other"), ("other", "logits"),
    ]
    for (box, logit) in pairs {
      let named: [(String, Tensor)] = [(box, boxes), (logit, logits)]
      for order in [named, named.reversed()] {
        let facts = facts(outputs: order.map { ($0.0, [1, 300, 4], nil) })
        try expectOne(facts, order.map(\.1), classID: 1, "\(order.map(\.0))")
      }
    }
  }

  @Test func whatTheGraphEndsInTellsWhereNamesDoNot() throws {
    let (boxes, logits) = queries(4, 1)
    let named: [(String, OutputActivation, Tensor)] = [("a", .sigmoid, boxes), ("b", .linear, logits)]
    for order in [named, named.reversed()] {
      let facts = facts(outputs: order.map { ($0.0, [1, 300, 4], $0.1) })
      try expectOne(facts, order.map(\.2), classID: 1, "\(order.map(\.1))")
    }
  }

  /// An export that ends in the sigmoid gets no second one.
  @Test func probabilitiesAreNotActivatedTwice() throws {
    let (boxes, logits) = queries(5, 2)
    let probabilities = Tensor([1, 300, 5], logits.array(of: Float.self).map { $0 > 0 ? Float(0.7) : 0.1 })
    let facts = facts(outputs: [("dets", [1, 300, 4], .sigmoid), ("labels", [1, 300, 5], .sigmoid)])
    let (findings, _) = try OfflineDecoding.decode(
      facts, manifest: nil, outputs: [boxes, probabilities], frameWidth: 100, frameHeight: 100)
    #expect(findings.detections.map(\.confidence) == [0.7])
  }

  /// Preprocessing follows the family, whatever the number of classes.
  @Test func preprocessingFollowsTheFamily() throws {
    func reasons(_ name: String, _ classes: Int) throws -> String {
      let facts = facts(
        name, outputs: [("logits", [1, 300, classes], nil), ("pred_boxes", [1, 300, 4], nil)])
      return try OfflineDecoding.describe(facts).reasons.joined(separator: "; ")
    }
    for classes in [2, 4, 80, 91, 92] {
      #expect(try reasons("rtdetr_r50vd", classes).contains("0.485") == false)
      #expect(try reasons("dfine-m", classes).contains("0.485") == false)
      #expect(try reasons("rf-detr-base", classes).contains("0.485"))
      #expect(try reasons("deformable-detr", classes).contains("0.485"))
      #expect(try reasons("detr-resnet-50", classes).contains("0.485"))
    }
  }

  @Test func otherExportersDetsAndLabels() throws {
    // MMDetection's: boxes with their score, and class numbers.
    let facts = facts(outputs: [("dets", [1, 100, 5], nil), ("labels", [1, 100], nil)])
    #expect(try OfflineDecoding.decoder(for: facts) != "detr")
  }
}

import Foundation
import Ground
import Perception
import Pipeline
import Testing
import Vision

@Suite struct FrameRecordTests {
  private func record(_ detections: [Detection]) throws -> [String: Any] {
    var findings = Findings()
    findings.detections = detections
    let result = FrameResult(
      number: 17, frame: ScriptedSource.frame(sequence: 21), source: "demo", detector: "m", findings: findings)
    let line = try FrameRecord(result).jsonLine()
    #expect(!line.contains("\n"))
    return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test func hasTheContractsFields() throws {
    var detection = Detection(
      label: "person", classID: 0, confidence: 0.91, box: Box(x: 1.25, y: 2, width: 3, height: 4))
    detection.track = 4
    let object = try record([detection])
    let wanted: Set = [
      "frame", "sequence", "timestamp_ns", "source", "width", "height", "model", "skipped", "detections", "classes",
      "latency_ms",
    ]
    #expect(wanted.isSubset(of: object.keys))
    let first = try #require((object["detections"] as? [[String: Any]])?.first)
    #expect(first["label"] as? String == "person")
    #expect(first["confidence"] as? Double == 0.91)
    #expect(first["box"] as? [Double] == [1.25, 2, 3, 4])
    #expect(first["track"] as? Int == 4)
    #expect(first["masks"] == nil, "optional fields appear where they apply")
    let latency = try #require(object["latency_ms"] as? [String: Any])
    #expect(Set(["capture", "decode", "preprocess", "inference", "postprocess", "total"]).isSubset(of: latency.keys))
  }

  @Test func hostileNumbersStayJSON() throws {
    let detection = Detection(
      label: "a\"\n\u{1}", classID: 0, confidence: .nan, box: Box(x: -.infinity, y: 0, width: .infinity, height: 1))
    let object = try record([detection])
    #expect((object["detections"] as? [[String: Any]])?.first?["confidence"] as? Double == 0)
  }

  /// Counts worked out by hand: a 3x2 frame (columns 3, rows 2), the middle column set: runs 2, 2, 2.
  @Test func masksAreColumnMajorRuns() {
    let mask = Mask(region: Box(x: 1, y: 0, width: 1, height: 2), columns: 1, rows: 1, bits: [1])
    let encoded = RunLengthMask(mask, frameWidth: 3, frameHeight: 2)
    #expect(encoded.size == [2, 3])
    #expect(encoded.counts == "222")
  }

  /// A run of 40 needs two characters: 40 = 0b1_01000 → low five bits 8 with the continuation bit: 8+32+48 = 'X', then
  /// 1+48 = '1'.
  @Test func longRunsTakeSeveralCharacters() {
    let mask = Mask(region: Box(x: 0, y: 0, width: 0, height: 0), columns: 0, rows: 0, bits: [])
    #expect(RunLengthMask(mask, frameWidth: 8, frameHeight: 5).counts == "X1")
  }

  /// A reference that is far away says nothing: it is neither in the fields nor in the lists of layers.
  @Test func onlyNearReferencesAreWritten() throws {
    func likeness(_ similarities: [Float]) -> Likeness {
      Likeness(similarities.enumerated().map { .init(name: "r\($0)", similarity: $1) })
    }
    func detection(_ likeness: Likeness) -> Detection {
      var detection = Detection(label: "a", classID: 0, confidence: 1, box: Box(x: 0, y: 0, width: 1, height: 1))
      detection.attach(likeness, by: "references")
      return detection
    }
    let objects = try #require(
      try record([
        detection(likeness([0.93, Likeness.near, Likeness.near.nextDown, -1])), detection(likeness([0.1])),
      ])["detections"] as? [[String: Any]])
    func names(_ list: Any?) -> [String]? { (list as? [[String: Any]])?.compactMap { $0["name"] as? String } }
    #expect(names(objects[0]["references"]) == ["r0", "r1"])
    let attributes = try #require(objects[0]["attributes"] as? [[String: Any]])
    #expect(attributes.count == 1 && names(attributes[0]["references"]) == ["r0", "r1"])
    #expect(objects[1]["references"] == nil && (objects[1]["attributes"] as? [Any])?.isEmpty ?? true)

    var findings = Findings()
    findings.layers = [Layer(likeness([0.8, 0.2]), by: "references"), Layer(likeness([0]), by: "other")]
    let line = try FrameRecord(
      FrameResult(
        number: 1, frame: ScriptedSource.frame(sequence: 1), source: "demo", detector: "m", findings: findings)
    ).jsonLine()
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(!line.contains("r1") && (object["layers"] as? [Any])?.count == 1)
  }
}

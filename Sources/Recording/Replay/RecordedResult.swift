import Ground
public import Perception
import Pipeline
import ROS
import Vision

/// What the networks said about a picture when it was recorded.
public struct RecordedResult: Sendable {
  /// Names of the models; empty when the recording does not say.
  public var detector = ""
  public var classifier: String?
  public var findings = Findings()
  public var times = StageTimes()
  /// The line of JSON that the session would have printed; nil for recordings of other programs.
  public var line: String?

  init() {}

  /// The result of a recorded line of JSON; nil where the text is none.
  init?(jsonLine: String) {
    guard let record = FrameRecord(jsonLine: jsonLine) else { return nil }
    line = jsonLine
    detector = record.model
    classifier = record.classifier
    findings = record.findings
    times = StageTimes(
      preprocess: record.latency.preprocess, inference: record.latency.inference,
      postprocess: record.latency.postprocess)
  }
}

extension Detection2DArray {
  /// The detections as findings, without those that lie nowhere; class ids are given in the order of appearance in
  /// `labels`.
  func findings(_ labels: inout [String: Int]) -> Findings {
    var findings = Findings()
    for object in detections {
      let box = Box(
        x: Float(object.centerX - object.width / 2), y: Float(object.centerY - object.height / 2),
        width: Float(object.width), height: Float(object.height))
      guard let first = object.results.first, Float(first.score).isFinite,
        [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite)
      else { continue }
      let id = labels[first.classID] ?? labels.count
      labels[first.classID] = id
      var detection = Detection(label: first.classID, classID: id, confidence: Float(first.score), box: box)
      detection.angle = object.theta == 0 || !Float(object.theta).isFinite ? nil : Float(object.theta)
      detection.track = Int(object.id)
      let second = object.results.dropFirst().filter { Float($0.score).isFinite }.map {
        Classification(label: $0.classID, classID: 0, confidence: Float($0.score))
      }
      if !second.isEmpty { detection.attach(Classes(second), by: "classifier") }
      findings.detections.append(detection)
    }
    return findings
  }
}

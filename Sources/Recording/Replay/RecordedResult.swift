import Foundation
public import Perception
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
}

/// The recorded line of JSON, as far as results are made from it. Field names: see `FrameRecord`.
struct RecordedLine: Decodable {
  struct Class: Decodable {
    var label: String
    var class_id: Int
    var confidence: Float

    var classification: Classification { Classification(label: label, classID: class_id, confidence: confidence) }
  }

  struct Object: Decodable {
    var label: String
    var class_id: Int
    var confidence: Float
    var box: [Float]
    var angle: Float?
    var track: Int?
    var classes: [Class]?
    var sequence_classes: [Class]?
    var keypoints: [[Float]]?
    var embedding: [Float]?
    var masks: [RunLengthMask]?
  }

  struct Latency: Decodable {
    var preprocess: Double
    var inference: Double
    var postprocess: Double
  }

  var model: String?
  var classifier: String?
  var width: Int
  var height: Int
  var detections: [Object]
  var classes: [Class]?
  var embedding: [Float]?
  var latency_ms: Latency?

  /// The result of a line; nil when it is none.
  static func result(_ line: String) -> RecordedResult? {
    guard let record = try? JSONDecoder().decode(RecordedLine.self, from: Data(line.utf8)) else { return nil }
    var result = RecordedResult()
    result.line = line
    result.detector = record.model ?? ""
    result.classifier = record.classifier
    result.findings.detections = record.detections.compactMap { $0.detection(record.width, record.height) }
    result.findings.classes = record.classes?.map(\.classification) ?? []
    result.findings.embedding = record.embedding
    if let latency = record.latency_ms {
      func nanoseconds(_ milliseconds: Double) -> Int64 { Int64(max(0, min(1e9, milliseconds)) * 1e6) }
      result.times = StageTimes(
        preprocess: nanoseconds(latency.preprocess), inference: nanoseconds(latency.inference),
        postprocess: nanoseconds(latency.postprocess))
    }
    return result
  }
}

extension RecordedLine.Object {
  func detection(_ width: Int, _ height: Int) -> Detection? {
    guard box.count == 4, box.allSatisfy(\.isFinite) else { return nil }
    var detection = Detection(
      label: label, classID: class_id, confidence: confidence,
      box: Box(x: box[0], y: box[1], width: box[2], height: box[3]))
    detection.angle = angle
    detection.track = track
    detection.classes = classes?.map(\.classification) ?? []
    detection.sequenceClasses = sequence_classes?.map(\.classification) ?? []
    detection.keypoints = (keypoints ?? []).compactMap {
      $0.count == 3 ? Keypoint(x: $0[0], y: $0[1], confidence: $0[2]) : nil
    }
    detection.embedding = embedding
    detection.mask = masks?.first.flatMap { $0.size == [height, width] ? $0.mask() : nil }
    return detection
  }
}

extension Detection2DArray {
  /// The detections as findings, without those that lie nowhere; class ids are given in the order of appearance in
  /// `labels`.
  func findings(_ labels: inout [String]) -> Findings {
    var findings = Findings()
    for object in detections {
      let box = Box(
        x: Float(object.centerX - object.width / 2), y: Float(object.centerY - object.height / 2),
        width: Float(object.width), height: Float(object.height))
      guard let first = object.results.first, Float(first.score).isFinite,
        [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite)
      else { continue }
      let id = labels.firstIndex(of: first.classID) ?? labels.count
      if id == labels.count { labels.append(first.classID) }
      var detection = Detection(label: first.classID, classID: id, confidence: Float(first.score), box: box)
      detection.angle = object.theta == 0 || !Float(object.theta).isFinite ? nil : Float(object.theta)
      detection.track = Int(object.id)
      detection.classes = object.results.dropFirst().filter { Float($0.score).isFinite }.map {
        Classification(label: $0.classID, classID: 0, confidence: Float($0.score))
      }
      findings.detections.append(detection)
    }
    return findings
  }
}

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
  /// The name of the photo that the picture was; nil for what was no photo.
  public var file: String?
  /// Of photos: another number than that of the picture before says that they are unrelated; nil where the recording does not say.
  var timeline: UInt64?
  public var findings = Findings()
  public var times = StageTimes()
  /// When its frame was taken, as the line says it: nanoseconds since 1970; nil where it does not.
  var wall: UInt64?
  /// The line of JSON that the session would have printed; nil for recordings of other programs.
  public var line: String?

  init() {}

  /// Why a result cannot be read.
  static func reason(_ error: any Error) -> String {
    if case DecodingError.dataCorrupted(let context) = error { return context.debugDescription }
    return error is DecodingError ? "its JSON is not that of a result" : "\(error)"
  }

  /// The result of a recorded line of JSON.
  ///
  /// - Throws: `DecodingError` where the text is no result, or one that is too large.
  init(jsonLine: String) throws {
    let record = try FrameRecord(parsing: jsonLine)
    line = jsonLine
    wall = record.wall
    detector = record.model
    classifier = record.classifier
    file = record.file
    timeline = record.timeline
    findings = record.findings
    times = StageTimes(
      preprocess: record.latency.preprocess, inference: record.latency.inference,
      postprocess: record.latency.postprocess)
    times.recorded = RecordedTimes(
      capture: record.latency.capture, decode: record.latency.decode, queue: record.latency.queue,
      total: record.latency.total)
  }
}

extension Detection2DArray {
  /// The detections as findings, without those that lie nowhere.
  ///
  /// - Parameters:
  ///   - labels: gives the class ids.
  ///   - bestFirst: whether the hypothesis with the highest score is the object's class, as `vision_msgs` means it; in own
  ///     recordings it is the first one.
  func findings(_ labels: inout LabelNumbers, bestFirst: Bool) -> Findings {
    var findings = Findings()
    for object in detections {
      let results = bestFirst ? object.resultsByScore : object.results
      let box = Box(
        x: Float(object.centerX - object.width / 2), y: Float(object.centerY - object.height / 2),
        width: Float(object.width), height: Float(object.height))
      guard let first = results.first, Float(first.score).isFinite,
        [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite)
      else { continue }
      var detection = Detection(
        label: first.classID, classID: labels.number(of: first.classID), confidence: Float(first.score), box: box)
      detection.angle = object.theta == 0 || !Float(object.theta).isFinite ? nil : Float(object.theta)
      detection.track = Int(object.id)
      let second = results.dropFirst().filter { Float($0.score).isFinite }.map {
        Classification(label: $0.classID, classID: 0, confidence: Float($0.score))
      }
      if !second.isEmpty { detection.attach(Classes(second), by: "classifier") }
      findings.detections.append(detection)
    }
    return findings
  }
}

extension Detection2DArray.Detection2D {
  /// The hypotheses, the highest score first; those of equal scores stay in their order.
  fileprivate var resultsByScore: [ObjectHypothesis] {
    guard results.count > 1 else { return results }
    return results.enumerated().filter { !$0.element.score.isNaN }.sorted {
      ($1.element.score, $0.offset) < ($0.element.score, $1.offset)
    }.map(\.element)
  }
}

public import Capture
import Foundation
import Ground
public import Perception
import Vision

/// One processed frame as the commands' JSON shows it. Field names are a contract with scripts.
///
/// Boxes are pixels of the source frame: left, top, width, height. Latencies are milliseconds.
public struct FrameRecord: Encodable, Sendable {
  var frame: UInt64
  var sequence: UInt64
  var timestamp_ns: Int64
  var source: String
  var width: Int
  var height: Int
  var model: String
  var classifier: String?
  var skipped: Skipped
  var detections: [DetectionRecord]
  var classes: [ClassRecord]
  var embedding: [Double]?
  var references: [ReferenceRecord]?
  var latency_ms: Latency
  /// How the picture looks, where it was looked at.
  var health: HealthRecord?

  struct Skipped: Encodable, Sendable {
    var pipeline: UInt64
    var driver: UInt64
    var passed_over: UInt64
    var damaged: UInt64
  }

  struct Latency: Encodable, Sendable {
    var capture: Double
    var decode: Double
    var queue: Double
    var preprocess: Double
    var inference: Double
    var postprocess: Double
    var total: Double
  }

  /// The record of a result.
  public init(_ result: FrameResult) {
    frame = result.number
    sequence = result.frame.sequence
    timestamp_ns = result.frame.timestamp.nanoseconds
    source = result.source
    let image = result.frame.image
    width = image.width
    height = image.height
    model = result.detector
    classifier = result.classifier
    skipped = Skipped(
      pipeline: result.skipped.pipeline, driver: result.skipped.driver, passed_over: result.skipped.passedOver,
      damaged: result.skipped.damaged)
    health = result.frame.health.map(HealthRecord.init)
    detections = result.findings.detections.map {
      DetectionRecord($0, frameWidth: image.width, frameHeight: image.height)
    }
    classes = result.findings.classes.map(ClassRecord.init)
    embedding = result.findings.embedding.map { $0.map { rounded($0, 6) } }
    references = ReferenceRecord.list(result.findings.matches)
    let latency = result.latency
    latency_ms = Latency(
      capture: milliseconds(latency.capture), decode: milliseconds(latency.decode),
      queue: milliseconds(latency.queue), preprocess: milliseconds(latency.preprocess),
      inference: milliseconds(latency.inference), postprocess: milliseconds(latency.postprocess),
      total: milliseconds(latency.total))
  }
}

/// How a picture looks, in JSON: brightness and contrast 0 to 255, sharpness 0 to 1 where there are edges to tell, and what
/// is wrong with it ("dark", "frozen" …).
public struct HealthRecord: Encodable, Sendable {
  var brightness: Double
  var contrast: Double
  var sharpness: Double?
  var complaints: [PictureComplaint]

  /// The record of a verdict.
  public init(_ health: PictureHealth) {
    brightness = rounded(Float(health.brightness), 1)
    contrast = rounded(Float(health.contrast), 1)
    sharpness = health.sharpness.map { rounded(Float($0), 2) }
    complaints = health.complaints
  }
}

/// The state of the source, in JSON: a line of its own when it changes, and once a second while there is no signal. Told
/// apart from frames by its `state`, which they lack.
public struct SourceRecord: Encodable, Sendable {
  var state: String
  var source: String
  var timestamp_ns: Int64
  /// What the operator reads, as on the dashboard.
  var message: String?
  var reason: String?
  /// Since when there has been no picture.
  var since_ns: Int64?
  /// Seconds without a picture: so far, or altogether once it is back.
  var outage_s: Double

  /// The record of a report.
  public init(_ report: SourceReport) {
    source = report.source.name
    timestamp_ns = report.time.nanoseconds
    message = report.state.line(at: report.time)
    outage_s = rounded(Float(report.outageSeconds), 3)
    switch report.state {
    case .starting: state = "starting"
    case .streaming: state = "streaming"
    case .noSignal(let why, let since):
      state = "no_signal"
      reason = why
      since_ns = since.nanoseconds
    case .ended: state = "ended"
    case .failed(let why):
      state = "failed"
      reason = why
    }
  }
}

/// A label with its confidence, in JSON.
public struct ClassRecord: Encodable, Sendable {
  var label: String
  var class_id: Int
  var confidence: Double

  /// The record of a classification.
  public init(_ classification: Classification) {
    label = classification.label
    class_id = classification.classID
    confidence = rounded(classification.confidence, 4)
  }
}

/// How much something looks like a reference, in JSON: the cosine of the angle between their feature vectors.
public struct ReferenceRecord: Encodable, Sendable {
  var name: String
  var similarity: Double

  /// The records of matches, best first; nil where there are none.
  public static func list(_ matches: [ReferenceStore.Match]) -> [ReferenceRecord]? {
    matches.isEmpty
      ? nil : matches.map { ReferenceRecord(name: $0.name, similarity: rounded($0.similarity, 4)) }
  }
}

/// A detection, in JSON. Fields that do not apply are left out.
public struct DetectionRecord: Encodable, Sendable {
  var label: String
  var class_id: Int
  var confidence: Double
  var box: [Double]
  var angle: Double?
  var track: Int?
  var classes: [ClassRecord]?
  var sequence_classes: [ClassRecord]?
  var keypoints: [[Double]]?
  var embedding: [Double]?
  var references: [ReferenceRecord]?
  var masks: [RunLengthMask]?

  /// The record of a detection in a frame of the given size in pixels.
  public init(_ detection: Detection, frameWidth: Int, frameHeight: Int) {
    label = detection.label
    class_id = detection.classID
    confidence = rounded(detection.confidence, 4)
    let b = detection.box
    box = [b.x, b.y, b.width, b.height].map { rounded($0, 2) }
    angle = detection.angle.map { rounded($0, 4) }
    track = detection.track
    classes = detection.classes.isEmpty ? nil : detection.classes.prefix(5).map(ClassRecord.init)
    sequence_classes = detection.sequenceClasses.isEmpty ? nil : detection.sequenceClasses.map(ClassRecord.init)
    keypoints =
      detection.keypoints.isEmpty
      ? nil : detection.keypoints.map { [rounded($0.x, 2), rounded($0.y, 2), rounded($0.confidence, 4)] }
    embedding = detection.embedding.map { $0.map { rounded($0, 6) } }
    references = ReferenceRecord.list(detection.matches)
    masks = detection.mask.map { [RunLengthMask($0, frameWidth: frameWidth, frameHeight: frameHeight)] }
  }
}

/// JSON has no infinities: what is not finite becomes 0.
private func rounded(_ value: Float, _ digits: Int) -> Double {
  guard value.isFinite else { return 0 }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  return (Double(value) * scale).rounded() / scale
}

private func milliseconds(_ nanoseconds: Int64) -> Double { (Double(nanoseconds) / 1e3).rounded() / 1e3 }

extension Encodable {
  /// The value as one line of JSON, keys sorted so that the same input gives the same bytes.
  public func jsonLine() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

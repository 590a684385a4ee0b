import Capture
import Ground
import Perception
import Pipeline
import ROS
import Vision

/// A frame's messages: how results become what ROS 2 knows.
enum FrameMessages {
  /// The frame id of all headers.
  static let frameID = "camera"

  static func detections(_ result: FrameResult, _ header: ROSHeader) -> Detection2DArray {
    Detection2DArray(
      header: header,
      detections: result.findings.detections.map { detection in
        // The first hypothesis is the detector's; those after it are of the stages that classify crops.
        let hypotheses =
          [ObjectHypothesis(classID: detection.label, score: Double(detection.confidence))]
          + detection.attributes.all(Classes.self).flatMap(\.content.list).map {
            ObjectHypothesis(classID: $0.label, score: Double($0.confidence))
          }
        return .init(
          header: header, results: hypotheses, centerX: Double(detection.box.centerX),
          centerY: Double(detection.box.centerY), theta: Double(detection.angle ?? 0),
          width: Double(detection.box.width), height: Double(detection.box.height),
          id: detection.track.map(String.init) ?? "")
      })
  }

  static func classification(_ result: FrameResult, _ header: ROSHeader) -> ClassificationMessage {
    ClassificationMessage(
      header: header,
      results: result.findings.classes.map { ObjectHypothesis(classID: $0.label, score: Double($0.confidence)) })
  }

  static func annotations(_ result: FrameResult, _ header: ROSHeader) -> ImageAnnotations {
    var annotations = ImageAnnotations(points: [], labels: [])
    for detection in result.findings.detections {
      let color = color(of: detection.classID)
      annotations.points.append(
        .init(
          timestamp: header.stamp, kind: ImageAnnotations.Points.lineLoop,
          points: OrientedBox.corners(of: detection.box, turnedBy: detection.angle ?? 0).map {
            .init(x: Double($0.x), y: Double($0.y))
          }, outline: color, thickness: 2))
      if !detection.pose.isEmpty {
        annotations.points.append(
          .init(
            timestamp: header.stamp, kind: ImageAnnotations.Points.points,
            points: detection.pose.map { .init(x: Double($0.x), y: Double($0.y)) }, outline: color, thickness: 4))
      }
      annotations.labels.append(
        .init(
          timestamp: header.stamp, position: .init(x: Double(detection.box.x), y: Double(detection.box.y)),
          text: caption(detection), fontSize: 14, color: .init(red: 0, green: 0, blue: 0, alpha: 1),
          background: color))
    }
    return annotations
  }

  private static func caption(_ detection: Detection) -> String {
    let percent = Int(saturating: (max(0, min(1, detection.confidence)) * 100).rounded())
    let track = detection.track.map { " #\($0)" } ?? ""
    let second = detection.classes.first.map { " · \($0.label)" } ?? ""
    return "\(detection.label) \(percent)%\(track)\(second)"
  }

  private static func color(of classID: Int) -> ImageAnnotations.Color {
    let color = ClassPalette.color(ofClass: classID)
    return .init(
      red: Double(color.red) / 255, green: Double(color.green) / 255, blue: Double(color.blue) / 255, alpha: 1)
  }

  /// Latencies and counters of one frame.
  static func diagnostics(
    _ result: FrameResult, _ header: ROSHeader, drops: RecordingDrops, skippedSinceLast: Bool
  ) -> DiagnosticArray {
    let latency = result.latency
    func milliseconds(_ name: String, _ nanoseconds: Int64) -> DiagnosticArray.Value {
      .init(key: name, value: String(Double(nanoseconds / 1000) / 1000))
    }
    func count(_ name: String, _ value: UInt64) -> DiagnosticArray.Value { .init(key: name, value: String(value)) }
    let ok = DiagnosticArray.Status.ok
    let warning = DiagnosticArray.Status.warning
    return DiagnosticArray(
      header: header,
      statuses: [
        .init(
          level: ok, name: "ocellus: latency", message: "\(result.detector)", hardwareID: result.source,
          values: [
            milliseconds("capture_ms", latency.capture), milliseconds("decode_ms", latency.decode),
            milliseconds("queue_ms", latency.queue), milliseconds("preprocess_ms", latency.preprocess),
            milliseconds("inference_ms", latency.inference), milliseconds("postprocess_ms", latency.postprocess),
            milliseconds("total_ms", latency.total),
          ] + latency.stages.map { milliseconds("stage.\($0.id)_ms", $0.times.total) }),
        .init(
          level: skippedSinceLast ? warning : ok, name: "ocellus: frames",
          message: skippedSinceLast ? "frames were skipped" : "", hardwareID: result.source,
          values: [
            count("processed", result.number), count("sequence", result.frame.sequence),
            count("skipped_pipeline", result.skipped.pipeline), count("dropped_driver", result.skipped.driver),
            count("passed_over", result.skipped.passedOver), count("damaged", result.skipped.damaged),
          ]),
        .init(
          level: drops.isZero ? ok : warning, name: "ocellus: recorder",
          message: drops.isZero ? "" : "the disk is too slow", hardwareID: result.source,
          values: [count("pictures_dropped", drops.pictures), count("results_dropped", drops.results)]),
      ] + picture(result))
  }

  /// How the picture looks, where it was looked at: brightness and contrast 0 to 255, sharpness 0 to 1.
  private static func picture(_ result: FrameResult) -> [DiagnosticArray.Status] {
    guard let health = result.frame.health else { return [] }
    func decimal(_ name: String, _ value: Double) -> DiagnosticArray.Value {
      .init(key: name, value: String(rounded(Float(value), 2)))
    }
    return [
      .init(
        level: health.complaints.isEmpty ? DiagnosticArray.Status.ok : DiagnosticArray.Status.warning,
        name: "ocellus: picture", message: health.complaints.map(\.rawValue).joined(separator: ", "),
        hardwareID: result.source,
        values: [decimal("brightness", health.brightness), decimal("contrast", health.contrast)]
          + (health.sharpness.map { [decimal("sharpness", $0)] } ?? []))
    ]
  }
}

/// What did not fit the recorder's queue since the recording began.
struct RecordingDrops: Sendable, Equatable {
  var pictures: UInt64 = 0
  var results: UInt64 = 0

  var isZero: Bool { pictures == 0 && results == 0 }
}

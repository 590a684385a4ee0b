import Ground
import Perception
import Vision

/// Gives objects stable numbers from frame to frame, and drops the doubtful ones that only prolong tracks: what counts is
/// the confidence of this frame's detection.
final class TrackerStage: Stage {
  static let definition = StageDefinition(
    kind: "tracker", summary: "stable numbers for objects", isPrimary: false
  ) { spec, id, _ in prepared(spec, id, after: [], isApart: false) }

  /// The tracker of a pipeline.
  ///
  /// - Parameters:
  ///   - primaries: the detecting stages, some of which may ask for more confidence than the session does.
  ///   - isApart: whether each detecting stage's objects are followed on their own.
  static func prepared(
    _ spec: StageSpec, _ id: StageID, after primaries: [PreparedStage], isApart: Bool
  ) -> PreparedStage {
    let floors = primaries.filter { $0.spec.minimumConfidence > 0 }.map { ($0.id, $0.spec.minimumConfidence) }
    let leastConfidence = Dictionary(floors) { first, _ in first }
    return PreparedStage(id: id, kind: definition.kind, spec: spec) {
      TrackerStage(isApart: isApart, leastConfidence: leastConfidence)
    }
  }

  private let isApart: Bool
  private let leastConfidence: [StageID: Float]
  /// Over all trackers: a number names one object.
  private var nextNumber = 1
  private var trackers: [StageID: Tracker] = [:]
  private var lastTimestamp: MonotonicTime?
  /// The objects as last followed, for frames on which no detector runs.
  private var held: [Detection] = []

  init(isApart: Bool = false, leastConfidence: [StageID: Float] = [:]) {
    self.isApart = isApart
    self.leastConfidence = leastConfidence
  }

  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    guard findings.hasNewDetections else {
      findings.detections = held
      return nil
    }
    let began = MonotonicTime.now
    let seconds = frame.seconds(since: lastTimestamp) ?? 1.0 / 30
    lastTimestamp = frame.time
    let followed = follow(findings.detections, secondsSinceLast: seconds, in: frame)
    findings.detections = followed.filter { detection in
      detection.ownConfidence >= max(frame.minimumConfidence ?? 0, leastConfidence[detection.stage] ?? 0)
    }
    held = findings.detections
    return StageTimes(postprocess: MonotonicTime.now.nanoseconds(since: began))
  }

  private func follow(
    _ detections: [Detection], secondsSinceLast seconds: Double, in frame: StageFrame
  ) -> [Detection] {
    let size = (frame.image.width, frame.image.height)
    guard isApart else {
      return trackers[.unsigned, default: Tracker()].follow(
        detections, secondsSinceLast: seconds, shownFrom: frame.minimumConfidence, frame: size)
    }
    var followed: [Detection] = []
    for stage in Set(detections.map(\.stage)).union(trackers.keys).sorted() {
      trackers[stage, default: Tracker()].nextNumber = nextNumber
      followed += trackers[stage, default: Tracker()].follow(
        detections.filter { $0.stage == stage }, secondsSinceLast: seconds, shownFrom: frame.minimumConfidence,
        frame: size)
      nextNumber = trackers[stage]?.nextNumber ?? nextNumber
    }
    return followed.sorted { $0.confidence > $1.confidence }
  }

  func reset() {
    for stage in trackers.keys { trackers[stage]?.reset() }
    lastTimestamp = nil
    held = []
  }
}

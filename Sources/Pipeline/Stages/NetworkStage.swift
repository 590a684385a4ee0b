import Ground
import Perception

/// A network on the whole frame: a detector, a classifier, segmentation, depth, feature vectors.
///
/// Between its runs, where its rate is lower than the frames', its last answer is held.
final class NetworkStage: Stage {
  static let definition = StageDefinition(
    kind: "network", summary: "a network on the whole frame", isPrimary: true, prepare: prepare)

  private static func prepare(_ spec: StageSpec, _ id: StageID, _ loader: StageLoader) throws -> PreparedStage {
    var spec = spec
    let (model, embeds) = try loader.vision(spec)
    if spec.classes.isEmpty, model.description.task.detects { spec.classes = loader.classes }
    try ClassFilter.check(spec.classes, in: model.description)
    return PreparedStage(
      id: id, kind: definition.kind, spec: spec, model: model.description, embedder: embeds ? model : nil
    ) { [spec] in NetworkStage(id, spec, model) }
  }

  private let id: StageID
  private let spec: StageSpec
  private let model: any VisionModel
  private let name: String
  private let detects: Bool
  private let isComplete: Bool
  private let holds: Bool
  private var lastRun: MonotonicTime?
  private var held = Findings()

  init(_ id: StageID, _ spec: StageSpec, _ model: any VisionModel) {
    self.id = id
    self.spec = spec
    self.model = model
    name = model.description.name
    detects = model.description.task.detects
    isComplete = model.description.isComplete
    holds = spec.every > 1 || spec.maximumHertz != nil
  }

  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    guard spec.isDue(frame: frame.number, secondsSinceLastRun: frame.seconds(since: lastRun)) else {
      findings.add(held)
      return nil
    }
    lastRun = frame.time
    held = Findings()
    if detects { findings.hasNewDetections = true }
    var (answer, times) = try model.perceive(frame.image, region: nil, minimumConfidence: leastConfidence(frame))
    answer.sign(by: id, model: name)
    if !spec.classes.isEmpty { answer.detections.removeAll { !spec.classes.contains($0.label) } }
    if holds { held = answer }
    findings.add(answer)
    return times
  }

  /// The confidence that the network is asked for; nil: its own threshold.
  private func leastConfidence(_ frame: StageFrame) -> Float? {
    let own = spec.minimumConfidence > 0 ? spec.minimumConfidence : nil
    let wanted = [frame.minimumConfidence, own].compactMap(\.self).max()
    guard frame.isTracked, !isComplete else { return wanted }
    // Doubtful detections prolong tracks; the tracker's stage drops them once it has seen them.
    return wanted.map { min($0, Tracker.Settings().lowConfidence) }
  }

  func reset() {
    held = Findings()
    lastRun = nil
  }
}

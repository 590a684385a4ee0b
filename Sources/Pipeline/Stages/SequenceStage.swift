import Ground
import Perception
import Vision

/// Keeps each track's last feature vectors and asks a recurrent network what the object is doing.
final class SequenceStage: Stage {
  static let definition = StageDefinition(
    kind: "sequence", summary: "a recurrent network over the history of each track", isPrimary: false,
    prepare: prepare)

  private static func prepare(_ spec: StageSpec, _ id: StageID, _ loader: StageLoader) throws -> PreparedStage {
    let model = try loader.sequence(spec)
    return PreparedStage(id: id, kind: definition.kind, spec: spec, model: model.description) {
      SequenceStage(id, spec, model: model)
    }
  }

  private struct History {
    var steps: [[Float]] = []
    var answer: [Classification] = []
  }

  private let id: StageID
  private let spec: StageSpec
  private let model: any SequenceModel
  private var histories = TrackMemory<History>()
  private var lastRun: MonotonicTime?

  init(_ id: StageID, _ spec: StageSpec, model: any SequenceModel) {
    self.id = id
    self.spec = spec
    self.model = model
  }

  /// Attaches an ``Activity`` to every tracked object whose history is long enough.
  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    let began = MonotonicTime.now
    let isDue = spec.isDue(frame: frame.number, secondsSinceLastRun: frame.seconds(since: lastRun))
    if isDue { lastRun = frame.time }
    for index in findings.detections.indices where spec.wants(findings.detections[index]) {
      let detection = findings.detections[index]
      guard let track = detection.track else { continue }
      let step = model.features(of: detection, frameWidth: frame.image.width, frameHeight: frame.image.height)
      // A network over feature vectors has nothing to learn from a frame that no embedder looked at.
      guard step.count == model.featureCount else { continue }
      var history = histories.take(track) ?? History()
      defer { histories.remember(history, of: track, frame: frame.number) }
      history.steps.append(step)
      if history.steps.count > model.length { history.steps.removeFirst(history.steps.count - model.length) }
      if isDue, history.steps.count == model.length { history.answer = try model.classify(history.steps) }
      if !history.answer.isEmpty { findings.detections[index].attach(Activity(history.answer), by: id) }
    }
    histories.sweep(frame: frame.number)
    return StageTimes(inference: MonotonicTime.now.nanoseconds(since: began))
  }

  func reset() {
    histories.forgetAll()
    lastRun = nil
  }
}

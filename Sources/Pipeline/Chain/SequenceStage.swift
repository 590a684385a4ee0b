import Ground
import Perception
import Vision

/// A stage that keeps each track's last feature vectors and asks a recurrent network what the object is doing.
final class SequenceStage: StageRunner {
  private struct History {
    var steps: [[Float]] = []
    var answer: [Classification] = []
    var lastSeen: UInt64 = 0
  }

  /// A track that has not been seen for this many frames is forgotten.
  private static let patience: UInt64 = 90

  private let stage: ChainStage
  private let model: any SequenceModel
  private var histories: [Int: History] = [:]
  private var lastRun: MonotonicTime?

  init(_ stage: ChainStage, model: any SequenceModel) {
    self.stage = stage
    self.model = model
  }

  /// Writes `sequenceClasses` of every tracked detection whose history is long enough.
  func run(on detections: inout [Detection], of frame: StageFrame, latency: inout FrameLatency) throws {
    let began = MonotonicTime.now
    defer { latency.sequence += MonotonicTime.now.nanoseconds(since: began) }
    let isDue = stage.isDue(frame: frame.number, secondsSinceLastRun: frame.seconds(since: lastRun))
    if isDue { lastRun = frame.time }
    for index in detections.indices where stage.wants(detections[index]) {
      guard let track = detections[index].track else { continue }
      let step = model.features(
        of: detections[index], frameWidth: frame.image.width, frameHeight: frame.image.height)
      // A network over feature vectors has nothing to learn from a frame that no embedder looked at.
      guard step.count == model.featureCount else { continue }
      var history = histories.removeValue(forKey: track) ?? History()
      defer { histories[track] = history }
      history.steps.append(step)
      if history.steps.count > model.length { history.steps.removeFirst(history.steps.count - model.length) }
      history.lastSeen = frame.number
      if isDue, history.steps.count == model.length { history.answer = try model.classify(history.steps) }
      detections[index].sequenceClasses = history.answer
    }
    if frame.number % 32 == 0 {
      histories = histories.filter { frame.number - $0.value.lastSeen < SequenceStage.patience }
    }
  }
}

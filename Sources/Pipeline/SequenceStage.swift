import Perception

/// The third stage: keeps each track's last feature vectors and asks the recurrent network what the object is doing.
///
/// Pipeline thread only.
struct SequenceStage {
  private struct History {
    var steps: [[Float]] = []
    var lastSeen: UInt64 = 0
  }

  /// A track that has not been seen for this many frames is forgotten.
  private static let patience: UInt64 = 90
  private var histories: [Int: History] = [:]

  /// Writes `sequenceClasses` of every tracked detection whose history is long enough.
  mutating func classify(
    _ detections: inout [Detection], frameWidth: Int, frameHeight: Int, number: UInt64, with model: any SequenceModel
  ) throws {
    for index in detections.indices {
      guard let track = detections[index].track else { continue }
      var history = histories[track] ?? History()
      history.steps.append(
        model.features(of: detections[index], frameWidth: frameWidth, frameHeight: frameHeight))
      if history.steps.count > model.length { history.steps.removeFirst(history.steps.count - model.length) }
      history.lastSeen = number
      histories[track] = history
      if history.steps.count == model.length {
        detections[index].sequenceClasses = try model.classify(history.steps)
      }
    }
    if number % 30 == 0 {
      histories = histories.filter { number - $0.value.lastSeen < SequenceStage.patience }
    }
  }

  /// Forgets every track: another detector or sequence network begins.
  mutating func reset() { histories.removeAll() }
}

import Capture
import Ground
import Pipeline

/// Pause, recording, photos and the confidence threshold.
extension Controller {
  /// The threshold goes from one step to the next; 20 of them make 100 %.
  private static let thresholdSteps: Float = 20

  mutating func perform(_ action: SessionAction) {
    switch action {
    case .pause: togglePause()
    case .record: ask(.setRecording(state.snapshot.recording?.state != .recording))
    case .photo: ask(.savePhoto)
    case .sample: ask(.saveSample(only: Array(state.view.only)))
    case .raiseThreshold: changeThreshold(isHigher: true)
    case .lowerThreshold: changeThreshold(isHigher: false)
    case .showAtLeast(let percent): show(atLeast: Float(percent) / 100)
    case .showOnly(let labels): showOnly(labels)
    case .recordTo(let path): ask(.record(to: path))
    case .useSource(let source): use(source)
    }
  }

  /// A replay stops; of a live source only the picture does.
  private mutating func togglePause() {
    if session.can(.replay), let status = state.snapshot.replay {
      ask(.setPlaying(!status.isPlaying))
    } else {
      ask(.pause(!state.snapshot.paused))
    }
  }

  private mutating func showOnly(_ labels: [String]) {
    state.showOnly(labels, now: .now)
    confirm(
      labels.isEmpty ? "all classes are shown" : "only \(labels.joined(separator: ", ")); `:only all` shows the others")
  }

  private mutating func use(_ source: String) {
    guard session.can(.sources) else {
      return warn("this session keeps its source: quit, and run `ocellus --source \(source)`")
    }
    ask(.useSource(source))
  }

  private mutating func changeThreshold(isHigher: Bool) {
    let steps = state.snapshot.minimumConfidence * Self.thresholdSteps
    // A hundredth of a step of grace: 0.4 is a step although no float is 0.4.
    let next = isHigher ? (steps + 0.01).rounded(.down) + 1 : (steps - 0.01).rounded(.up) - 1
    guard (1..<Self.thresholdSteps).contains(next) else { return warn("that is the last step") }
    show(atLeast: next / Self.thresholdSteps)
  }

  private mutating func show(atLeast value: Float) {
    ask(.showAtLeast(value))
    confirm("confidence at least \(Text.percent(Double(value)))")
    reprocessStoppedFrame()
  }
}

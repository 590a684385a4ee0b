import Ground
import Pipeline

/// Pause, recording, photos and the confidence threshold.
extension Controller {
  private static let thresholdStep: Float = 0.05

  mutating func perform(_ action: SessionAction) {
    switch action {
    case .pause: togglePause()
    case .record: ask(.setRecording(state.snapshot.recording?.state != .recording))
    case .photo: ask(.savePhoto)
    case .raiseThreshold: changeThreshold(by: Self.thresholdStep)
    case .lowerThreshold: changeThreshold(by: -Self.thresholdStep)
    }
  }

  /// A replay stops; of a live source only the picture does.
  private mutating func togglePause() {
    if session.can(.replay), let status = state.snapshot.replay {
      ask(.setPlaying(!status.isPlaying))
    } else {
      ask(.setPaused(!state.snapshot.paused))
    }
  }

  private mutating func changeThreshold(by step: Float) {
    let value = min(0.95, max(0.05, ((state.snapshot.minimumConfidence + step) * 20).rounded() / 20))
    ask(.setMinimumConfidence(value))
    confirm("confidence at least \(Text.percent(Double(value)))")
    reprocessStoppedFrame()
  }
}

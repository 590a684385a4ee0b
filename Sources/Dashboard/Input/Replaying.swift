import Ground
import Pipeline

/// Moving within a recording or a video file.
extension Controller {
  private static let seekSeconds = 10.0
  /// An event is not gone to again from where it stands; nor, while the replay plays, shortly after it.
  private static let nearStopped = 0.05
  private static let nearPlaying = 1.0

  mutating func perform(_ action: ReplayAction) {
    guard session.can(.replay), let status = state.snapshot.replay else {
      return warn(SessionPort.Ability.replay.refusal)
    }
    switch action {
    case .previousEvent: seekToPreviousEvent(status)
    case .nextEvent: seekToNextEvent(status)
    case .seekBack: ask(.seek(max(0, status.position - Self.seekSeconds)))
    case .seekForward: ask(.seek(min(status.duration ?? .infinity, status.position + Self.seekSeconds)))
    case .stepBack: ask(.step(-1))
    case .stepForward: ask(.step(1))
    case .slower: ask(.setSpeed(status.speed / 2))
    case .faster: ask(.setSpeed(status.speed * 2))
    }
  }

  private mutating func seekToNextEvent(_ status: ReplayStatus) {
    let marks = status.marks.sorted { $0.seconds < $1.seconds }
    guard let mark = marks.first(where: { $0.seconds > status.position + Self.nearStopped }) else {
      return warn("no later event")
    }
    seek(to: mark)
  }

  private mutating func seekToPreviousEvent(_ status: ReplayStatus) {
    let marks = status.marks.sorted { $0.seconds < $1.seconds }
    let near = status.isPlaying ? Self.nearPlaying : Self.nearStopped
    guard let mark = marks.last(where: { $0.seconds < status.position - near }) else {
      return warn("no earlier event")
    }
    seek(to: mark)
  }

  private mutating func seek(to mark: ReplayStatus.Mark) {
    ask(.seek(mark.seconds))
    confirm("\(Text.clock(seconds: mark.seconds)) \(mark.title)")
  }

  /// Has a stopped replay deliver its frame again, to be processed with what was just changed.
  func reprocessStoppedFrame() {
    guard let status = state.snapshot.replay, !status.isPlaying else { return }
    // A session without a replay has no frame to deliver again.
    _ = session.send(.seek(status.position))
  }

  /// Has a stopped replay deliver its frame again once other models serve than before.
  ///
  /// - Parameter before: ``DashboardState/activeModels`` at the last refresh.
  package func reprocessStoppedFrame(ifModelsDifferFrom before: [String]) {
    if state.activeModels != before { reprocessStoppedFrame() }
  }
}

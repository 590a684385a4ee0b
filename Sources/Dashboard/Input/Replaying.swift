import Capture
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
      return warn(SessionCapability.replay.refusal)
    }
    switch action {
    case .previousEvent: seekToPreviousEvent(status)
    case .nextEvent: seekToNextEvent(status)
    case .seekBack: skip(-Self.seekSeconds, status)
    case .seekForward: skip(Self.seekSeconds, status)
    case .secondBack: skip(-1, status)
    case .secondForward: skip(1, status)
    case .minuteBack: skip(-60, status)
    case .minuteForward: skip(60, status)
    case .skip(let seconds): skip(seconds, status)
    case .seek(let seconds): ask(.seek(to: min(status.duration ?? .infinity, max(0, seconds))))
    case .goTo(let second): goTo(second, status)
    case .setSpeed(let speed): ask(.setSpeed(speed))
    case .nextTopic: useNextTopic(status)
    case .useTopic(let topic): ask(.useTopic(topic))
    case .mark: toggleMark(status)
    case .stepBack: ask(.step(by: -1))
    case .stepForward: ask(.step(by: 1))
    case .slower: ask(.setSpeed(status.speed / 2))
    case .faster: ask(.setSpeed(status.speed * 2))
    }
  }

  private mutating func skip(_ seconds: Double, _ status: PlaybackStatus) {
    ask(.seek(to: min(status.duration ?? .infinity, max(0, status.position + seconds))))
  }

  private mutating func useNextTopic(_ status: PlaybackStatus) {
    guard status.topics.count > 1 else { return warn("this recording has the pictures of one camera only") }
    let place = status.topic.flatMap { status.topics.firstIndex(of: $0) } ?? -1
    ask(.useTopic(status.topics[(place + 1) % status.topics.count]))
  }

  /// Goes to the first moment of the recording that has this hour of the day in UTC.
  private mutating func goTo(_ second: Double, _ status: PlaybackStatus) {
    guard let begin = status.begin else {
      return warn("this recording does not say when it was made; :seek goes to a position, such as 1:30")
    }
    let start = Double(begin % 86_400_000_000_000) / 1e9
    let position = second >= start.rounded(.down) ? max(0, second - start) : second + 86_400 - start
    guard position <= status.duration ?? .infinity else {
      let end = begin + Int64(saturating: (status.duration ?? 0) * 1e9)
      return warn("this recording is from \(Text.utc(nanoseconds: begin)) to \(Text.utc(nanoseconds: end)) UTC")
    }
    ask(.seek(to: position))
  }

  private mutating func seekToNextEvent(_ status: PlaybackStatus) {
    guard let mark = moments.first(where: { $0.seconds > status.position + Self.nearStopped }) else {
      return warn("no later event")
    }
    seek(to: mark)
  }

  private mutating func seekToPreviousEvent(_ status: PlaybackStatus) {
    let near = status.isPlaying ? Self.nearPlaying : Self.nearStopped
    guard let mark = moments.last(where: { $0.seconds < status.position - near }) else {
      return warn("no earlier event")
    }
    seek(to: mark)
  }

  mutating func seek(to mark: PlaybackStatus.Mark) {
    ask(.seek(to: mark.seconds))
    confirm("\(Text.clock(seconds: mark.seconds)) \(mark.title)")
  }

  /// Has a stopped replay deliver its frame again, to be processed with what was just changed.
  func reprocessStoppedFrame() {
    guard let status = state.snapshot.replay, !status.isPlaying else { return }
    // A session without a replay has no frame to deliver again.
    _ = session.send(.seek(to: status.position))
  }

  /// Has a stopped replay deliver its frame again once other models serve than before.
  ///
  /// - Parameter before: ``DashboardState/activeModels`` at the last refresh.
  package func reprocessStoppedFrame(ifModelsDifferFrom before: [String]) {
    if state.activeModels != before { reprocessStoppedFrame() }
  }
}

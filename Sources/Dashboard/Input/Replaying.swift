import Capture
internal import Ground
internal import Pipeline

/// Moving within a recording or file.
extension Controller {
  /// Going back to an event while the replay plays, those of the last second are passed over.
  private static let markSlack = 1.0

  func replay(_ action: Action, _ state: inout DashboardState) {
    guard let replay = session.replay, let status = state.snapshot.replay else {
      return state.toast("live sources cannot be stepped through", .warning, .now)
    }
    switch action {
    case .previousMark, .nextMark: jump(action, replay, status, &state)
    case .seekBack: replay.seek(to: max(0, status.position - 10))
    case .seekForward: replay.seek(to: min(status.duration ?? .infinity, status.position + 10))
    case .stepBack: replay.step(by: -1)
    case .stepForward: replay.step(by: 1)
    case .slower: replay.setSpeed(status.speed / 2)
    case .faster: replay.setSpeed(status.speed * 2)
    default: break
    }
  }

  /// To the event before or after; one that has just been gone to, or passed a moment ago, is not gone to again.
  private func jump(
    _ action: Action, _ replay: any ReplayControl, _ status: ReplayStatus, _ state: inout DashboardState
  ) {
    let marks = status.marks.sorted { $0.seconds < $1.seconds }
    let slack = status.isPlaying ? Self.markSlack : 0.05
    let mark =
      action == .nextMark
      ? marks.first { $0.seconds > status.position + 0.05 } : marks.last { $0.seconds < status.position - slack }
    guard let mark else {
      return state.toast(action == .nextMark ? "no event after this" : "no event before this", .warning, .now)
    }
    replay.seek(to: mark.seconds)
    state.toast("\(Text.clock(seconds: mark.seconds)) \(mark.title)", .info, .now, replacesLast: true)
  }

  /// Has a replay that stands still give its frame once more, for what depends on settings.
  func showAnew(_ state: DashboardState) {
    guard let replay = session.replay, let status = state.snapshot.replay, !status.isPlaying else { return }
    replay.seek(to: status.position)
  }

  /// After another model has begun to serve, the frame that a replay stands at is of interest by that one.
  ///
  /// - Parameter before: ``DashboardState/activeModels`` at the last look.
  package func showAnew(_ state: DashboardState, ifModelsDifferFrom before: [String]) {
    if state.activeModels != before { showAnew(state) }
  }
}

package import Capture
import Ground
import Pipeline

/// Marks and events of a recording: going to them, setting them, choosing from their list.
extension Controller {
  /// A mark stands where it was set, within this many seconds.
  private static let sameMoment = 0.05
  private static let mostMarks = 500

  /// The events of the recording and the user's own marks, in order.
  package var moments: [PlaybackStatus.Mark] { state.moments }

  /// Sets a mark where the replay stands; a second time takes it away.
  mutating func toggleMark(_ status: PlaybackStatus) {
    let here = Text.clock(seconds: status.position, decimals: 2)
    if let present = state.view.marks.firstIndex(where: { abs($0.seconds - status.position) < Self.sameMoment }) {
      state.view.marks.remove(at: present)
      return confirm("mark at \(here) removed")
    }
    guard state.view.marks.count < Self.mostMarks else { return warn("there are \(Self.mostMarks) marks already") }
    state.view.lastMark += 1
    state.view.marks.append(.init(seconds: status.position, title: "mark \(state.view.lastMark)"))
    confirm("mark \(state.view.lastMark) at \(here)")
  }

  mutating func openMoments() {
    guard session.can(.replay), let status = state.snapshot.replay else {
      return warn(SessionCapability.replay.refusal)
    }
    let moments = moments
    guard !moments.isEmpty else {
      let key = state.settings.keys.name(of: .replay(.mark))
      return warn("no events in this recording yet; \(key) sets a mark")
    }
    let present = moments.lastIndex { $0.seconds <= status.position + Self.sameMoment }
    state.view.modal = .moments(selected: present ?? 0)
  }

  mutating func handleInMoments(_ key: Key, selected: Int) -> Outcome {
    let last = max(0, moments.count - 1)
    switch state.settings.keys.action(for: key) {
    case .move(.up): state.view.modal = .moments(selected: max(0, selected - 1))
    case .move(.down): state.view.modal = .moments(selected: min(last, selected + 1))
    case .move(.pageUp): state.view.modal = .moments(selected: max(0, selected - Self.pageLines))
    case .move(.pageDown): state.view.modal = .moments(selected: min(last, selected + Self.pageLines))
    case .move(.first): state.view.modal = .moments(selected: 0)
    case .move(.last): state.view.modal = .moments(selected: last)
    case .choose: goToMoment(selected)
    // Every other key closes the list.
    default: state.view.modal = nil
    }
    return .none
  }

  mutating func goToMoment(_ index: Int) {
    state.view.modal = nil
    guard moments.indices.contains(index) else { return }
    seek(to: moments[index])
  }

  // MARK: The bar

  /// Goes to the place of the bar that the mouse points at.
  mutating func scrub(toColumn x: Int) {
    guard let bar = screen.timeline, let duration = state.snapshot.replay?.duration, bar.width > 1 else { return }
    let share = min(1, max(0, Double(x - bar.x) / Double(bar.width - 1)))
    ask(.seek(to: share * duration))
  }
}

import Ground
import Synchronization

/// What a thread is busy with and since when, for those who watch over it.
final class Heartbeat: Sendable {
  struct Work: Sendable {
    var name: String
    var since: MonotonicTime
  }

  private struct State {
    var work: Work?
    /// The longest that anything took of late, in milliseconds.
    var longest = 0.0
  }

  private let state = Mutex(State())

  /// The thread begins with `name`; what it did before is done.
  func begin(_ name: String) {
    let now = MonotonicTime.now
    state.withLock { state in
      Self.finish(&state, now)
      state.work = Work(name: name, since: now)
    }
  }

  /// The thread is done and rests.
  func end() {
    let now = MonotonicTime.now
    state.withLock { state in
      Self.finish(&state, now)
      state.work = nil
    }
  }

  /// What takes longer than it may: `milliseconds`, and `factor` times the longest of late.
  func stuck(beyond milliseconds: Double, factor: Double = 0) -> Work? {
    let now = MonotonicTime.now
    return state.withLock { state in
      guard let work = state.work, now.milliseconds(since: work.since) > max(milliseconds, factor * state.longest)
      else { return nil }
      return work
    }
  }

  /// Fades, so that one long stall does not make patience endless.
  private static func finish(_ state: inout State, _ now: MonotonicTime) {
    guard let work = state.work else { return }
    state.longest = max(state.longest * 0.9, now.milliseconds(since: work.since))
  }
}

import Ground

/// What the user asked of a file that plays, and where it stands: asked by any thread, carried out by the capture thread.
final class Playback: Sendable {
  /// Somewhere else to go: a moment, then some frames from there.
  struct Move: Sendable {
    /// Seconds from the start; nil for the picture shown last.
    var seconds: Double?
    var frames = 0
  }

  /// What to do next.
  struct Order: Sendable {
    var move: Move?
    var speed: Double
    /// False when one picture is wanted while the file is paused.
    var isPlaying: Bool
  }

  private struct State: Sendable {
    var status: PlaybackStatus
    var move: Move?
    /// One picture is to be delivered although the file is paused.
    var isDue = false
  }

  private let state: Monitor<State>

  init(duration: Double?) {
    state = Monitor(State(status: PlaybackStatus(position: 0, duration: duration, isPlaying: true)))
  }

  var status: PlaybackStatus { state.withLock { $0.status } }

  // MARK: Any thread

  func seek(to seconds: Double) {
    guard !seconds.isNaN else { return }
    state.update { state in
      state.move = Move(seconds: max(0, seconds))
      state.isDue = true
    }
  }

  func step(by frames: Int) {
    state.update { state in
      state.status.isPlaying = false
      var move = state.move ?? Move()
      move.frames = max(-1_000_000, min(1_000_000, move.frames.addingReportingOverflow(frames).partialValue))
      state.move = move
      state.isDue = true
    }
  }

  func setPlaying(_ playing: Bool) { state.update { $0.status.isPlaying = playing } }

  func setSpeed(_ speed: Double) {
    guard speed.isFinite else { return }
    let range = PlaybackStatus.speeds
    state.update { $0.status.speed = max(range.lowerBound, min(range.upperBound, speed)) }
  }

  // MARK: The capture thread

  /// Waits at most `timeout` milliseconds while the file is paused and nothing is asked of it; nil when the time ran out.
  func nextOrder(timeout: Int) -> Order? {
    state.wait(
      timeout: Int64(max(0, timeout)) * 1_000_000, until: { $0.status.isPlaying || $0.isDue },
      then: { state in
        defer { state.move = nil }
        return Order(move: state.move, speed: state.status.speed, isPlaying: state.status.isPlaying)
      })
  }

  /// A picture of this time was delivered.
  func delivered(_ seconds: Double) {
    state.update { state in
      state.status.position = seconds
      // A move that was asked for since then still wants its picture.
      if state.move == nil { state.isDue = false }
    }
  }

  /// There is no picture to deliver: the file is at its end.
  func reachedEnd() {
    state.update { if $0.move == nil { $0.isDue = false } }
  }
}

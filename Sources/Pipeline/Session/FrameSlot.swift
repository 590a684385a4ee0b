import Capture
import Ground

/// The one place between capture and the pipeline: holds at most one frame, and the newest wins.
///
/// Capture never waits here for a live source; a frame that finds another one waiting replaces it, and the replaced one
/// counts as skipped. A source that is not live (a file) waits instead, so that every frame is processed.
final class FrameSlot: Sendable {
  private struct State {
    var frame: Frame?
    var arrived = MonotonicTime(nanoseconds: 0)
    var skipped: UInt64 = 0
    var closed = false
  }

  private let monitor = Monitor(State())

  /// Frames replaced before the pipeline took them.
  var skipped: UInt64 { monitor.withLock { $0.skipped } }

  /// Puts a frame, replacing one that waits. Returns at once. Capture thread only.
  func put(_ frame: Frame) {
    monitor.update { state in
      if state.frame != nil { state.skipped += 1 }
      state.frame = frame
      state.arrived = .now
    }
  }

  /// Puts a frame once the slot is empty; returns early when the slot closes. Capture thread only.
  func putWhenEmpty(_ frame: Frame) {
    _ = monitor.wait(timeout: nil, until: { $0.frame == nil || $0.closed }) { state in
      guard !state.closed else { return }
      state.frame = frame
      state.arrived = .now
    }
  }

  /// Takes the frame, waiting up to `timeout` nanoseconds for one. Pipeline thread only.
  func take(timeout: Int64) -> (frame: Frame, arrived: MonotonicTime)? {
    let taken: (Frame, MonotonicTime)?? = monitor.wait(timeout: timeout, until: { $0.frame != nil || $0.closed }) {
      state in
      guard let frame = state.frame else { return nil }
      state.frame = nil
      return (frame, state.arrived)
    }
    guard case .some(.some(let pair)) = taken else { return nil }
    return (pair.0, pair.1)
  }

  /// Takes the frame that waits, if any, while the pipeline hangs; it counts as skipped. Supervisor's thread only.
  func discardWaiting() -> Frame? {
    monitor.update { state in
      guard let frame = state.frame else { return nil }
      state.frame = nil
      state.skipped += 1
      return frame
    }
  }

  /// No more frames will come; wakes whoever waits.
  func close() { monitor.update { $0.closed = true } }

  /// Whether the slot is closed and drained.
  var isFinished: Bool { monitor.withLock { $0.closed && $0.frame == nil } }
}

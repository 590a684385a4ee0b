import Glibc
import Ground
import Synchronization

/// Shows how far long work is, on standard error when that is a terminal; elsewhere it says nothing.
final class ProgressLine: Sendable {
  private let title: String
  private let isShown = isatty(STDERR_FILENO) == 1
  private let shown = Mutex(MonotonicTime(nanoseconds: 0))

  init(_ title: String) { self.title = title.plainLine }

  /// Shows the share done, 0...1, ten times a second at most.
  func show(_ share: Double) {
    guard isShown else { return }
    let now = MonotonicTime.now
    let isDue = shown.withLock { last in
      guard now.nanoseconds(since: last) > 100_000_000 else { return false }
      last = now
      return true
    }
    if isDue { StandardStreams.writeError("\r\(title) \(Int(saturating: max(0, min(1, share)) * 100)) % ") }
  }

  /// Takes the line away.
  func clear() { if isShown { StandardStreams.writeError("\r\u{1B}[K") } }
}

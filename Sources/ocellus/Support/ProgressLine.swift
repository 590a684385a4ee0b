import Glibc
import Ground
import Synchronization

/// A line on standard error that is rewritten, when that is a terminal; elsewhere it is not written.
final class StatusLine: Sendable {
  let isShown = isatty(STDERR_FILENO) == 1
  private let shown = Mutex(MonotonicTime(nanoseconds: 0))

  /// Writes the line again, ten times a second at most.
  func show(_ text: @autoclosure () -> String) {
    guard isShown else { return }
    let now = MonotonicTime.now
    let isDue = shown.withLock { last in
      guard now.nanoseconds(since: last) > 100_000_000 else { return false }
      last = now
      return true
    }
    if isDue { StandardStreams.writeError("\r\u{1B}[K\(text().plainLine.prefix(columns)) ") }
  }

  /// A longer line would leave its first part behind.
  private var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 2 ? Int(size.ws_col) - 2 : 78
  }

  /// Takes the line away.
  func clear() { if isShown { StandardStreams.writeError("\r\u{1B}[K") } }
}

/// Shows how far long work is.
struct ProgressLine: Sendable {
  private let title: String
  private let line = StatusLine()

  init(_ title: String) { self.title = title }

  /// Shows the share done, 0...1.
  func show(_ share: Double) { line.show("\(title) \(Int(saturating: max(0, min(1, share)) * 100)) %") }

  /// Takes the line away.
  func clear() { line.clear() }
}

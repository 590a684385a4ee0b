import CPosix
import Glibc
package import Ground

/// Moves bytes from ncurses to the terminal.
///
/// ncurses writes into a file in memory; after each update its bytes are taken from there, thinned by a
/// ``ColorSequenceFilter`` and sent without ever blocking. What the terminal does not take stays queued: while anything
/// is queued no new picture is made, so a slow link slows the picture and never the keys.
package final class TerminalOutput {
  /// Where ncurses is to write.
  package let sink: Int32
  private let terminal: Int32
  private var filter = ColorSequenceFilter()
  private var raw: [UInt8] = []
  private var queue: [UInt8] = []
  private var sent = 0
  /// Bytes that the terminal took since the start.
  package private(set) var totalBytes: UInt64 = 0
  /// The terminal is gone (EIO, EPIPE, ENXIO).
  package private(set) var isBroken = false
  /// Whether updates are wrapped so that the terminal shows them at once (DEC mode 2026).
  package var isSynchronised = false

  /// - Parameter terminal: a descriptor of the terminal, non-blocking where possible.
  package init(terminal: Int32) throws(DashboardError) {
    self.terminal = terminal
    sink = ocp_memory_file("ocellus-screen")
    guard sink >= 0 else {
      throw DashboardError(.noTerminal, "cannot buffer the screen: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(sink) }

  /// Bytes in the queue.
  package var pendingBytes: Int { queue.count - sent }

  /// Queues what ncurses wrote since the last call and returns its size after filtering.
  @discardableResult
  package func collect() -> Int {
    let count = Int(lseek(sink, 0, SEEK_CUR))
    guard count > 0 else { return 0 }
    if raw.count < count { raw = [UInt8](repeating: 0, count: count) }
    let read = raw.withUnsafeMutableBytes { pread(sink, $0.baseAddress, count, 0) }
    lseek(sink, 0, SEEK_SET)
    guard read > 0 else { return 0 }
    compact()
    let before = queue.count
    if isSynchronised { queue.append(contentsOf: Self.beginUpdate) }
    raw.withUnsafeBytes { filter.process(UnsafeRawBufferPointer(rebasing: $0[0..<read]), into: &queue) }
    if isSynchronised { queue.append(contentsOf: Self.endUpdate) }
    return queue.count - before
  }

  /// Queues bytes that do not come from ncurses.
  package func send(_ text: String) {
    compact()
    queue.append(contentsOf: text.utf8)
  }

  /// Writes as much as the terminal takes now.
  package func drain() {
    while sent < queue.count, !isBroken {
      let written = queue.withUnsafeBytes { write(terminal, $0.baseAddress.map { $0 + sent }, queue.count - sent) }
      if written > 0 {
        sent += written
        totalBytes += UInt64(written)
      } else if errno == EINTR {
        continue
      } else if errno == EAGAIN {
        return
      } else {
        isBroken = true
      }
    }
    compact()
  }

  /// Writes for at most `milliseconds`: for the last bytes at the end.
  package func drain(within milliseconds: Int) {
    var left = milliseconds
    drain()
    while pendingBytes > 0, !isBroken, left > 0 {
      var ready = pollfd(fd: terminal, events: Int16(POLLOUT), revents: 0)
      _ = poll(&ready, 1, 20)
      left -= 20
      drain()
    }
  }

  /// Drops queued bytes, and the memory of the terminal's colours.
  package func discard() {
    queue.removeAll(keepingCapacity: true)
    sent = 0
    filter = ColorSequenceFilter()
  }

  private func compact() {
    guard sent == queue.count else { return }
    queue.removeAll(keepingCapacity: true)
    sent = 0
  }

  private static let beginUpdate = Array("\u{1B}[?2026h".utf8)
  private static let endUpdate = Array("\u{1B}[?2026l".utf8)
}

import CPosix
import Glibc

/// Wakes the main loop when another thread has something new to show (eventfd(2)).
///
/// Any thread may ring; several rings before ``hear()`` count as one.
package final class Bell: Sendable {
  /// Readable after a ring until ``hear()``; -1 where the system has no descriptor left, and then rings have no effect.
  let descriptor = ocp_bell()

  package init() {}

  package func ring() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  /// Whether it has rung since the last call.
  package func hear() -> Bool {
    var rings: UInt64 = 0
    return read(descriptor, &rings, MemoryLayout<UInt64>.size) == MemoryLayout<UInt64>.size
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }
}

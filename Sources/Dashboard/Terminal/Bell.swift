internal import CPosix
internal import Glibc

/// Wakes the dashboard out of its sleep when another thread has something new to show (eventfd(2)).
///
/// Any thread may ring; rings that nobody has heard yet count as one.
package final class Bell: Sendable {
  /// Readable while a ring has not been heard; -1 where the system gives none, and then rings go unheard.
  let descriptor = ocp_bell()

  package init() {}

  package func ring() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  /// Whether it has rung since it was last heard.
  package func hear() -> Bool {
    var rings: UInt64 = 0
    return read(descriptor, &rings, MemoryLayout<UInt64>.size) == MemoryLayout<UInt64>.size
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }
}

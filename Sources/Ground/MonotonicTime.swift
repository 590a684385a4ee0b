import Glibc

/// A moment on the machine's monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds.
///
/// It is the only clock of the flow: V4L2 stamps buffers with it, and every latency and age is a difference of two such
/// moments. It does not jump when the wall clock is set.
public struct MonotonicTime: Sendable, Hashable, Comparable, Codable {
  /// Nanoseconds since an unspecified start (the boot, on Linux).
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The present moment.
  public static var now: MonotonicTime {
    var value = timespec()
    clock_gettime(CLOCK_MONOTONIC, &value)
    return MonotonicTime(nanoseconds: Int64(value.tv_sec) * 1_000_000_000 + Int64(value.tv_nsec))
  }

  /// Nanoseconds from `earlier` to this moment; negative if `earlier` is later (some drivers stamp the future).
  public func nanoseconds(since earlier: MonotonicTime) -> Int64 { nanoseconds &- earlier.nanoseconds }

  /// Milliseconds from `earlier` to this moment.
  public func milliseconds(since earlier: MonotonicTime) -> Double { Double(nanoseconds(since: earlier)) / 1e6 }

  /// The moment `milliseconds` later.
  public func advanced(milliseconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: nanoseconds &+ Int64(saturating: milliseconds * 1e6))
  }

  public static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.nanoseconds < b.nanoseconds }
}

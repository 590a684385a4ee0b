import Glibc
public import Ground

/// Turns the flow's monotonic moments into wall-clock times, by the difference between the clocks when it was made: within
/// a file time does not jump.
public struct WallClock: Sendable {
  /// Nanoseconds to add to a monotonic moment.
  public let offset: Int64

  /// - Parameter offset: nanoseconds to add to a monotonic moment.
  public init(offset: Int64) { self.offset = offset }

  /// By the present difference between the clocks.
  public static var now: WallClock {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    let nanoseconds = Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
    return WallClock(offset: nanoseconds - MonotonicTime.now.nanoseconds)
  }

  /// Nanoseconds since 1970; 0 for moments before.
  public func wall(_ moment: MonotonicTime) -> UInt64 { UInt64(max(0, moment.nanoseconds &+ offset)) }
}

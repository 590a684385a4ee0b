package import Ground

/// When the next picture may be drawn: not above a rate, yet every picture of a camera that runs at that very rate.
///
/// Dues lie on a grid, so that a picture drawn late does not put off all after it; a source slower than the rate is drawn
/// as it comes.
package struct PicturePace: Sendable {
  private var due = MonotonicTime(nanoseconds: 0)

  package init() {}

  /// Milliseconds until a picture may be drawn; none or less than none: now.
  package func milliseconds(untilDueFrom now: MonotonicTime) -> Double { due.milliseconds(since: now) }

  package func isDue(_ now: MonotonicTime) -> Bool { due <= now }

  /// Tells of a picture drawn just now.
  ///
  /// - Parameter period: milliseconds between pictures at least, on average; two may come as near as half of it.
  package mutating func drew(now: MonotonicTime, period: Double) {
    let nanoseconds = Int64(period * 1_000_000)
    due = MonotonicTime(
      nanoseconds: max(due.nanoseconds + nanoseconds, now.nanoseconds + nanoseconds / 2))
  }
}

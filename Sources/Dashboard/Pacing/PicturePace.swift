package import Ground

/// Decides when the next picture may be drawn: not above a rate, but every picture of a camera that runs at that rate.
///
/// Due times lie on a grid, so that a late picture does not delay all later ones; pictures of a slower source are drawn as
/// they arrive.
package struct PicturePace: Sendable {
  private var due = MonotonicTime(nanoseconds: 0)

  package init() {}

  /// Milliseconds until a picture may be drawn; zero or negative: now.
  package func milliseconds(untilDueFrom now: MonotonicTime) -> Double { due.milliseconds(since: now) }

  package func isDue(_ now: MonotonicTime) -> Bool { due <= now }

  /// Records that a picture was drawn.
  ///
  /// - Parameter period: least milliseconds between pictures on average; two may follow each other after half of it.
  package mutating func recordFrame(now: MonotonicTime, period: Double) {
    let nanoseconds = Int64(saturating: period * 1_000_000)
    due = MonotonicTime(
      nanoseconds: max(due.nanoseconds + nanoseconds, now.nanoseconds + nanoseconds / 2))
  }
}

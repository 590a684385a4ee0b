import Ground

/// Growing pauses between attempts to get something back: a camera, a stream.
struct Backoff {
  /// Milliseconds before each attempt; the last one repeats.
  private let pauses: [Double]
  private var attempt = 0
  private var next: MonotonicTime

  /// The first attempt is due after the first pause, counted from `now`.
  init(pauses: [Double], now: MonotonicTime) {
    self.pauses = pauses
    next = now
    postpone(from: now)
  }

  /// Milliseconds until the next attempt is due; not positive when it is.
  func wait(at now: MonotonicTime) -> Double { next.milliseconds(since: now) }

  /// Puts the next attempt off by the next pause, counted from `now`.
  mutating func postpone(from now: MonotonicTime) {
    let milliseconds = pauses.isEmpty ? 0 : pauses[min(attempt, pauses.count - 1)]
    attempt += 1
    next = now.advanced(milliseconds: milliseconds)
  }
}

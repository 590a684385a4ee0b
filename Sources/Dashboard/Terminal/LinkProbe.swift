package import Ground

/// Measures the way to the terminal and back: asks it for its status (DSR) and times the answer.
///
/// Over SSH the terminal's own buffers take megabytes before anything seems slow here; the answer comes only after all
/// that was sent before is on the screen, so it tells how old the screen really is.
package struct LinkProbe: Sendable {
  private static let pauseMilliseconds = 1000.0
  private var asked: MonotonicTime?
  private var last: MonotonicTime
  private var isUseless = false
  /// The newest measurement, in milliseconds.
  package private(set) var roundTrip: Double?

  package init(now: MonotonicTime) { last = now }

  /// Whether an answer is still to come.
  package var isWaiting: Bool { asked != nil }

  /// The query to send now, if it is time for one.
  package mutating func query(now: MonotonicTime) -> String? {
    guard asked == nil, !isUseless, now.milliseconds(since: last) >= Self.pauseMilliseconds else { return nil }
    asked = now
    return "\u{1B}[5n"
  }

  /// Takes the answer; returns the milliseconds it took.
  package mutating func answered(now: MonotonicTime) -> Double? {
    guard let asked else { return nil }
    let milliseconds = now.milliseconds(since: asked)
    self.asked = nil
    last = now
    roundTrip = milliseconds
    return milliseconds
  }

  /// How long the answer is overdue, in milliseconds: a jam that is going on.
  package func waiting(now: MonotonicTime) -> Double { asked.map { now.milliseconds(since: $0) } ?? 0 }

  /// Ends the asking: a terminal that has never answered will not.
  package mutating func giveUpIfSilent(now: MonotonicTime) {
    if roundTrip == nil, waiting(now: now) > 10_000 {
      asked = nil
      isUseless = true
    }
  }
}

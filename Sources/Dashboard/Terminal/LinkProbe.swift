package import Ground

/// Measures the way to the terminal and back: asks it for its status (DSR) and times the answer.
///
/// Over SSH the terminal's own buffers take megabytes before anything seems slow here; the answer comes only after all
/// that was sent before is on the screen, so it tells how old the screen really is.
package struct LinkProbe: Sendable {
  private static let pauseMilliseconds = 500.0
  /// An answer is overdue when it takes this much longer than twice the shortest one ever, in milliseconds.
  private static let allowance = 300.0
  private static let patience = 2000.0
  private var asked: MonotonicTime?
  private var last: MonotonicTime
  private var isUseless = false
  /// The newest measurement, in milliseconds.
  package private(set) var roundTrip: Double?
  private var shortest = Double.infinity

  /// The first query is due at once.
  package init(now: MonotonicTime) {
    last = MonotonicTime(nanoseconds: now.nanoseconds - Int64(Self.pauseMilliseconds * 1e6))
  }

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
    shortest = min(shortest, milliseconds)
    return milliseconds
  }

  /// How long the answer is overdue, in milliseconds: a jam that is going on.
  package func waiting(now: MonotonicTime) -> Double { asked.map { now.milliseconds(since: $0) } ?? 0 }

  /// Whether what was sent must still be on its way: more would only make the screen older.
  ///
  /// Before the first answer nothing is known of the link; it is given some time, but not so much that a terminal which
  /// never answers is left without pictures.
  package func isOverdue(now: MonotonicTime) -> Bool {
    let waiting = waiting(now: now)
    guard shortest.isFinite else { return waiting > Self.allowance && waiting < Self.patience }
    return waiting > shortest * 2 + Self.allowance
  }

  /// An answer came, or none ever will.
  package var isKnown: Bool { isUseless || roundTrip != nil }

  /// Ends the asking: a terminal that has never answered will not.
  package mutating func giveUpIfSilent(now: MonotonicTime) {
    if roundTrip == nil, waiting(now: now) > 10_000 {
      asked = nil
      isUseless = true
    }
  }
}

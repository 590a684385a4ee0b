package import Ground

/// Measures the round trip to the terminal: queries its status (DSR) and times the answer.
///
/// Over SSH, buffers accept megabytes before writes become slow. The answer comes only after everything sent before is on
/// the screen, so it shows the real age of the screen.
package struct LinkProbe: Sendable {
  private static let pauseMilliseconds = 500.0
  /// An answer is overdue when it takes this much longer than twice the shortest one, in milliseconds.
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
    last = MonotonicTime(nanoseconds: now.nanoseconds - Int64(saturating: Self.pauseMilliseconds * 1e6))
  }

  /// Whether an answer is still to come.
  package var isWaiting: Bool { asked != nil }

  /// The query to send now, if it is time for one.
  package mutating func query(now: MonotonicTime) -> String? {
    guard asked == nil, !isUseless, now.milliseconds(since: last) >= Self.pauseMilliseconds else { return nil }
    asked = now
    return "\u{1B}[5n"
  }

  /// Records the answer; returns its round trip in milliseconds.
  package mutating func recordAnswer(now: MonotonicTime) -> Double? {
    guard let asked else { return nil }
    let milliseconds = now.milliseconds(since: asked)
    self.asked = nil
    last = now
    roundTrip = milliseconds
    shortest = min(shortest, milliseconds)
    return milliseconds
  }

  /// How long the present query has been waiting, in milliseconds.
  package func waiting(now: MonotonicTime) -> Double { asked.map { now.milliseconds(since: $0) } ?? 0 }

  /// Whether earlier bytes must still be on their way, so that more would only delay the screen.
  ///
  /// Before the first answer it reports true for a limited time only, so that a terminal that never answers gets pictures.
  package func isOverdue(now: MonotonicTime) -> Bool {
    let waiting = waiting(now: now)
    guard shortest.isFinite else { return waiting > Self.allowance && waiting < Self.patience }
    return waiting > shortest * 2 + Self.allowance
  }

  /// An answer came, or the terminal does not answer.
  package var isKnown: Bool { isUseless || roundTrip != nil }

  /// Stops the queries when the terminal has not answered the first one for ten seconds.
  package mutating func giveUpIfSilent(now: MonotonicTime) {
    if roundTrip == nil, waiting(now: now) > 10_000 {
      asked = nil
      isUseless = true
    }
  }
}

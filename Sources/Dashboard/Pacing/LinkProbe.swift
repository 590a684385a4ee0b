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
  /// After so long without an answer the terminal is asked again, in milliseconds: the answer may be lost.
  private static let lossPatience = 3000.0
  /// When the oldest query that is not answered was sent.
  private var asked: MonotonicTime?
  /// Queries since ``asked``.
  private var outstanding = 0
  /// When the next query may be sent.
  private var nextQuery: MonotonicTime
  private var isUseless = false
  /// The newest measurement, in milliseconds.
  package private(set) var roundTrip: Double?
  private var shortest = Double.infinity

  /// The first query is due at once.
  package init(now: MonotonicTime) {
    nextQuery = now
  }

  /// Whether an answer is still to come.
  package var isWaiting: Bool { asked != nil }

  /// The query to send now, if it is time for one.
  package mutating func query(now: MonotonicTime) -> String? {
    guard !isUseless, now >= nextQuery else { return nil }
    if asked == nil { asked = now }
    outstanding += 1
    nextQuery = now.advanced(milliseconds: shortest.isFinite ? max(Self.lossPatience, shortest * 3) : Self.lossPatience)
    return "\u{1B}[5n"
  }

  /// Records the answer; returns its round trip in milliseconds, or nil when several queries are out: the
  /// terminal does not say which of them it answers.
  package mutating func recordAnswer(now: MonotonicTime) -> Double? {
    guard let asked else { return nil }
    let isCertain = outstanding == 1
    self.asked = nil
    outstanding = 0
    // Time for the other answers to come, which would be taken for answers to the next query.
    nextQuery = now.advanced(milliseconds: isCertain ? Self.pauseMilliseconds : Self.lossPatience)
    let milliseconds = now.milliseconds(since: asked)
    guard isCertain || roundTrip == nil else { return nil }
    roundTrip = milliseconds
    shortest = min(shortest, milliseconds)
    return milliseconds
  }

  /// How long the oldest query without an answer has been waiting, in milliseconds.
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

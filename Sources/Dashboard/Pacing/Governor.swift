package import Ground

/// Keeps the bytes sent to the terminal within a budget, or within the capacity of the link.
///
/// A token bucket limits the bytes: no picture is drawn while it is overdrawn, and none changes more cells than there are
/// bytes for; the next pictures change the rest. In addition, a ladder of cheaper drawings makes good use of the budget:
/// first fewer pictures and a larger tolerance, then ASCII characters.
package struct Governor: Sendable {
  /// One rung of the ladder.
  package struct Rung: Sendable, Equatable {
    package var rate: Double
    /// Added to the user's tolerance.
    package var tolerance: Int
    package var isASCII = false
  }

  package static let ladder: [Rung] = [
    Rung(rate: 60, tolerance: 0), Rung(rate: 20, tolerance: 2), Rung(rate: 15, tolerance: 4),
    Rung(rate: 12, tolerance: 8), Rung(rate: 10, tolerance: 12), Rung(rate: 8, tolerance: 18),
    Rung(rate: 6, tolerance: 26), Rung(rate: 4, tolerance: 34), Rung(rate: 6, tolerance: 20, isASCII: true),
    Rung(rate: 3, tolerance: 28, isASCII: true), Rung(rate: 1, tolerance: 28, isASCII: true),
  ]

  /// A terminal that takes longer for a picture is slow, in milliseconds.
  private static let slowTaking = 60.0
  /// Shortest time between two counts of a hold, in milliseconds.
  private static let heldPeriod = 50.0

  /// Share of the budget that is used; the rest allows for errors of the estimates.
  private static let used = 0.75
  /// Time constant of starvation, in seconds.
  private static let memory = 0.3
  /// Capacity of the bucket, in seconds of the budget.
  private static let saved = 0.04
  /// Bytes of one picture while the capacity of the link is unknown, or known to be low.
  private static let carefulBytes = 32_000.0
  /// Bytes per second; nil: as the link allows.
  package var budget: Double?
  package private(set) var level = 0
  private var tokens = 0.0
  private var refilled: MonotonicTime
  private var lastChange: MonotonicTime
  private var averageBytes = 0.0
  private var averageInterval = 33.0
  private var lastDrawn: MonotonicTime
  /// Recent share of pictures for which the bucket was empty or that were cut: 0...1.
  private var starvation = 0.0
  /// Bytes of a changed cell, smoothed.
  private var bytesPerCell = 28.0
  private var congestion = 0.0
  private var lastHeld: MonotonicTime
  /// The shortest round trip measured so far, in milliseconds.
  private var shortestRoundTrip = Double.infinity

  package init(budget: Double?, now: MonotonicTime) {
    self.budget = budget
    refilled = now
    lastChange = now
    lastDrawn = now
    lastHeld = now
    tokens = (budget ?? 0) * Self.saved
  }

  package var rung: Rung { Self.ladder[level] }
  package var isCongested: Bool { congestion > 0.3 }

  /// Whether a picture may be drawn now.
  package mutating func allowsFrame(now: MonotonicTime) -> Bool {
    guard let budget else { return true }
    let seconds = min(1, max(0, now.milliseconds(since: refilled) / 1000))
    refilled = now
    tokens = min(budget * Self.saved, tokens + budget * Self.used * seconds)
    starvation += ((tokens > 0 ? 0 : 1) - starvation) * min(1, seconds / Self.memory)
    adapt(now)
    return tokens > 0
  }

  /// The most cells that the next picture may change.
  ///
  /// - Parameter linkIsKnown: the terminal has answered a query, or never answers.
  package func mostCells(linkIsKnown: Bool) -> Int {
    let bytes: Double
    if let budget {
      bytes = max(budget / 40, min(tokens, budget / 12))
    } else if linkIsKnown, level == 0 {
      return .max
    } else {
      bytes = Self.carefulBytes
    }
    return max(40, Int(saturating: bytes / bytesPerCell))
  }

  /// Records the cost of a screen.
  ///
  /// - Parameters:
  ///   - cells: how many of the picture's cells changed.
  ///   - wasCut: a limit kept more cells from changing.
  package mutating func recordFrame(bytes: Int, cells: Int = 0, wasCut: Bool = false, now: MonotonicTime) {
    tokens -= Double(bytes)
    if cells > 50 { bytesPerCell += (min(60, max(2, Double(bytes) / Double(cells))) - bytesPerCell) * 0.2 }
    if wasCut { starvation += (1 - starvation) * 0.08 }
    averageBytes += (Double(bytes) - averageBytes) * 0.15
    averageInterval += (min(2000, now.milliseconds(since: lastDrawn)) - averageInterval) * 0.15
    lastDrawn = now
    adapt(now)
  }

  /// Records how long the terminal took to accept all bytes of a screen. Its buffer holds only a few kilobytes, so a few
  /// milliseconds do not indicate a slow link.
  package mutating func recordDelivery(after milliseconds: Double, now: MonotonicTime) {
    congestion += ((milliseconds > Self.slowTaking ? 1 : 0) - congestion) * 0.1
    adapt(now)
  }

  /// Records that a picture is due while the terminal has not accepted or not shown the previous one. May be called at any
  /// rate.
  package mutating func recordHold(now: MonotonicTime) {
    guard now.milliseconds(since: lastHeld) >= Self.heldPeriod else { return }
    lastHeld = now
    congestion += (1 - congestion) * 0.08
    adapt(now)
  }

  /// Records how long the terminal took to answer a query.
  package mutating func recordAnswer(milliseconds: Double, now: MonotonicTime) {
    shortestRoundTrip = min(shortestRoundTrip, milliseconds)
    if milliseconds > shortestRoundTrip * 2 + 250 { congestion += (1 - congestion) * 0.5 }
    adapt(now)
  }

  private mutating func adapt(_ now: MonotonicTime) {
    let since = now.milliseconds(since: lastChange)
    let present = averageBytes * 1000 / max(1, averageInterval)
    let isTooMuch = isCongested || (budget != nil && starvation > 0.3)
    let isLittle = budget.map { present < $0 * 0.45 && starvation < 0.05 && congestion < 0.03 } ?? (congestion < 0.03)
    if isTooMuch, since > 700, level < Self.ladder.count - 1 {
      step(1, now)
    } else if isLittle, since > 4000, level > 0 {
      step(-1, now)
    }
  }

  private mutating func step(_ by: Int, _ now: MonotonicTime) {
    level += by
    lastChange = now
    congestion *= 0.5
    starvation *= 0.5
  }
}

package import Ground

/// Holds what the screen costs on the wire within a budget, or within what the link takes.
///
/// A token bucket bounds the bytes for certain: no picture is made while it is overdrawn. Beside it a ladder of ever
/// cheaper drawings makes the most of the budget: first fewer pictures and a larger tolerance, then coarser colours, then
/// characters.
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

  /// Bytes a second; nil: as the link allows.
  package var budget: Double?
  package private(set) var level = 0
  private var tokens = 0.0
  private var refilled: MonotonicTime
  private var lastChange: MonotonicTime
  private var averageBytes = 0.0
  private var averageInterval = 33.0
  private var lastDrawn: MonotonicTime
  /// How often the bucket was empty of late, 0...1.
  private var starvation = 0.0
  private var congestion = 0.0
  /// The shortest way to the terminal and back that was ever measured, in milliseconds.
  private var shortestRoundTrip = Double.infinity

  package init(budget: Double?, now: MonotonicTime) {
    self.budget = budget
    refilled = now
    lastChange = now
    lastDrawn = now
    tokens = (budget ?? 0) / 4
  }

  package var rung: Rung { Self.ladder[level] }
  package var isCongested: Bool { congestion > 0.3 }

  /// Whether a picture may be made now.
  package mutating func allowsFrame(now: MonotonicTime) -> Bool {
    guard let budget else { return true }
    let seconds = min(1, max(0, now.milliseconds(since: refilled) / 1000))
    refilled = now
    tokens = min(budget / 4, tokens + budget * seconds)
    starvation += ((tokens > 0 ? 0 : 1) - starvation) * 0.04
    adapt(now)
    return tokens > 0
  }

  /// Tells what a picture came to, and whether the terminal had taken all of the one before in time.
  package mutating func drew(bytes: Int, wasWaiting: Bool, now: MonotonicTime) {
    tokens -= Double(bytes)
    averageBytes += (Double(bytes) - averageBytes) * 0.15
    averageInterval += (min(2000, now.milliseconds(since: lastDrawn)) - averageInterval) * 0.15
    lastDrawn = now
    congestion += ((wasWaiting ? 1 : 0) - congestion) * 0.1
    adapt(now)
  }

  /// Tells that a picture was due but the terminal still had bytes to take.
  package mutating func held(now: MonotonicTime) {
    congestion += (1 - congestion) * 0.05
    adapt(now)
  }

  /// Tells how long the terminal took to answer.
  package mutating func answered(milliseconds: Double, now: MonotonicTime) {
    shortestRoundTrip = min(shortestRoundTrip, milliseconds)
    if milliseconds > shortestRoundTrip * 2 + 250 { congestion += (1 - congestion) * 0.5 }
    adapt(now)
  }

  private mutating func adapt(_ now: MonotonicTime) {
    let since = now.milliseconds(since: lastChange)
    let present = averageBytes * 1000 / max(1, averageInterval)
    let isTooMuch = budget == nil ? isCongested : starvation > 0.3
    let isLittle = budget.map { present < $0 * 0.45 && starvation < 0.05 } ?? (congestion < 0.03)
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

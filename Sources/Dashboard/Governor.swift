package import Ground

/// Holds what the screen costs on the wire within a budget, or within what the link takes.
///
/// A token bucket bounds the bytes for certain: no picture is made while it is overdrawn, and none changes more cells than
/// there are bytes for; the rest follows with the next ones. Beside it a ladder of ever cheaper drawings makes the most of
/// the budget: first fewer pictures and a larger tolerance, then characters.
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

  /// Milliseconds above which the terminal is slow to take a picture.
  private static let slowTaking = 60.0
  /// Milliseconds between two counts of the same waiting.
  private static let heldPeriod = 50.0

  /// Share of the budget that is given out: what an estimate is off must not break it.
  private static let used = 0.75
  /// Seconds over which an empty bucket is remembered.
  private static let memory = 0.3
  /// Share of a second's budget that can be saved up.
  private static let saved = 0.04
  /// Bytes that one picture may cost while it is not known what the link takes, or known that it takes little.
  private static let carefulBytes = 32_000.0
  /// Bytes a second; nil: as the link allows.
  package var budget: Double?
  package private(set) var level = 0
  private var tokens = 0.0
  private var refilled: MonotonicTime
  private var lastChange: MonotonicTime
  private var averageBytes = 0.0
  private var averageInterval = 33.0
  private var lastDrawn: MonotonicTime
  /// How often the bucket was empty, or a picture had to be cut short, of late: 0...1.
  private var starvation = 0.0
  /// What a changed cell costs, smoothed.
  private var bytesPerCell = 28.0
  private var congestion = 0.0
  private var lastHeld: MonotonicTime
  /// The shortest way to the terminal and back that was ever measured, in milliseconds.
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

  /// Whether a picture may be made now.
  package mutating func allowsFrame(now: MonotonicTime) -> Bool {
    guard let budget else { return true }
    let seconds = min(1, max(0, now.milliseconds(since: refilled) / 1000))
    refilled = now
    tokens = min(budget * Self.saved, tokens + budget * Self.used * seconds)
    starvation += ((tokens > 0 ? 0 : 1) - starvation) * min(1, seconds / Self.memory)
    adapt(now)
    return tokens > 0
  }

  /// How many cells the next picture may change.
  ///
  /// - Parameter linkIsKnown: the terminal has answered, or never will.
  package func mostCells(linkIsKnown: Bool) -> Int {
    let bytes: Double
    if let budget {
      bytes = max(budget / 40, min(tokens, budget / 12))
    } else if linkIsKnown, level == 0 {
      return .max
    } else {
      bytes = Self.carefulBytes
    }
    return max(40, Int(bytes / bytesPerCell))
  }

  /// Tells what a picture came to.
  ///
  /// - Parameters:
  ///   - cells: how many of the picture's cells changed.
  ///   - wasCut: more would have changed had it been allowed.
  package mutating func drew(bytes: Int, cells: Int = 0, wasCut: Bool = false, now: MonotonicTime) {
    tokens -= Double(bytes)
    if cells > 50 { bytesPerCell += (min(60, max(2, Double(bytes) / Double(cells))) - bytesPerCell) * 0.2 }
    if wasCut { starvation += (1 - starvation) * 0.08 }
    averageBytes += (Double(bytes) - averageBytes) * 0.15
    averageInterval += (min(2000, now.milliseconds(since: lastDrawn)) - averageInterval) * 0.15
    lastDrawn = now
    adapt(now)
  }

  /// Tells how long the terminal took to take all bytes of a picture. Its buffer holds a few kilobytes only, so that some
  /// milliseconds are no sign of a slow link.
  package mutating func taken(after milliseconds: Double, now: MonotonicTime) {
    congestion += ((milliseconds > Self.slowTaking ? 1 : 0) - congestion) * 0.1
    adapt(now)
  }

  /// Tells that a picture is due but the terminal has not taken the one before, or not shown it. May be called at any rate.
  package mutating func held(now: MonotonicTime) {
    guard now.milliseconds(since: lastHeld) >= Self.heldPeriod else { return }
    lastHeld = now
    congestion += (1 - congestion) * 0.08
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

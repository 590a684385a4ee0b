import CVideo4Linux
import Ground

/// Widens the driver's 32-bit frame numbers and counts what is missing between them.
struct FrameSequence {
  private var last: UInt32?
  /// Numbers go on across restarts of the stream, so that none is seen twice.
  private(set) var number: UInt64 = 0
  /// Frames lost by the driver so far.
  private(set) var drops: UInt64 = 0

  /// The next frame's 64-bit number. A gap counts as drops, apart from the `seen` frames that did arrive and were
  /// passed over or damaged; a number that goes back (a restart, a driver that always says 0) counts as none, and so
  /// does a gap of more frames than there can have been (`atMost`).
  mutating func advance(to sequence: UInt32, seen: UInt64, atMost: UInt64 = .max) -> UInt64 {
    let step: UInt64
    if let last {
      let forward = sequence &- last
      let isBelieved = (1...0x7FFF_FFFF).contains(forward) && UInt64(forward) <= max(atMost, seen + 1)
      step = isBelieved ? UInt64(forward) : seen + 1
    } else {
      step = 1
    }
    last = sequence
    if step > seen + 1 { drops += step - 1 - seen }
    number += step
    return number
  }

  /// The stream restarts: the next number is not a gap.
  mutating func restart() { last = nil }
}

/// Turns a buffer's timestamp into a moment of the monotonic clock that can be believed.
struct TimestampFilter {
  private var last: Int64 = 0

  /// - Returns: the driver's time where it is on the monotonic clock, after the last one, not of the future and not older
  ///   than ten seconds; else `now`, when the buffer was taken.
  mutating func moment(_ filled: BufferRing.Filled, now: MonotonicTime) -> MonotonicTime {
    let isMonotonic =
      filled.flags & UInt32(V4L2_BUF_FLAG_TIMESTAMP_MASK) == UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
    let age = now.nanoseconds &- filled.timestamp
    // Some drivers stamp when the frame will be shown, a little ahead: that is "now".
    let isPlausible = isMonotonic && filled.timestamp > last && age > -1_000_000_000 && age < 10_000_000_000
    let moment = isPlausible ? min(filled.timestamp, now.nanoseconds) : now.nanoseconds
    last = max(last, moment)
    return MonotonicTime(nanoseconds: moment)
  }
}

/// The time between frames as it really is, for timeouts in frame periods.
///
/// A webcam in the dark halves its rate, so the nominal period would raise false alarms.
struct FramePeriod {
  /// Nanoseconds.
  private(set) var period: Double
  private let nominal: Double
  private var last: MonotonicTime?

  init(framesPerSecond: Double) {
    nominal = 1e9 / (framesPerSecond > 0 ? framesPerSecond : 15)
    period = nominal
  }

  mutating func arrived(_ now: MonotonicTime) {
    if let last {
      let interval = Double(now.nanoseconds(since: last))
      // Rises at once to a slower rate, falls slowly: one quick frame after a stall is not a quicker camera.
      if interval < 2e9 { period = max(nominal, interval > period ? interval : period * 0.9 + interval * 0.1) }
    }
    last = now
  }

  /// The most frames that a camera can have taken since the last one: four times its nominal rate, and some to spare.
  func framesPossible(until now: MonotonicTime) -> UInt64 {
    guard let last else { return .max }
    return UInt64(saturating: max(0, Double(now.nanoseconds(since: last))) / nominal * 4) + 64
  }

  /// `count` periods, but at least `least` milliseconds, in milliseconds.
  func periods(_ count: Double, atLeast least: Double) -> Double { max(least, count * period / 1e6) }
}

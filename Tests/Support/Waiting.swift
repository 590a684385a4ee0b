import Ground

/// Waits until `condition` holds, and returns whether it did within `seconds`.
///
/// The deadline only keeps a broken test from hanging; it is generous, so that a busy machine does not decide the
/// outcome. Tests wait with this for what they need, and never for a length of time in which it usually happens.
@discardableResult
public func eventually(
  within seconds: Double = 60, every milliseconds: Int = 5, _ condition: () throws -> Bool
) rethrows -> Bool {
  let start = MonotonicTime.now
  while try !condition() {
    guard MonotonicTime.now.milliseconds(since: start) < seconds * 1000 else { return try condition() }
    pass(Int64(milliseconds) * 1_000_000)
  }
  return true
}

/// Lets `nanoseconds` pass: the time that a scripted camera or network takes, never the time that a test waits.
public func pass(_ nanoseconds: Int64) {
  _ = Monitor(false).wait(timeout: nanoseconds, until: { $0 }, then: { _ in })
}

import Ground

/// Holds frames of a file back until their time has come, so that it plays at its own rate.
struct FramePacer {
  private let system: any SystemCalls
  private var speed = 1.0
  private var start: (moment: MonotonicTime, media: Double)?

  init(system: any SystemCalls) { self.system = system }

  /// Waits at most `timeout` milliseconds for the moment of `media` (seconds). Whether it has come.
  ///
  /// The first frame is due at once, and so is the first at another speed. After a pause of the consumer's, or a seek, playing goes on from the frame at hand:
  /// nothing is hurried through to catch up.
  mutating func isDue(_ media: Double, speed: Double = 1, timeout: Int) -> Bool {
    if speed != self.speed { restart() }
    self.speed = speed
    let now = system.now
    guard let begun = start else {
      start = (now, media)
      return true
    }
    // Rates come from files and flags, and may put the next frame into the next century.
    let due = begun.moment.nanoseconds + Int64(saturating: max(-1e9, min(1e9, (media - begun.media) / speed)) * 1e9)
    let wait = due - now.nanoseconds
    if wait < -500_000_000 || wait > 60_000_000_000 {
      start = (now, media)
      return true
    }
    guard wait > 0 else { return true }
    let milliseconds = Int((wait + 999_999) / 1_000_000)
    system.sleep(milliseconds: min(timeout, milliseconds))
    return milliseconds <= timeout
  }

  /// The next frame is due at once, whatever its time.
  mutating func restart() { start = nil }
}

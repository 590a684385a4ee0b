import Ground

/// Gives the pictures of a file, a folder or a recording times of their own: whatever measures the time between two pictures
/// sees the same played fast, slowed down, stepped through or at the media's pace.
///
/// The first picture's time is the present moment, so that recordings made of a file are dated. From there on only the media
/// counts. Times always grow: pictures that claim an earlier time than the one before follow it by a nanosecond. One thread.
package struct MediaClock: Sendable {
  /// What comes before the next picture.
  private enum Break {
    case none
    /// The media starts over, and goes on as if it were longer.
    case lap
    /// The media goes on from somewhere else.
    case jump
  }

  /// Files may claim any time: seconds of media and of a period that are believed, and the last nanosecond that is reached.
  private static let longest = 1e9
  private static let longestPeriod = 1000.0
  private static let end: Int64 = 1 << 62

  private var pending = Break.none
  /// The time of the media's second 0, and of the last picture; nil before the first.
  private var run: (anchor: Int64, last: Int64)?
  private var timeline: UInt64 = 0

  package init() {}

  /// The next picture is the media's first again, and follows the one before by a period.
  package mutating func beginLap() { if pending == .none { pending = .lap } }

  /// The next picture does not follow the one before: the user went somewhere else.
  package mutating func jump() { pending = .jump }

  /// Sets a frame's ``Frame/timestamp``, ``Frame/mediaTime`` and ``Frame/timeline``.
  ///
  /// - Parameters:
  ///   - seconds: of the picture, from the media's start.
  ///   - period: seconds between two pictures, for pictures that follow another run of the media.
  package mutating func stamp(_ frame: inout Frame, seconds: Double, period: Double) {
    let media = Self.nanoseconds(seconds)
    let time: Int64
    if let run {
      switch pending {
      case .none: time = max(min(run.anchor &+ media, Self.end), run.last &+ 1)
      case .lap, .jump: time = run.last &+ max(1, Self.nanoseconds(min(period, Self.longestPeriod)))
      }
      self.run = (pending == .none ? run.anchor : time &- media, time)
    } else {
      time = frame.captured.nanoseconds
      run = (time &- media, time)
    }
    if pending == .jump { timeline &+= 1 }
    pending = .none
    frame.timestamp = MonotonicTime(nanoseconds: time)
    frame.mediaTime = seconds
    frame.timeline = timeline
  }

  private static func nanoseconds(_ seconds: Double) -> Int64 {
    seconds.isFinite ? Int64(saturating: (max(-longest, min(longest, seconds)) * 1e9).rounded()) : 0
  }
}

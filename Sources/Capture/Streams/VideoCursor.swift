/// Where a video file stands, and which of the pictures that are read next is the one that was asked for.
///
/// Pictures have any times, and a decoder is only sure to begin with the first picture at or after a moment. So "the third
/// picture before this one" is found by remembering the times that were shown, or by reading a stretch of the file before it.
package struct VideoCursor: Sendable {
  /// What to do next.
  package enum Step: Equatable, Sendable {
    /// Show the picture; or, before one is read, read on.
    case show
    /// Not this picture: read on, and keep it as the last that was read.
    case pass
    /// Read from another moment, in seconds.
    case open(at: Double)
    /// The file is at its end: the picture that was read last is the one.
    case showLast
    /// The file does not have this picture.
    case nothing
  }

  private enum Aim: Equatable, Sendable {
    /// Every picture, as they come.
    case all
    /// The first picture at or after a moment, then a number of pictures on.
    case at(Double, skip: Int)
    /// A number of pictures before the first at or after a moment.
    case before(Double, count: Int)
  }

  /// Times nearer than this are the same: half of what files with coarse times can tell apart.
  private static let tolerance = 0.0005
  /// Steps forward that are read picture by picture, rather than guessed from the rate.
  private static let readable = 250
  private static let mostShown = 4096

  /// Pictures a second, where nothing better is known.
  package var rate = 25.0
  /// Seconds; nil when unknown.
  package let duration: Double?
  private var aim = Aim.all
  /// Times of pictures that follow one another without a gap, up to the one shown last.
  private var shown: [Double] = []
  /// Times of pictures that were read and not shown since the file was opened.
  private var passed: [Double] = []
  private var opened = 0.0
  /// How far before the moment the file was opened.
  private var lead = 0.0

  package init(duration: Double?) { self.duration = duration }

  /// The time of the picture shown last.
  package var position: Double { shown.last ?? 0 }

  /// Begins with the first picture.
  package mutating func restart() {
    (aim, shown, passed, opened, lead) = (.all, [], [], 0, 0)
  }

  // MARK: Moves

  /// Goes to a moment (nil: the picture shown last), then some pictures on, or back when negative.
  ///
  /// - Parameter isOpen: whether the picture behind the one shown last can be read.
  package mutating func go(to seconds: Double?, by frames: Int, isOpen: Bool) -> Step {
    passed = []
    guard let seconds else { return frames < 0 ? back(-frames) : forward(frames, isOpen) }
    shown = []
    let moment = min(max(0, seconds), duration ?? 1e9)
    if frames < 0 { return look(before: moment, count: -frames) }
    aim = .at(moment, skip: frames)
    // Near the end there may be no picture at or after the moment: then the last one is it.
    let isNearEnd = duration.map { moment > $0 - 2 / rate } ?? false
    return open(at: moment, lead: isNearEnd ? max(1, 4 / rate) : 0)
  }

  private mutating func forward(_ frames: Int, _ isOpen: Bool) -> Step {
    guard isOpen else { return .nothing }
    if frames > Self.readable { return go(to: position + Double(frames) / rate, by: 0, isOpen: isOpen) }
    aim = frames > 1 ? .at(-.greatestFiniteMagnitude, skip: frames - 1) : .all
    return .show
  }

  private mutating func back(_ frames: Int) -> Step {
    guard shown.count > frames else { return look(before: position, count: frames) }
    let moment = shown[shown.count - 1 - frames]
    shown.removeLast(frames + 1)
    aim = .at(moment, skip: 0)
    return open(at: moment, lead: 0)
  }

  private mutating func look(before moment: Double, count: Int) -> Step {
    shown = []
    aim = .before(moment, count: count)
    return open(at: moment, lead: max(1, min(600, 2 * Double(count) / rate)))
  }

  private mutating func open(at moment: Double, lead: Double) -> Step {
    passed = []
    self.lead = lead
    opened = max(0, moment - lead - 2 * Self.tolerance)
    return .open(at: opened)
  }

  // MARK: Pictures

  /// Judges the picture that was read next.
  package mutating func read(_ time: Double) -> Step {
    switch aim {
    case .all: break
    case .at(let moment, let skip):
      guard time >= moment - Self.tolerance else { return pass(time) }
      guard skip == 0 else {
        aim = .at(moment, skip: skip - 1)
        return pass(time)
      }
      aim = .all
    case .before(let moment, let count):
      guard time >= moment - Self.tolerance else { return pass(time) }
      return choose(count, before: moment)
    }
    note(time)
    return .show
  }

  /// The file is at its end.
  package mutating func end() -> Step {
    switch aim {
    case .all: return .nothing
    case .before(let moment, let count): return choose(count, before: moment)
    case .at(let moment, let skip):
      if let last = passed.last {
        aim = .all
        note(last)
        return .showLast
      }
      guard opened > 0 else {
        aim = .all
        return .nothing
      }
      aim = .at(moment, skip: skip)
      return open(at: moment, lead: lead == 0 ? 2 : lead * 6)
    }
  }

  private mutating func choose(_ count: Int, before moment: Double) -> Step {
    if passed.count >= count || opened == 0 {
      let target = passed.count >= count ? passed[passed.count - count] : passed.first ?? 0
      shown = Array(passed.prefix(max(0, passed.count - count)).suffix(Self.mostShown))
      aim = .at(target, skip: 0)
      return open(at: target, lead: 0)
    }
    return open(at: moment, lead: lead * 6)
  }

  private mutating func pass(_ time: Double) -> Step {
    passed.append(time)
    return .pass
  }

  /// The pictures that were passed over stand before the one that is shown.
  private mutating func note(_ time: Double) {
    let known = shown.last ?? -.greatestFiniteMagnitude
    shown += passed.filter { $0 > known && $0 < time }.suffix(Self.mostShown)
    passed = []
    if shown.count >= 2 * Self.mostShown { shown.removeFirst(Self.mostShown) }
    shown.append(time)
  }
}

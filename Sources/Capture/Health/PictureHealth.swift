public import Ground
public import Vision

/// What can be wrong with a picture although frames keep coming.
public enum PictureComplaint: String, Sendable, CaseIterable, Codable {
  /// The very same picture for too long: a stuck camera or driver. A live sensor's noise never repeats.
  case frozen
  case dark
  case overexposed
  /// Out of focus, or a greasy lens.
  case blurred
  /// No structure at all: a lens cap, a wall.
  case covered
  /// The brightness goes up and down from frame to frame: lamps on the mains, an exposure that hunts.
  case flicker
}

/// When a picture is complained about. Brightness is 0...255.
public struct PictureHealthThresholds: Sendable, Equatable {
  /// Seconds of the same picture.
  public var frozenSeconds = 3.0
  /// Mean brightness below which a picture is dark.
  public var darkMean = 22.0
  /// Fraction of white pixels above which it is overexposed.
  public var whiteFraction = 0.5
  /// Share of an edge's step within two pixels, below which it is blurred.
  public var sharpness = 0.42
  /// Spread of the brightness (standard deviation) below which there is nothing to see.
  public var coveredSpread = 4.0
  /// Mean change of brightness from frame to frame and back, above which it flickers.
  public var flickerLevels = 3.0
  /// Seconds that anything else must last before it is said, and be over before it is no longer said.
  public var holdSeconds = 1.0

  public init() {}
}

/// The state of the picture after one frame.
public struct PictureHealth: Sendable, Equatable {
  /// Mean brightness and its spread, 0...255.
  public var brightness: Double
  public var contrast: Double
  /// 0...1; nil when the picture has too few edges to tell.
  public var sharpness: Double?
  /// What is wrong, and has been for a while.
  public var complaints: [PictureComplaint]
}

/// Watches pictures go by and says what is wrong with them. Costs some tens of microseconds a frame.
///
/// A value: owned by the thread that calls it. Live pictures only; for a photo, ``isStill`` switches off what a still
/// picture cannot help.
public struct PictureHealthMonitor: Sendable {
  private let thresholds: PictureHealthThresholds
  private let isStill: Bool
  private var fingerprint: UInt64?
  private var sameSince = MonotonicTime(nanoseconds: 0)
  /// Since when each complaint has held, and when it last did, in the order of all cases.
  private var since: [MonotonicTime?]
  private var last: [MonotonicTime?]
  private var reported: [Bool]
  private var means: [Double] = []

  /// Frames over which flicker is judged.
  private static let flickerFrames = 16

  public init(thresholds: PictureHealthThresholds = PictureHealthThresholds(), isStill: Bool = false) {
    self.thresholds = thresholds
    self.isStill = isStill
    let count = PictureComplaint.allCases.count
    since = Array(repeating: nil, count: count)
    last = since
    reported = Array(repeating: false, count: count)
    means.reserveCapacity(Self.flickerFrames + 1)
  }

  /// Looks at one more frame.
  ///
  /// - Parameter moment: its timestamp.
  public mutating func observe(_ image: Image, at moment: MonotonicTime) -> PictureHealth {
    let grid = LumaGrid(image)
    if grid.fingerprint != fingerprint {
      fingerprint = grid.fingerprint
      sameSince = moment
    }
    means.append(grid.mean)
    if means.count > Self.flickerFrames { means.removeFirst() }
    let isCovered = grid.spread < thresholds.coveredSpread
    let isDark = !isCovered && grid.mean < thresholds.darkMean
    let isWhite = grid.white > thresholds.whiteFraction
    for complaint in PictureComplaint.allCases {
      let holds =
        switch complaint {
        // A picture all white repeats itself without being frozen.
        case .frozen: !isStill && !isWhite && moment.milliseconds(since: sameSince) >= thresholds.frozenSeconds * 1000
        case .dark: isDark
        case .overexposed: isWhite
        case .covered: isCovered && !isWhite
        case .blurred: !isCovered && !isDark && !isWhite && isBlurred(grid)
        case .flicker: !isStill && flickers
        }
      update(complaint, holds, moment)
    }
    return PictureHealth(
      brightness: grid.mean, contrast: grid.spread, sharpness: grid.sharpness,
      complaints: zip(PictureComplaint.allCases, reported).compactMap { $1 ? $0 : nil })
  }

  /// Without edges to measure, a picture full of contrast is one whose edges are all washed out.
  private func isBlurred(_ grid: LumaGrid) -> Bool {
    guard let sharpness = grid.sharpness else { return grid.spread > 25 }
    return sharpness < thresholds.sharpness
  }

  /// Up and down by turns, and by more than a little.
  private var flickers: Bool {
    guard means.count == Self.flickerFrames else { return false }
    var turns = 0
    var bend = 0.0
    for index in 1..<means.count - 1 {
      let before = means[index] - means[index - 1]
      let after = means[index + 1] - means[index]
      if before * after < 0 { turns += 1 }
      bend += abs(after - before) / 2
    }
    let steps = Double(means.count - 2)
    return Double(turns) >= steps * 0.6 && bend / steps >= thresholds.flickerLevels
  }

  private mutating func update(_ complaint: PictureComplaint, _ holds: Bool, _ moment: MonotonicTime) {
    guard let index = PictureComplaint.allCases.firstIndex(of: complaint) else { return }
    // A frozen picture has already lasted; the first new one ends it.
    let hold = complaint == .frozen ? 0 : thresholds.holdSeconds * 1000
    if holds {
      let began = since[index] ?? moment
      since[index] = began
      last[index] = moment
      if moment.milliseconds(since: began) >= hold { reported[index] = true }
    } else {
      if let ended = last[index], reported[index], moment.milliseconds(since: ended) < hold { return }
      since[index] = nil
      reported[index] = false
    }
  }
}

public import Ground
public import Vision

/// Watches pictures go by and says what is wrong with them. Costs some tens of microseconds a frame.
///
/// A value: owned by the thread that calls it. `isStill` switches off what a photo cannot help (it repeats itself).
public struct PictureHealthMonitor: Sendable {
  private let thresholds: PictureHealthThresholds
  private let isStill: Bool
  private var fingerprint: UInt64?
  private var sameSince = MonotonicTime(nanoseconds: 0)
  /// Since when each complaint has held, and when it last did, in ``order``.
  private var since: [MonotonicTime?]
  private var last: [MonotonicTime?]
  private var reported: [Bool]
  private var complaints: [PictureComplaint] = []
  private var edges = LumaGrid.EdgeHistogram()
  private var means: [Double] = []

  private static let order = PictureComplaint.allCases
  /// Frames over which flicker is judged.
  private static let flickerFrames = 16

  public init(thresholds: PictureHealthThresholds = PictureHealthThresholds(), isStill: Bool = false) {
    self.thresholds = thresholds
    self.isStill = isStill
    let count = Self.order.count
    since = Array(repeating: nil, count: count)
    last = since
    reported = Array(repeating: false, count: count)
    means.reserveCapacity(Self.flickerFrames + 1)
  }

  /// Looks at one more frame.
  ///
  /// - Parameter moment: its timestamp.
  public mutating func observe(_ image: Image, at moment: MonotonicTime) -> PictureHealth {
    let grid = LumaGrid(image, edges: &edges)
    if grid.fingerprint != fingerprint {
      fingerprint = grid.fingerprint
      sameSince = moment
    }
    means.append(grid.mean)
    if means.count > Self.flickerFrames { means.removeFirst() }
    // Of measured values it says nothing that they are small, or alike.
    let isMeasured = image.levels != nil
    // The night dims structure too: less of it is left than behind a pale cover, but more than under a lens cap.
    let isDim = grid.mean < thresholds.darkMean
    let isCovered = grid.spread < thresholds.coveredSpread * (isDim ? 0.4 : 1)
    let isDark = !isCovered && isDim
    let isWhite = grid.white > thresholds.whiteFraction
    var hasChanged = false
    for (index, complaint) in Self.order.enumerated() {
      let holds =
        switch complaint {
        // A picture all white repeats itself without being frozen.
        case .frozen: !isStill && !isWhite && moment.milliseconds(since: sameSince) >= thresholds.frozenSeconds * 1000
        case .dark: !isMeasured && isDark
        case .overexposed: !isMeasured && isWhite
        case .covered: !isMeasured && isCovered && !isWhite
        case .blurred: !isMeasured && !isCovered && !isDark && !isWhite && isBlurred(grid)
        case .flicker: !isStill && !isMeasured && flickers
        }
      let before = reported[index]
      // A frozen picture has already lasted; the first new one ends it.
      update(index, holds, moment, hold: complaint == .frozen ? 0 : thresholds.holdSeconds * 1000)
      hasChanged = hasChanged || before != reported[index]
    }
    // Only a change makes a new list: a frame otherwise allocates nothing.
    if hasChanged { complaints = zip(Self.order, reported).compactMap { $1 ? $0 : nil } }
    return PictureHealth(
      brightness: grid.mean, contrast: grid.spread, sharpness: grid.sharpness, complaints: complaints)
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

  /// - Parameter hold: milliseconds that a state must last before it is said, and be over before it is no longer said.
  private mutating func update(_ index: Int, _ holds: Bool, _ moment: MonotonicTime, hold: Double) {
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

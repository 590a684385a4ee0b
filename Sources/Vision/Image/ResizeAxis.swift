import Ground

/// How pixels are weighed when a picture changes its size.
public enum ResizeFilter: String, Sendable, CaseIterable {
  /// Two by two pixels, as OpenCV's `INTER_LINEAR`: fast, aliases when shrinking.
  case bilinear
  /// A triangle as wide as the shrinking asks for, as Pillow's `BILINEAR` and torchvision's `antialias=True`.
  case antialias
}

/// The weights of one axis: for each target pixel, a run of source pixels and how much each counts.
///
/// Rebuilding reuses its memory.
struct ResizeAxis {
  struct Key: Hashable {
    var targets: Range<Int>
    var sources: Range<Int>
    var scale: Double
    var offset: Double
    var filter: ResizeFilter
  }

  /// A target pixel's run: weights[first ..< first + count] for source pixels source ..< source + count.
  struct Run {
    var source: Int32
    var count: Int32
    var first: Int32
  }

  private(set) var runs: [Run] = []
  private(set) var weights: [Float] = []
  /// The longest run.
  private(set) var longest = 1
  /// All source pixels that some run reads.
  private(set) var reach: Range<Int> = 0..<0
  private var key: Key?

  /// Computes the weights for `key`, unless they are those already.
  mutating func prepare(_ key: Key) {
    guard key != self.key else { return }
    self.key = key
    runs.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    longest = 1
    reach = key.sources.upperBound..<key.sources.upperBound
    let stretch = key.filter == .antialias ? max(1, 1 / key.scale) : 1
    for target in key.targets {
      let center = (Double(target) + 0.5 - key.offset) / key.scale
      append(center: center, stretch: stretch, sources: key.sources)
    }
  }

  private mutating func append(center: Double, stretch: Double, sources: Range<Int>) {
    let low = Double(sources.lowerBound)
    let high = Double(sources.upperBound)
    // Clamped before the conversion, so that no mapping however odd can overflow it.
    let start = Int(saturating: min(max(center - stretch + 0.5, low), high - 1))
    let end = max(start + 1, Int(saturating: min(max(center + stretch + 0.5, low), high)))
    let first = weights.count
    var total = 0.0
    for source in start..<end {
      let weight = max(0, 1 - abs((Double(source) + 0.5 - center) / stretch))
      weights.append(Float(weight))
      total += weight
    }
    if total > 0 {
      for index in first..<weights.count { weights[index] = Float(Double(weights[index]) / total) }
    } else {
      // The target's centre lies outside the source: the nearest pixel.
      weights[center < low ? first : weights.count - 1] = 1
    }
    runs.append(Run(source: Int32(start), count: Int32(end - start), first: Int32(first)))
    longest = max(longest, end - start)
    reach = min(reach.lowerBound, start)..<max(reach.isEmpty ? 0 : reach.upperBound, end)
  }
}

import Ground

/// How grey pictures of more than eight bits become ones of eight.
package enum GreyDepth: Sendable, Hashable {
  /// The upper eight of this many bits.
  case bits(Int)
  /// The upper eight of the bits that are used, as far as the pictures so far have told: many cameras put their ten or twelve
  /// bits into words of sixteen.
  case usedBits
  /// What lies between the darkest and the brightest: thermal cameras use a small part of their 16 bits.
  case stretched
  /// The same for distances: 0 means that nothing was measured, and stays black.
  case distances
}

/// Turns rows of 16-bit samples into bytes. Owned by one thread; allocates nothing after it was made.
package struct DeepGrey {
  private let depth: GreyDepth
  private let isBigEndian: Bool
  /// The range that is spread over the 256 levels; follows the picture slowly, so that it does not pump.
  private var range: (low: Double, high: Double)?
  private var bits = 8
  /// What the levels of the last picture stand for; nil where they are brightness.
  package private(set) var levels: LevelScale?
  private var histogram = [Int](repeating: 0, count: 4096)

  /// Levels of the sensor that are spread at least: noise alone must not fill the picture.
  private static let leastRange = 64.0
  /// The share of samples at each end that may be clipped.
  private static let clipped = 0.005
  /// Pictures of fewer samples are looked at whole.
  private static let fewSamples = 4096
  private static let following = 0.1

  package init(_ depth: GreyDepth, isBigEndian: Bool) {
    self.depth = depth
    self.isBigEndian = isBigEndian
  }

  /// Forgets the range of the pictures so far: the next one does not follow them.
  package mutating func restart() {
    range = nil
    bits = 8
  }

  /// - Parameters:
  ///   - source: at least `(height - 1) * bytesPerRow + width * 2` bytes.
  ///   - target: at least `width * height` bytes.
  package mutating func convert(
    _ source: UnsafeRawBufferPointer, bytesPerRow: Int, width: Int, height: Int, into target: UnsafeMutableRawPointer
  ) {
    guard let base = source.baseAddress else { return }
    let (low, scale) = mapping(base, bytesPerRow, width, height)
    let ignoresZero = depth == .distances
    levels = Self.levels(depth, low: low, scale: scale)
    for row in 0..<height {
      // Safe: the caller checked that the rows are there. Loads are unaligned, since rows may begin anywhere.
      let line = base + row * bytesPerRow
      let out = (target + row * width).assumingMemoryBound(to: UInt8.self)
      for x in 0..<width {
        let value = sample(line, x)
        let level = (Double(value) - low) * scale
        // Level 0 is kept for what was not measured.
        out[x] =
          ignoresZero
          ? value == 0 ? 0 : UInt8(saturating: min(255, max(1, level))) : UInt8(saturating: min(255, max(0, level)))
      }
    }
  }

  private static func levels(_ depth: GreyDepth, low: Double, scale: Double) -> LevelScale? {
    switch depth {
    case .bits, .usedBits: nil
    case .stretched: LevelScale(.counts, low: low, high: low + 255 / scale)
    case .distances: LevelScale(.distance, low: low, high: low + 255 / scale)
    }
  }

  private func sample(_ line: UnsafeRawPointer, _ x: Int) -> UInt16 {
    let raw = line.loadUnaligned(fromByteOffset: x * 2, as: UInt16.self)
    return isBigEndian ? UInt16(bigEndian: raw) : UInt16(littleEndian: raw)
  }

  private mutating func mapping(
    _ base: UnsafeRawPointer, _ bytesPerRow: Int, _ width: Int, _ height: Int
  ) -> (low: Double, scale: Double) {
    switch depth {
    case .bits(let bits): return (0, 256 / Double(1 << bits))
    case .usedBits:
      bits = max(bits, UInt16.bitWidth - greatest(base, bytesPerRow, width, height).leadingZeroBitCount)
      return (0, 256 / Double(1 << bits))
    case .stretched, .distances: break
    }
    if let found = ends(base, bytesPerRow, width, height) {
      let before = range ?? found
      range = (
        before.low + (found.low - before.low) * Self.following,
        before.high + (found.high - before.high) * Self.following
      )
    }
    guard let range else { return (0, 1) }
    let span = max(Self.leastRange, range.high - range.low)
    let middle = (range.low + range.high) / 2
    return (middle - span / 2, 255.99 / span)
  }

  private func greatest(_ base: UnsafeRawPointer, _ bytesPerRow: Int, _ width: Int, _ height: Int) -> UInt16 {
    var greatest: UInt16 = 0
    for row in 0..<height {
      for x in stride(from: row % 2, to: width, by: 2) { greatest = max(greatest, sample(base + row * bytesPerRow, x)) }
    }
    return greatest
  }

  /// The range without the few samples at its ends; nil when there is none to speak of.
  private mutating func ends(
    _ base: UnsafeRawPointer, _ bytesPerRow: Int, _ width: Int, _ height: Int
  ) -> (low: Double, high: Double)? {
    for index in histogram.indices { histogram[index] = 0 }
    var count = 0
    let step = width * height < Self.fewSamples ? 1 : 4
    for row in stride(from: 0, to: height, by: step) {
      for x in stride(from: 0, to: width, by: step) {
        let value = sample(base + row * bytesPerRow, x)
        if value == 0, depth == .distances { continue }
        histogram[Int(value >> 4)] += 1
        count += 1
      }
    }
    guard count > 0 else { return nil }
    let spare = Int(saturating: Double(count) * Self.clipped)
    var (low, high) = (0, histogram.count - 1)
    var seen = histogram[0]
    while seen <= spare, low < high {
      low += 1
      seen += histogram[low]
    }
    seen = histogram[high]
    while seen <= spare, high > low {
      high -= 1
      seen += histogram[high]
    }
    return (Double(low << 4), Double(high << 4 + 15))
  }
}

import Ground

/// One of the exposures that make up a frame: packed RGB over a backdrop that drawing disturbs and ``restore`` mends.
///
/// Owned by its renderer, which frees it; never shared.
struct ExposureLayer: SpanSink {
  let width: Int
  let height: Int
  /// RGB, 3 bytes a pixel, with four bytes of slack behind for the wide stores of ``fill``.
  let pixels: UnsafeMutablePointer<UInt8>
  /// The disturbed part of each row, in pixels; empty when low >= high.
  let lows: UnsafeMutablePointer<Int32>
  let highs: UnsafeMutablePointer<Int32>

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pixels = .allocate(capacity: width * height * 3 + 4)
    pixels.initialize(repeating: 0, count: width * height * 3 + 4)
    lows = .allocate(capacity: height)
    highs = .allocate(capacity: height)
    lows.initialize(repeating: Int32(width), count: height)
    highs.initialize(repeating: 0, count: height)
  }

  func free() {
    pixels.deallocate()
    lows.deallocate()
    highs.deallocate()
  }

  @inline(__always)
  private func disturb(_ row: Int, _ left: Int, _ right: Int) {
    lows[row] = min(lows[row], Int32(truncatingIfNeeded: left))
    highs[row] = max(highs[row], Int32(truncatingIfNeeded: right))
  }

  @inline(__always)
  mutating func fill(row: Int, left: Int, right: Int, colour: SIMD3<Float>) {
    disturb(row, left, right)
    // Safe: the filler clamps to the frame. All but the last pixel are written as four bytes, the fourth of which the
    // next pixel overwrites.
    let c = colour.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
    let (r, g, b) = (UInt8(saturating: c.x), UInt8(saturating: c.y), UInt8(saturating: c.z))
    let word = UInt32(r) | UInt32(g) << 8 | UInt32(b) << 16
    var p = UnsafeMutableRawPointer(pixels + (row * width + left) * 3)
    for _ in left..<(right - 1) {
      p.storeBytes(of: word, as: UInt32.self)
      p += 3
    }
    p.storeBytes(of: r, as: UInt8.self)
    p.storeBytes(of: g, toByteOffset: 1, as: UInt8.self)
    p.storeBytes(of: b, toByteOffset: 2, as: UInt8.self)
  }

  @inline(__always)
  mutating func darken(row: Int, left: Int, right: Int, keep: UInt16) {
    disturb(row, left, right)
    let p = pixels + (row * width + left) * 3
    for i in 0..<((right - left) * 3) {
      p[i] = UInt8(truncatingIfNeeded: (UInt16(p[i]) &* keep) &>> 8)
    }
  }

  /// Puts the backdrop back where drawing disturbed it.
  func restore(from backdrop: UnsafePointer<UInt8>) {
    for row in 0..<height where lows[row] < highs[row] {
      let offset = (row * width + Int(lows[row])) * 3
      (pixels + offset).update(from: backdrop + offset, count: Int(highs[row] - lows[row]) * 3)
      lows[row] = Int32(width)
      highs[row] = 0
    }
  }
}

/// Writes object numbers instead of colours: the exact outline of everything that is visible.
struct IdentityLayer: SpanSink {
  let width: Int
  let height: Int
  let numbers: UnsafeMutablePointer<UInt8>
  /// The number that ``fill`` writes.
  var current: UInt8 = 0
  /// How many pixels ``fill`` has given another number than they had.
  var changed = 0

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    numbers = .allocate(capacity: width * height)
    clear()
  }

  func free() { numbers.deallocate() }

  func clear() { numbers.initialize(repeating: 0, count: width * height) }

  @inline(__always)
  mutating func fill(row: Int, left: Int, right: Int, colour: SIMD3<Float>) {
    let line = numbers + row * width
    for x in left..<right {
      changed &+= line[x] == current ? 0 : 1
      line[x] = current
    }
  }

  /// Shadows belong to no object.
  @inline(__always)
  mutating func darken(row: Int, left: Int, right: Int, keep: UInt16) {}
}

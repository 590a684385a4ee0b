import Ground

/// What the light and the camera's sensor make of a rendered frame.
struct SceneSensor {
  private static let noiseCount = 1 << 16
  private let options: DemoOptions
  private let width: Int
  /// Gaussian noise in grey levels, read from a place that differs from row to row and frame to frame.
  private let noise: UnsafeMutablePointer<Int8>
  /// Brightness of every byte of a row, in 128ths: the three colours in turn.
  private let gains: UnsafeMutablePointer<UInt16>
  private let mixed: UnsafeMutablePointer<UInt8>
  private let phase: Float
  /// What the camera's controls make of the light; see ``SceneExposure``.
  var settings = SceneExposure()

  init(options: DemoOptions, width: Int) {
    self.options = options
    self.width = width
    let rowBytes = width * 3
    noise = .allocate(capacity: Self.noiseCount + rowBytes)
    gains = .allocate(capacity: rowBytes)
    mixed = .allocate(capacity: rowBytes)
    mixed.initialize(repeating: 0, count: rowBytes)
    var random = SeededRandom(options.seed, 4)
    phase = random.unit()
    let deviation = options.noise * 8
    for index in 0..<(Self.noiseCount + rowBytes) {
      // Six uniforms sum to nearly a Gaussian of deviation 0.707.
      let bits = random.next()
      var sum: Float = -3
      for part in 0..<6 { sum += Float((bits >> UInt64(part * 10)) & 1023) / 1023 }
      noise[index] = Int8(saturating: max(-127, min(127, (sum * 1.414 * deviation).rounded())))
    }
  }

  func free() {
    noise.deallocate()
    gains.deallocate()
    mixed.deallocate()
  }

  /// Brightness at `time`: slow swings, and now and then a cloud before the skylights.
  private func exposure(at time: Float) -> Float {
    let swing = 1 + 0.07 * sineOfTurns(time / 17 + phase) + 0.03 * sineOfTurns(time / 5.3)
    let cloud = max(0, sineOfTurns(time / 41 + phase * 3) - 0.7) * 0.8
    return settings.brightness(of: options.light) * (swing - cloud)
  }

  /// The mean of the exposures where they differ from the backdrop, lit and noisy, into `out`.
  func develop(
    _ layers: [ExposureLayer], backdrop: UnsafePointer<UInt8>, frame: UInt64, time: Float,
    into out: UnsafeMutablePointer<UInt8>
  ) {
    let brightness = exposure(at: time)
    let warmth = 0.035 * sineOfTurns(time / 29 + phase * 5) + settings.warmth
    let tones = [1 + warmth, 1, 1 - warmth].map { UInt16(saturating: max(0, min(255, $0 * brightness * 128))) }
    let count = width * 3
    for i in 0..<count { gains[i] = tones[i % 3] }
    var random = SeededRandom(options.seed, 0xF00D, frame)
    for row in 0..<layers[0].height {
      let offset = row * count
      let grains = noise + random.below(Self.noiseCount)
      var low = Int32(width)
      var high: Int32 = 0
      for layer in layers {
        low = min(low, layer.lows[row])
        high = max(high, layer.highs[row])
      }
      mixed.update(from: backdrop + offset, count: count)
      if low < high {
        Self.mix(
          layers[0].pixels + offset, layers[1].pixels + offset, layers[2].pixels + offset, layers[3].pixels + offset,
          from: Int(low) * 3, to: Int(high) * 3, into: mixed)
      }
      Self.expose(mixed, gains, grains, count, out + offset)
    }
  }

  /// The mean of four rows.
  private static func mix(
    _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ c: UnsafePointer<UInt8>, _ d: UnsafePointer<UInt8>,
    from: Int, to: Int, into out: UnsafeMutablePointer<UInt8>
  ) {
    for i in from..<to {
      let sum = UInt16(a[i]) &+ UInt16(b[i]) &+ UInt16(c[i]) &+ UInt16(d[i]) &+ 2
      out[i] = UInt8(truncatingIfNeeded: sum &>> 2)
    }
  }

  private static func expose(
    _ pixels: UnsafePointer<UInt8>, _ gains: UnsafePointer<UInt16>, _ noise: UnsafePointer<Int8>, _ count: Int,
    _ out: UnsafeMutablePointer<UInt8>
  ) {
    for i in 0..<count {
      let lit = Int16(truncatingIfNeeded: (UInt16(pixels[i]) &* gains[i]) &>> 7)
      out[i] = UInt8(truncatingIfNeeded: max(0, min(255, lit &+ Int16(noise[i]))))
    }
  }
}

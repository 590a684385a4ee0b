import Ground

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine and Swift version.
struct SeededRandom {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  /// A generator for one thing among many: the same words always give the same stream.
  init(_ seed: UInt64, _ stream: UInt64, _ index: UInt64 = 0) {
    var mixer = SeededRandom(seed &* 0xD6E8_FEB8_6659_FD93 &+ stream)
    let first = mixer.next()
    mixer = SeededRandom(first ^ (index &* 0xA24B_AED4_963E_E407))
    state = mixer.next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in 0..<1, in steps of 2⁻²⁴.
  mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

  mutating func between(_ low: Float, _ high: Float) -> Float { low + (high - low) * unit() }

  /// Uniform in 0..<count; the bias of the remainder is far below what a scene could show.
  mutating func below(_ count: Int) -> Int { Int(next() >> 33) % max(1, count) }

  mutating func chance(_ probability: Float) -> Bool { unit() < probability }
}

/// sin(2π·`turns`) to three digits, by a parabola with one correction.
///
/// The C library's sine differs in the last bit between processors; the scene must not.
@inline(__always) func sineOfTurns(_ turns: Float) -> Float {
  let t = turns - (turns + 0.5).rounded(.down)
  let y = 8 * t - 16 * t * abs(t)
  return 0.225 * (y * abs(y) - y) + y
}

/// cos(2π·`turns`), see ``sineOfTurns(_:)``.
@inline(__always) func cosineOfTurns(_ turns: Float) -> Float { sineOfTurns(turns + 0.25) }

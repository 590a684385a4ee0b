import Kernels
import TestSupport
import Testing

/// The instruction sets that this CPU can run, the plain kernels first.
let availableISAs: [ock_isa] = [OCK_ISA_PLAIN, OCK_ISA_NEON, OCK_ISA_AVX2, OCK_ISA_AVX512].filter(ock_isa_available)

/// Runs `body` with this thread's kernels forced to `isa`.
func under<Result>(_ isa: ock_isa, _ body: () throws -> Result) rethrows -> Result {
  let before = ock_active_isa()
  #expect(ock_override_isa(isa))
  defer { _ = ock_override_isa(before) }
  return try body()
}

/// `count` floats from -1 to 1.
func noise(_ count: Int, seed: UInt64 = 1, scale: Float = 1) -> [Float] {
  var generator = SeededGenerator(seed)
  return (0..<count).map { _ in Float.random(in: -scale...scale, using: &generator) }
}

/// The largest difference over the largest magnitude of `expected`; infinite when something is NaN.
func error(_ actual: [Float], _ expected: [Float]) -> Float {
  guard actual.count == expected.count else { return .infinity }
  var difference: Float = 0
  var size: Float = 1e-20
  for (a, e) in zip(actual, expected) {
    if a == e { size = max(size, e.isFinite ? abs(e) : 0); continue }
    guard !(a - e).isNaN else { return .infinity }
    difference = max(difference, abs(a - e))
    size = max(size, abs(e))
  }
  return difference / size
}

let none = ock_act(kind: OCK_ACT_NONE, alpha: 0, beta: 0)
let relu = ock_act(kind: OCK_ACT_CLIP, alpha: 0, beta: .infinity)
let silu = ock_act(kind: OCK_ACT_SILU, alpha: 0, beta: 0)

/// Planar [batch][channels][area] in the blocked layout of the active instruction set. The lanes beyond the channels
/// are NaN: they must reach no result.
func blocked(_ planar: [Float], _ batch: Int, _ channels: Int, _ area: Int) -> [Float] {
  let width = Int(ock_channel_block())
  let blocks = Int(ock_blocks(Int32(channels)))
  var out = [Float](repeating: .nan, count: batch * blocks * width * area)
  for item in 0..<batch {
    for channel in 0..<channels {
      for i in 0..<area {
        out[((item * blocks + channel / width) * area + i) * width + channel % width] =
          planar[(item * channels + channel) * area + i]
      }
    }
  }
  return out
}

/// The inverse of ``blocked(_:_:_:_:)``.
func planar(_ blocked: [Float], _ batch: Int, _ channels: Int, _ area: Int) -> [Float] {
  let width = Int(ock_channel_block())
  let blocks = Int(ock_blocks(Int32(channels)))
  var out: [Float] = []
  for item in 0..<batch {
    for channel in 0..<channels {
      for i in 0..<area {
        out.append(blocked[((item * blocks + channel / width) * area + i) * width + channel % width])
      }
    }
  }
  return out
}

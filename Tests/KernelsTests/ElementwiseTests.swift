import Foundation
import Kernels
import Testing

/// An activation by its definition, in double precision.
func apply(_ act: ock_act, _ x: Double) -> Double {
  let alpha = Double(act.alpha)
  let beta = Double(act.beta)
  func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  switch act.kind {
  case OCK_ACT_CLIP: return min(max(x, alpha), beta)
  case OCK_ACT_LEAKY_RELU: return x < 0 ? alpha * x : x
  case OCK_ACT_SIGMOID: return sigmoid(x)
  case OCK_ACT_HARD_SIGMOID: return min(max(alpha * x + beta, 0), 1)
  case OCK_ACT_SILU: return x * sigmoid(x)
  case OCK_ACT_HARD_SWISH: return x * min(max(x / 6 + 0.5, 0), 1)
  case OCK_ACT_TANH: return tanh(x)
  case OCK_ACT_GELU_ERF: return x / 2 * (1 + erf(x / 2.0.squareRoot()))
  case OCK_ACT_GELU_TANH: return x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  case OCK_ACT_ELU: return x < 0 ? alpha * (exp(x) - 1) : x
  case OCK_ACT_MISH: return x * tanh(log1p(exp(x)))
  case OCK_ACT_QUICK_GELU: return x * sigmoid(alpha * x)
  case OCK_ACT_EXP: return exp(x)
  case OCK_ACT_ERF: return erf(x)
  case OCK_ACT_SQRT: return x.squareRoot()
  case OCK_ACT_ABS: return abs(x)
  case OCK_ACT_RECIPROCAL: return 1 / x
  case OCK_ACT_LINEAR: return alpha * x + beta
  default: return x
  }
}

@Suite struct ElementwiseTests {
  @Test(arguments: availableISAs)
  func activationsFollowTheirDefinitions(isa: ock_isa) {
    for raw in OCK_ACT_NONE.rawValue..<OCK_ACT_COUNT.rawValue {
      let kind = ock_act_kind(rawValue: raw)
      let act = ock_act(kind: kind, alpha: kind == OCK_ACT_CLIP ? -0.5 : 0.3, beta: kind == OCK_ACT_CLIP ? 6 : 0.4)
      for scale: Float in [0.01, 1, 12, 60] {
        var x = noise(1037, seed: 7, scale: scale)
        if kind == OCK_ACT_SQRT { x = x.map(abs) }
        var y = [Float](repeating: 0, count: x.count)
        under(isa) { ock_activate(act, x, &y, x.count, 1) }
        for (value, result) in zip(x, y) {
          let expected = apply(act, Double(value))
          // Absolute near zero, relative where results are large.
          let floor = kind == OCK_ACT_EXP ? 0 : min(1, Double(scale))
          // GELU far below zero is x (1 - 1), and the last place of that 1 counts x times.
          let gelu = kind == OCK_ACT_GELU_ERF || kind == OCK_ACT_GELU_TANH ? abs(Double(value)) : 0
          let tolerance = 4e-7 * max(floor, abs(expected), gelu)
          #expect(abs(Double(result) - expected) <= max(tolerance, 1e-37), "kind \(raw) of \(value)")
        }
      }
    }
  }

  /// Beyond the largest float the exponential is infinite, not that float; just below it is not.
  @Test(arguments: availableISAs)
  func theExponentialOverflows(isa: ock_isa) {
    let x: [Float] = [88.7, 88.722, 88.7228, 88.73, 88.8, 89, 89.07, 90, 127.9, 1000, 1e30, .infinity]
    var y = [Float](repeating: 0, count: x.count)
    under(isa) { ock_activate(ock_act(kind: OCK_ACT_EXP, alpha: 0, beta: 0), x, &y, x.count, 1) }
    for (value, result) in zip(x, y) {
      let expected = Float(exp(Double(value)))
      #expect(expected.isFinite ? abs(result / expected - 1) < 4e-7 : result == .infinity, "\(value): \(result)")
    }
  }

  @Test(arguments: availableISAs)
  func notANumberStaysOne(isa: ock_isa) {
    let x = [Float](repeating: .nan, count: 40)
    for act in [relu, silu, none] {
      var y = [Float](repeating: 0, count: 40)
      under(isa) { ock_activate(act, x, &y, 40, 1) }
      #expect(y.allSatisfy { $0.isNaN }, "kind \(act.kind.rawValue)")
    }
    var y = [Float](repeating: 1, count: 40)
    under(isa) { ock_activate(ock_act(kind: OCK_ACT_NAN_TO_ZERO, alpha: 0, beta: 0), x, &y, 40, 1) }
    #expect(y.allSatisfy { $0 == 0 })
  }

  static let operations: [(ock_binary_kind, @Sendable (Float, Float) -> Float)] = [
    (OCK_ADD, { $0 + $1 }), (OCK_SUB, { $0 - $1 }), (OCK_MUL, { $0 * $1 }), (OCK_DIV, { $0 / $1 }),
    (OCK_MAX, { max($0, $1) }), (OCK_MIN, { min($0, $1) }),
  ]

  @Test(arguments: availableISAs, [(3, 5), (7, 64), (40, 4001)])
  func arithmeticInEveryBroadcast(isa: ock_isa, size: (Int, Int)) {
    let (rows, columns) = size
    let a = noise(rows * columns, seed: 1)
    let same = noise(rows * columns, seed: 2)
    let perColumn = noise(columns, seed: 3)
    let perRow = noise(rows, seed: 4)
    var y = a
    under(isa) {
      for (kind, combine) in Self.operations {
        ock_binary(kind, relu, a, same, &y, a.count, 2)
        #expect(error(y, zip(a, same).map { max(0, combine($0, $1)) }) == 0)
        for swapped in [false, true] {
          func expected(_ other: (Int) -> Float) -> [Float] {
            a.indices.map { swapped ? combine(other($0), a[$0]) : combine(a[$0], other($0)) }
          }
          ock_binary_scalar(kind, none, a, 0.7, swapped, &y, a.count, 2)
          #expect(error(y, expected { _ in 0.7 }) < 1e-7)
          ock_binary_row(kind, none, a, perColumn, swapped, &y, rows, columns, 2)
          #expect(error(y, expected { perColumn[$0 % columns] }) < 1e-7)
          ock_binary_column(kind, none, a, perRow, swapped, &y, rows, columns, 2)
          #expect(error(y, expected { perRow[$0 / columns] }) < 1e-7)
        }
      }
    }
  }

  @Test(arguments: availableISAs)
  func channelValuesMeetTheirChannels(isa: ock_isa) {
    let (channels, area) = (37, 23)
    let a = noise(channels * area, seed: 1)
    let b = noise(channels, seed: 2)
    let actual = under(isa) {
      let blockedA = blocked(a, 1, channels, area)
      let blockedB = blocked(b, 1, channels, 1)
      var y = blockedA
      ock_binary_channel(OCK_MUL, none, blockedA, blockedB, false, &y, Int(ock_blocks(37)), area, 2)
      return planar(y, 1, channels, area)
    }
    #expect(error(actual, a.indices.map { a[$0] * b[$0 / area] }) == 0)
  }

  @Test(arguments: availableISAs)
  func scaleAndShiftMeetTheirChannels(isa: ock_isa) {
    let (channels, area) = (21, 300)
    let x = noise(channels * area, seed: 1)
    let (scale, shift) = (noise(channels, seed: 2), noise(channels, seed: 3))
    let actual = under(isa) {
      var y = blocked(x, 1, channels, area)
      let (s, t) = (blocked(scale, 1, channels, 1), blocked(shift, 1, channels, 1))
      let source = y
      ock_scale_shift(relu, source, s, t, &y, Int(ock_blocks(21)), area, 2)
      return planar(y, 1, channels, area)
    }
    #expect(error(actual, x.indices.map { max(0, x[$0] * scale[$0 / area] + shift[$0 / area]) }) < 1e-6)
  }
}

import Kernels
import TestSupport
import Testing

/// The 8-bit kernels against their definition in whole numbers: equal to the byte, whatever the instruction set, with and
/// without the CPU's dot products.
@Suite struct QuantisedTests {
  struct Layer: Sendable, CustomTestStringConvertible {
    var conv: ConvCase
    /// The largest weight less its zero point.
    var reach = 127
    var testDescription: String { "\(conv) weights to \(reach)" }
  }

  static let layers: [Layer] = [
    Layer(conv: ConvCase(input: 16, output: 64, height: 7, width: 9, kernel: (1, 1), pad: (0, 0))),
    Layer(
      conv: ConvCase(batch: 2, input: 37, output: 70, height: 6, width: 5, kernel: (1, 1), pad: (0, 0)), reach: 255),
    Layer(conv: ConvCase(input: 24, output: 17, height: 9, width: 8, kernel: (1, 1), stride: (2, 2), pad: (0, 0))),
    Layer(conv: ConvCase(input: 3, output: 33, height: 17, width: 19, kernel: (7, 7), stride: (2, 2), pad: (3, 3))),
    Layer(conv: ConvCase(input: 1, output: 4, height: 12, width: 9)),
    Layer(conv: ConvCase(input: 19, output: 45, height: 10, width: 7, kernel: (3, 2), dilation: (1, 2))),
    Layer(conv: ConvCase(input: 20, output: 37, height: 11, width: 12, stride: (2, 1), dilation: (2, 2), pad: (2, 2))),
    Layer(conv: ConvCase(input: 33, output: 33, groups: 33, height: 9, width: 21)),
    Layer(
      conv: ConvCase(
        batch: 2, input: 21, output: 21, groups: 21, height: 7, width: 8, kernel: (5, 5), stride: (2, 2),
        pad: (2, 2)), reach: 255),
    Layer(conv: ConvCase(input: 40, output: 40, groups: 40, height: 12, width: 9, kernel: (5, 3), pad: (2, 1))),
    Layer(conv: ConvCase(input: 18, output: 18, groups: 18, height: 9, width: 8, stride: (2, 2), dilation: (2, 2))),
    Layer(conv: ConvCase(input: 64, output: 64, groups: 16, height: 6, width: 7)),
    Layer(conv: ConvCase(input: 12, output: 8, groups: 4, height: 6, width: 7)),
    Layer(conv: ConvCase(input: 8, output: 16, groups: 8, height: 6, width: 7)),
  ]

  private static let forms = availableISAs.flatMap { [($0, false), ($0, true)] }

  @Test(arguments: layers, [1, 2])
  func convolutionsAreExact(_ layer: Layer, threads: Int) {
    var random = SeededGenerator(5)
    let c = layer.conv
    let inputs = (0..<c.batch * c.input * c.height * c.width).map { _ in UInt8.random(in: 0...255, using: &random) }
    let each = c.input / c.groups * c.kernel.0 * c.kernel.1
    let weights = (0..<c.output * each).map { _ in
      Int16.random(in: Int16(-layer.reach)...Int16(layer.reach), using: &random)
    }
    let biases = (0..<c.output).map { _ in Int32.random(in: -9000...9000, using: &random) }
    let scales = (0..<c.output).map { _ in Float.random(in: 1e-4...3e-3, using: &random) }
    let steps = ock_steps(zero: 117, low: 3, high: 250)
    let expected = reference(c, inputs, weights, biases, scales, zero: 77, steps)
    for (isa, forbidden) in QuantisedTests.forms {
      under(isa) {
        ock_forbid_dot_products(forbidden)
        defer { ock_forbid_dot_products(false) }
        let result = run(c, inputs, weights, biases, scales, zero: 77, steps, threads: threads)
        #expect(result == expected, "\(isa), dot products forbidden: \(forbidden)")
      }
    }
  }

  /// The definition: padding holds the zero point; sums are whole numbers; half rounds to even.
  private func reference(
    _ c: ConvCase, _ x: [UInt8], _ w: [Int16], _ bias: [Int32], _ scales: [Float], zero: Int, _ steps: ock_steps
  ) -> [UInt8] {
    let (groupIn, groupOut) = (c.input / c.groups, c.output / c.groups)
    var out: [UInt8] = []
    for item in 0..<c.batch {
      for oc in 0..<c.output {
        for y in 0..<c.outHeight {
          for column in 0..<c.outWidth {
            var sum = Int(bias[oc])
            for ic in 0..<groupIn {
              for ky in 0..<c.kernel.0 {
                for kx in 0..<c.kernel.1 {
                  let iy = y * c.stride.0 - c.pad.0 + ky * c.dilation.0
                  let ix = column * c.stride.1 - c.pad.1 + kx * c.dilation.1
                  guard iy >= 0, iy < c.height, ix >= 0, ix < c.width else { continue }
                  let plane = (item * c.input + oc / groupOut * groupIn + ic) * c.height
                  sum +=
                    (Int(x[(plane + iy) * c.width + ix]) - zero)
                    * Int(w[((oc * groupIn + ic) * c.kernel.0 + ky) * c.kernel.1 + kx])
                }
              }
            }
            out.append(rounded(Float(sum) * scales[oc], steps))
          }
        }
      }
    }
    return out
  }

  private func rounded(_ x: Float, _ steps: ock_steps) -> UInt8 {
    UInt8(min(max(x.rounded(.toNearestOrEven) + Float(steps.zero), Float(steps.low)), Float(steps.high)))
  }

  private func run(
    _ c: ConvCase, _ x: [UInt8], _ w: [Int16], _ biases: [Int32], _ scales: [Float], zero: Int32, _ steps: ock_steps,
    threads: Int
  ) -> [UInt8] {
    var shape = c.shape
    var conv = ock_qconv()
    ock_qconv_init(&conv, &shape, Int32(((w.map { abs(Int($0)) }.max() ?? 0) + 126) / 127))
    let lanes = ock_byte_lanes(Int32(c.output))
    var packed = [Int8](repeating: 0, count: ock_qconv_weight_bytes(&conv))
    var sums = [Int32](repeating: 0, count: lanes)
    ock_qconv_pack(&conv, w, &packed, &sums)
    let offset = zero - ock_dot_offset(conv.dot)
    let bias = (0..<lanes).map { $0 < c.output ? biases[$0] - offset * sums[$0] : 0 }
    let factors = scales + [Float](repeating: 0, count: lanes - scales.count)
    let inWidth = c.input <= 4 ? 4 : Int(ock_byte_lanes(Int32(c.input)))
    let outWidth = c.output <= 4 ? 4 : lanes
    let (inArea, outArea) = (c.height * c.width, c.outHeight * c.outWidth)
    // The lanes beyond the channels hold anything.
    var source = [UInt8](repeating: 201, count: c.batch * inWidth * inArea)
    ock_bytes_to_blocked(x, &source, Int32(c.batch), Int32(c.input), Int32(inArea), 1)
    var target = [UInt8](repeating: 0, count: c.batch * outWidth * outArea)
    var scratch = [UInt8](repeating: 0, count: ock_qconv_scratch_bytes(&conv, Int32(threads)) + 1)
    source.withUnsafeBufferPointer { source in
      packed.withUnsafeBufferPointer { packed in
        bias.withUnsafeBufferPointer { bias in
          factors.withUnsafeBufferPointer { factors in
            target.withUnsafeMutableBufferPointer { target in
              scratch.withUnsafeMutableBufferPointer { scratch in
                var call = ock_qconv_call(
                  input: source.baseAddress, weights: packed.baseAddress, bias: bias.baseAddress,
                  scales: factors.baseAddress, float_bias: nil, output: target.baseAddress, float_output: nil,
                  scratch: scratch.baseAddress, input_batch: inWidth * inArea, output_batch: outWidth * outArea,
                  in_zero: zero, steps: steps, threads: Int32(threads))
                ock_qconv_run(&conv, &call)
              }
            }
          }
        }
      }
    }
    var out = [UInt8](repeating: 0, count: c.batch * c.output * outArea)
    ock_bytes_from_blocked(target, &out, Int32(c.batch), Int32(c.output), Int32(outArea), 1)
    return out
  }

  @Test(arguments: [(1, 100, 77), (6, 64, 16), (13, 37, 29), (50, 33, 1702), (7, 5, 3)], [127, 255])
  func productsAreExact(_ size: (Int, Int, Int), reach: Int) {
    let (m, n, k) = size
    var random = SeededGenerator(9)
    let a = (0..<m * k).map { _ in UInt8.random(in: 0...255, using: &random) }
    let b = (0..<k * n).map { _ in Int16.random(in: Int16(-reach)...Int16(reach), using: &random) }
    let scale: Float = 1e-4
    let parts = Int32((reach + 126) / 127)
    for (isa, forbidden) in QuantisedTests.forms {
      under(isa) {
        ock_forbid_dot_products(forbidden)
        defer { ock_forbid_dot_products(false) }
        let dot = ock_active_dot()
        let lanes = ock_byte_lanes(Int32(n))
        var packed = [Int8](repeating: 0, count: ock_qgemm_packed_bytes(Int32(k), Int32(n), parts))
        var sums = [Int32](repeating: 0, count: lanes)
        ock_qgemm_pack(b, false, Int32(k), Int32(n), parts, dot, &packed, &sums)
        let bias = sums.map { -(77 - ock_dot_offset(dot)) * $0 }
        let scales = [Float](repeating: scale, count: lanes)
        var floats = [Float](repeating: 0, count: m * n)
        var call = ock_qgemm_call()
        a.withUnsafeBufferPointer { a in
          packed.withUnsafeBufferPointer { packed in
            bias.withUnsafeBufferPointer { bias in
              scales.withUnsafeBufferPointer { scales in
                floats.withUnsafeMutableBufferPointer { floats in
                  call = ock_qgemm_call(
                    m: Int32(m), n: Int32(n), k: Int32(k), dot: dot, parts: parts, a: a.baseAddress, lda: k,
                    packed: packed.baseAddress, bias: bias.baseAddress, scales: scales.baseAddress, float_bias: nil,
                    c: nil, float_c: floats.baseAddress, steps: ock_steps(), threads: 2)
                  ock_qgemm(&call)
                }
              }
            }
          }
        }
        for row in 0..<m {
          for column in 0..<n {
            let sum = (0..<k).reduce(0) { $0 + (Int(a[row * k + $1]) - 77) * Int(b[$1 * n + column]) }
            #expect(floats[row * n + column] == Float(sum) * scale)
          }
        }
      }
    }
  }

  /// Quantising agrees with its definition on ties, beyond the range and on what is no number.
  @Test func quantisingRoundsHalfToEven() {
    let x: [Float] =
      [0.5, 1.5, 2.5, -0.5, -1.5, 1000, -1000, .infinity, -.infinity, .nan, 0.25] + noise(100, scale: 300)
    for isa in availableISAs {
      under(isa) {
        var y = [UInt8](repeating: 0, count: x.count)
        ock_quantize(x, &y, x.count, 1, ock_steps(zero: 10, low: 0, high: 255), 1)
        let expected = x.map { value -> UInt8 in
          UInt8(min(max((value.isNaN ? -.infinity : value).rounded(.toNearestOrEven) + 10, 0), 255))
        }
        #expect(y == expected, "\(isa)")
      }
    }
  }

  @Test func layoutsComeBack() {
    var random = SeededGenerator(3)
    for channels in [1, 3, 4, 5, 16, 37] {
      for area in [1, 15, 16, 100] {
        let planar = (0..<2 * channels * area).map { _ in UInt8.random(in: 0...255, using: &random) }
        for isa in availableISAs {
          under(isa) {
            let width = channels <= 4 ? 4 : Int(ock_byte_lanes(Int32(channels)))
            var blocked = [UInt8](repeating: 0, count: 2 * width * area)
            var back = [UInt8](repeating: 0, count: planar.count)
            ock_bytes_to_blocked(planar, &blocked, 2, Int32(channels), Int32(area), 2)
            ock_bytes_from_blocked(blocked, &back, 2, Int32(channels), Int32(area), 2)
            #expect(back == planar, "\(channels) channels of \(area), \(isa)")
          }
        }
      }
    }
  }

  @Test func tablesLookUpEveryByte() {
    var random = SeededGenerator(4)
    let table = (0..<256).map { _ in UInt8.random(in: 0...255, using: &random) }
    let x = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &random) }
    for isa in availableISAs {
      under(isa) {
        var y = x
        let count = y.count
        y.withUnsafeMutableBufferPointer { ock_byte_table(table, $0.baseAddress, $0.baseAddress, count, 1) }
        #expect(y == x.map { table[Int($0)] }, "\(isa)")
      }
    }
  }
}

import Foundation
import Kernels
import Testing

@Suite struct MatrixTests {
  static let sizes: [(Int, Int, Int)] = [
    (1, 1, 1), (1, 1000, 77), (6, 64, 16), (13, 37, 29), (197, 64, 197), (50, 33, 3100), (3, 130, 1601),
  ]

  @Test(arguments: availableISAs, sizes)
  func productsWithEveryEpilogue(isa: ock_isa, size: (Int, Int, Int)) {
    let (m, n, k) = size
    let a = noise(m * k, seed: 1)
    let b = noise(k * n, seed: 2)
    let bias = noise(n, seed: 3)
    let residual = noise(m * n, seed: 4)
    var sums = [Double](repeating: 0, count: m * n)
    for row in 0..<m {
      for i in 0..<k {
        for column in 0..<n { sums[row * n + column] += Double(a[row * k + i]) * Double(b[i * n + column]) }
      }
    }
    let transposed = (0..<n * k).map { b[$0 % k * n + $0 / k] }
    for (act, after) in [(none, false), (silu, true), (relu, false)] {
      let expected = sums.indices.map { at -> Float in
        let sum = sums[at] * 0.5 + Double(bias[at % n])
        return Float(
          after ? apply(act, sum) + Double(residual[at]) : apply(act, sum + Double(residual[at])))
      }
      for isTransposed in [false, true] {
        let actual = under(isa) {
          var packed = [Float](repeating: .nan, count: ock_gemm_packed_count(Int32(k), Int32(n)))
          let source = isTransposed ? transposed : b
          ock_gemm_pack(source, isTransposed ? k : n, isTransposed, Int32(k), Int32(n), &packed)
          var c = [Float](repeating: .nan, count: m * n)
          multiply(m, n, k, a, packed, bias, residual, &c, ock_epilogue(act: act, residual_after: after))
          return c
        }
        #expect(error(actual, expected) < 5e-6)
      }
    }
  }

  func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: [Float], _ packed: [Float], _ bias: [Float], _ residual: [Float],
    _ c: inout [Float], _ epilogue: ock_epilogue
  ) {
    a.withUnsafeBufferPointer { a in
      packed.withUnsafeBufferPointer { packed in
        bias.withUnsafeBufferPointer { bias in
          residual.withUnsafeBufferPointer { residual in
            c.withUnsafeMutableBufferPointer { c in
              var call = ock_gemm_call(
                m: Int32(m), n: Int32(n), k: Int32(k), a: a.baseAddress, packed_b: packed.baseAddress,
                bias: bias.baseAddress, residual: residual.baseAddress, c: c.baseAddress, lda: k, ldc: n, scale: 0.5,
                epilogue: epilogue, threads: 2)
              ock_gemm(&call)
            }
          }
        }
      }
    }
  }

  @Test(arguments: availableISAs)
  func batchesOfAttention(isa: ock_isa) {
    // Scores of 5 heads: Q [5][21][24] times the transpose of K [5][19][24].
    let (heads, m, n, k) = (5, 21, 19, 24)
    let q = noise(heads * m * k, seed: 1)
    let keys = noise(heads * n * k, seed: 2)
    var c = [Float](repeating: .nan, count: heads * m * n)
    under(isa) {
      var scratch = [Float](repeating: 0, count: 2 * ock_gemm_packed_count(Int32(k), Int32(n)))
      q.withUnsafeBufferPointer { q in
        keys.withUnsafeBufferPointer { keys in
          scratch.withUnsafeMutableBufferPointer { scratch in
            c.withUnsafeMutableBufferPointer { c in
              let one = ock_gemm_call(
                m: Int32(m), n: Int32(n), k: Int32(k), a: q.baseAddress, packed_b: nil, bias: nil, residual: nil,
                c: c.baseAddress, lda: k, ldc: n, scale: 2, epilogue: ock_epilogue(act: none, residual_after: false),
                threads: 2)
              var batch = ock_gemm_batch_call(
                one: one, b: keys.baseAddress, b_stride: k, b_transposed: true, count: Int32(heads), a_step: m * k,
                b_step: n * k, c_step: m * n, scratch: scratch.baseAddress)
              ock_gemm_batch(&batch)
            }
          }
        }
      }
    }
    var expected: [Float] = []
    for head in 0..<heads {
      for row in 0..<m {
        for column in 0..<n {
          expected.append(
            2 * (0..<k).reduce(0) { $0 + q[(head * m + row) * k + $1] * keys[(head * n + column) * k + $1] })
        }
      }
    }
    #expect(error(c, expected) < 2e-6)
  }

  @Test(arguments: availableISAs, [(1, 1), (16, 16), (33, 70), (200, 130)])
  func transposition(isa: ock_isa, size: (Int, Int)) {
    let (rows, columns) = size
    let x = noise(2 * rows * columns)
    var y = [Float](repeating: .nan, count: x.count)
    under(isa) { ock_transpose(x, &y, 2, Int32(rows), Int32(columns), 2) }
    for item in 0..<2 {
      for i in 0..<rows * columns {
        #expect(y[item * rows * columns + i % columns * rows + i / columns] == x[item * rows * columns + i])
      }
    }
  }

  @Test(arguments: availableISAs, [(1, 1), (16, 16), (33, 70), (3, 641)])
  func blockedAndBack(isa: ock_isa, size: (Int, Int)) {
    let (channels, area) = size
    let x = noise(2 * channels * area)
    under(isa) {
      let expected = blocked(x, 2, channels, area).map { $0.isNaN ? 0 : $0 }
      var y = [Float](repeating: .nan, count: expected.count)
      ock_to_blocked(x, channels * area, &y, y.count / 2, 2, Int32(channels), Int32(area), 2)
      #expect(y == expected)
      var back = [Float](repeating: .nan, count: x.count)
      ock_from_blocked(y, y.count / 2, &back, channels * area, 2, Int32(channels), Int32(area), 2)
      #expect(back == x)
    }
  }

  @Test(arguments: availableISAs, [1, 5, 16, 100, 1000])
  func softmaxAndLayerNorm(isa: ock_isa, columns: Int) {
    let rows = 7
    let x = noise(rows * columns, seed: 1, scale: 30)
    let residual = noise(rows * columns, seed: 2)
    let scale = noise(columns, seed: 3)
    let shift = noise(columns, seed: 4)
    var softmax = x
    var strided = x
    var normal = x
    var sum = x
    under(isa) {
      ock_softmax(x, &softmax, rows, columns, 2)
      ock_softmax_strided(x, &strided, 1, rows, columns, 2)
      ock_layer_norm(x, residual, scale, shift, 1e-5, &normal, &sum, rows, columns, 2)
    }
    func reference(_ values: [Double]) -> [Float] {
      let top = values.max() ?? 0
      let total = values.reduce(0) { $0 + exp($1 - top) }
      return values.map { Float(exp($0 - top) / total) }
    }
    var expectedNormal: [Float] = []
    for row in 0..<rows {
      let values = x[row * columns..<(row + 1) * columns].map(Double.init)
      #expect(error(Array(softmax[row * columns..<(row + 1) * columns]), reference(values)) < 2e-6)
      let sums = (0..<columns).map { Double(x[row * columns + $0] + residual[row * columns + $0]) }
      let mean = sums.reduce(0, +) / Double(columns)
      let variance = sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      expectedNormal += (0..<columns).map {
        Float((sums[$0] - mean) / (variance + 1e-5).squareRoot() * Double(scale[$0]) + Double(shift[$0]))
      }
    }
    #expect(error(normal, expectedNormal) < 1e-5)
    #expect(error(sum, zip(x, residual).map { $0 + $1 }) == 0)
    for column in 0..<columns {
      let expected = reference((0..<rows).map { Double(x[$0 * columns + column]) })
      #expect(error((0..<rows).map { strided[$0 * columns + column] }, expected) < 2e-6)
    }
  }

  @Test(arguments: availableISAs)
  func tapsSpread(isa: ock_isa) {
    let (blocks, height, width, kernelHeight, kernelWidth) = (2, 3, 5, 2, 3)
    under(isa) {
      let lanes = Int(ock_channel_block())
      let x = noise(kernelHeight * kernelWidth * blocks * height * width * lanes)
      var y = [Float](repeating: .nan, count: x.count)
      ock_interleave_taps(
        x, &y, Int32(blocks), Int32(height), Int32(width), Int32(kernelHeight), Int32(kernelWidth), 2)
      for block in 0..<blocks {
        for row in 0..<height * kernelHeight {
          for column in 0..<width * kernelWidth {
            let tap = row % kernelHeight * kernelWidth + column % kernelWidth
            let from = ((tap * blocks + block) * height + row / kernelHeight) * width + column / kernelWidth
            let to = (block * height * kernelHeight + row) * width * kernelWidth + column
            #expect(y[to * lanes + 1] == x[from * lanes + 1])
          }
        }
      }
    }
  }

  @Test func stridedCopiesWalkTheirAxes() {
    // A [3][4][5] array of words, its axes turned to [5][3][4].
    let x = (0..<60).map { Float($0) }
    for threads: Int32 in [1, 3] {
      var y = [Float](repeating: .nan, count: 60)
      x.withUnsafeBytes { source in
        y.withUnsafeMutableBytes { target in
          ock_strided_copy(
            source.bindMemory(to: UInt8.self).baseAddress, target.bindMemory(to: UInt8.self).baseAddress, [5, 3, 4],
            [4, 80, 20], 3, 4, threads)
        }
      }
      var expected: [Float] = []
      for last in 0..<5 {
        for first in 0..<3 { for middle in 0..<4 { expected.append(x[first * 20 + middle * 5 + last]) } }
      }
      #expect(y == expected)
    }
  }
}

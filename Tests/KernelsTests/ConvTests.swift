import Kernels
import Testing

/// A convolution to try: geometry from which the output's extent follows.
struct ConvCase: Sendable, CustomTestStringConvertible {
  var batch = 1
  var input: Int
  var output: Int
  var groups = 1
  var height: Int
  var width: Int
  var kernel: (Int, Int) = (3, 3)
  var stride: (Int, Int) = (1, 1)
  var dilation: (Int, Int) = (1, 1)
  var pad: (Int, Int) = (1, 1)

  var outHeight: Int { (height + 2 * pad.0 - (kernel.0 - 1) * dilation.0 - 1) / stride.0 + 1 }
  var outWidth: Int { (width + 2 * pad.1 - (kernel.1 - 1) * dilation.1 - 1) / stride.1 + 1 }

  var shape: ock_conv_shape {
    func n(_ value: Int) -> Int32 { Int32(value) }
    return ock_conv_shape(
      batch: n(batch), in_channels: n(input), out_channels: n(output), groups: n(groups), in_height: n(height),
      in_width: n(width), out_height: n(outHeight), out_width: n(outWidth), kernel_height: n(kernel.0),
      kernel_width: n(kernel.1), stride_y: n(stride.0), stride_x: n(stride.1), dilation_y: n(dilation.0),
      dilation_x: n(dilation.1), pad_top: n(pad.0), pad_left: n(pad.1))
  }

  var testDescription: String {
    "\(batch)x\(input)->\(output)/\(groups) \(height)x\(width) k\(kernel) s\(stride) d\(dilation) p\(pad)"
  }

  /// The definition, in double precision: planar input, weights, bias.
  func reference(_ x: [Float], _ w: [Float], _ bias: [Float]) -> [Double] {
    let groupIn = input / groups
    let groupOut = output / groups
    var out: [Double] = []
    for item in 0..<batch {
      for oc in 0..<output {
        for y in 0..<outHeight {
          for column in 0..<outWidth {
            var sum = Double(bias[oc])
            for ic in 0..<groupIn {
              let plane = (item * input + oc / groupOut * groupIn + ic) * height
              for ky in 0..<kernel.0 {
                let iy = y * stride.0 - pad.0 + ky * dilation.0
                guard iy >= 0, iy < height else { continue }
                for kx in 0..<kernel.1 {
                  let ix = column * stride.1 - pad.1 + kx * dilation.1
                  guard ix >= 0, ix < width else { continue }
                  sum +=
                    Double(x[(plane + iy) * width + ix])
                    * Double(w[((oc * groupIn + ic) * kernel.0 + ky) * kernel.1 + kx])
                }
              }
            }
            out.append(sum)
          }
        }
      }
    }
    return out
  }

  /// Runs the kernels of the active instruction set: planar in, planar out.
  func run(
    _ kind: ock_conv_kind, _ epilogue: ock_epilogue, _ x: [Float], _ w: [Float], _ bias: [Float], residual: [Float]?,
    threads: Int
  ) -> [Float]? {
    var conv = ock_conv()
    var geometry = shape
    guard ock_conv_init(&conv, &geometry, kind, epilogue) else { return nil }
    var packed = [Float](repeating: .nan, count: ock_conv_weight_count(&conv))
    ock_conv_pack(&conv, w, bias, &packed)
    let isPlanar = kind == OCK_CONV_PLANAR
    let source = isPlanar ? x : blocked(x, batch, input, height * width)
    let addend = residual.map { blocked($0, batch, output, outHeight * outWidth) }
    var scratch = [Float](repeating: .nan, count: ock_conv_scratch_count(&conv, Int32(threads)))
    var out = blocked(
      [Float](repeating: 0, count: batch * output * outHeight * outWidth), batch, output, outHeight * outWidth)
    source.withUnsafeBufferPointer { source in
      packed.withUnsafeBufferPointer { packed in
        scratch.withUnsafeMutableBufferPointer { scratch in
          out.withUnsafeMutableBufferPointer { out in
            func call(_ residual: UnsafePointer<Float>?) {
              var call = ock_conv_call(
                input: source.baseAddress, weights: packed.baseAddress, residual: residual, output: out.baseAddress,
                scratch: scratch.baseAddress, input_batch: source.count / batch, output_batch: out.count / batch,
                residual_batch: out.count / batch, threads: Int32(threads))
              ock_conv_run(&conv, &call)
            }
            if let addend { addend.withUnsafeBufferPointer { call($0.baseAddress) } } else { call(nil) }
          }
        }
      }
    }
    return planar(out, batch, output, outHeight * outWidth)
  }
}

let convCases: [ConvCase] = [
  ConvCase(input: 16, output: 64, height: 7, width: 9, kernel: (1, 1), pad: (0, 0)),
  ConvCase(batch: 2, input: 24, output: 40, height: 5, width: 11, kernel: (1, 1), pad: (0, 0)),
  ConvCase(input: 37, output: 130, height: 4, width: 5, kernel: (1, 1), pad: (0, 0)),
  ConvCase(input: 320, output: 96, height: 30, width: 17, kernel: (1, 1), pad: (0, 0)),
  ConvCase(input: 48, output: 33, height: 9, width: 9, kernel: (1, 1), stride: (2, 2), pad: (0, 0)),
  ConvCase(input: 3, output: 20, height: 15, width: 18, stride: (2, 2)),
  ConvCase(batch: 2, input: 4, output: 70, height: 12, width: 23, kernel: (7, 5), stride: (2, 3), pad: (3, 2)),
  ConvCase(input: 1, output: 16, height: 20, width: 41),
  ConvCase(input: 16, output: 16, height: 13, width: 14),
  ConvCase(batch: 2, input: 19, output: 45, height: 10, width: 7),
  ConvCase(input: 64, output: 80, height: 21, width: 18),
  ConvCase(input: 256, output: 72, height: 9, width: 40),
  ConvCase(input: 20, output: 37, height: 11, width: 12, stride: (2, 1), dilation: (2, 3), pad: (2, 1)),
  ConvCase(input: 17, output: 9, height: 6, width: 5, kernel: (5, 5), pad: (4, 4)),
  ConvCase(input: 32, output: 32, groups: 32, height: 9, width: 21),
  ConvCase(
    batch: 2, input: 21, output: 21, groups: 21, height: 7, width: 8, kernel: (5, 5), stride: (2, 2), pad: (2, 2)),
  ConvCase(input: 24, output: 24, groups: 24, height: 3, width: 2, kernel: (5, 3), dilation: (2, 1), pad: (4, 1)),
  ConvCase(input: 32, output: 64, groups: 2, height: 8, width: 9),
  ConvCase(input: 64, output: 64, groups: 16, height: 6, width: 7),
  ConvCase(batch: 2, input: 104, output: 104, groups: 13, height: 7, width: 6),
  ConvCase(input: 120, output: 60, groups: 15, height: 7, width: 9, stride: (2, 2)),
  ConvCase(input: 6, output: 12, groups: 3, height: 9, width: 5, kernel: (3, 1), pad: (1, 0)),
  ConvCase(input: 16, output: 32, groups: 16, height: 5, width: 6),
  ConvCase(input: 144, output: 80, height: 44, width: 44, kernel: (1, 1), pad: (0, 0)),
  ConvCase(input: 24, output: 40, height: 9, width: 11, dilation: (4, 9), pad: (4, 9)),
]

@Suite struct ConvTests {
  static let epilogues: [(ock_epilogue, Bool)] = [
    (ock_epilogue(act: none, residual_after: false), false),
    (ock_epilogue(act: relu, residual_after: false), true),
    (ock_epilogue(act: silu, residual_after: true), true),
  ]

  @Test(arguments: availableISAs, convCases)
  func agreesWithTheDefinition(isa: ock_isa, sample: ConvCase) {
    let x = noise(sample.batch * sample.input * sample.height * sample.width, seed: 2)
    let w = noise(sample.output * sample.input / sample.groups * sample.kernel.0 * sample.kernel.1, seed: 3)
    let bias = noise(sample.output, seed: 4)
    let sums = sample.reference(x, w, bias)
    let residual = noise(sums.count, seed: 5)
    for kind in [OCK_CONV_PLANAR, OCK_CONV_BLOCKED, OCK_CONV_DEPTHWISE, OCK_CONV_WINOGRAD] {
      for (epilogue, hasResidual) in Self.epilogues {
        let expected = zip(sums, residual).map { sum, addend -> Float in
          let before = !epilogue.residual_after && hasResidual ? sum + Double(addend) : sum
          let active = apply(epilogue.act, before)
          return Float(epilogue.residual_after && hasResidual ? active + Double(addend) : active)
        }
        for threads in [1, 3] {
          let actual = under(isa) {
            sample.run(kind, epilogue, x, w, bias, residual: hasResidual ? residual : nil, threads: threads)
          }
          guard let actual else { continue }
          #expect(
            error(actual, expected) < (kind == OCK_CONV_WINOGRAD ? 4e-5 : 4e-6), "kind \(kind), \(threads) threads")
        }
      }
    }
  }

  @Test func choiceFollowsTheShape() {
    func choice(_ sample: ConvCase, planar: Bool = false, exact: Bool = false) -> ock_conv_kind {
      var shape = sample.shape
      return ock_conv_choose(&shape, planar, exact)
    }
    let wide = ConvCase(input: 64, output: 64, height: 56, width: 56)
    #expect(choice(wide) == OCK_CONV_WINOGRAD)
    #expect(choice(wide, exact: true) == OCK_CONV_BLOCKED)
    #expect(choice(ConvCase(input: 512, output: 512, height: 7, width: 7)) == OCK_CONV_BLOCKED)
    #expect(choice(ConvCase(input: 3, output: 32, height: 64, width: 64), planar: true) == OCK_CONV_PLANAR)
    #expect(choice(ConvCase(input: 32, output: 32, groups: 32, height: 8, width: 8)) == OCK_CONV_DEPTHWISE)
  }
}

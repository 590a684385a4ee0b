import Kernels
import Testing

@Suite struct PoolingTests {
  static let shapes: [ock_pool_shape] = [
    shape(13, 17, kernel: 3, stride: 2, pad: 1), shape(8, 31, kernel: 2, stride: 2, pad: 0),
    shape(9, 9, kernel: 5, stride: 1, pad: 2), shape(7, 6, kernel: 3, stride: 1, pad: 1, dilation: 2),
    shape(6, 5, kernel: 3, stride: 2, pad: 1, extra: 1),
  ]

  static func shape(
    _ height: Int32, _ width: Int32, kernel: Int32, stride: Int32, pad: Int32, dilation: Int32 = 1, extra: Int32 = 0
  ) -> ock_pool_shape {
    func extent(_ input: Int32) -> Int32 { (input + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1 + extra }
    return ock_pool_shape(
      blocks: 0, in_height: height, in_width: width, out_height: extent(height), out_width: extent(width),
      kernel_height: kernel, kernel_width: kernel, stride_y: stride, stride_x: stride, dilation_y: dilation,
      dilation_x: dilation, pad_top: pad, pad_left: pad, pad_bottom: pad, pad_right: pad, count_padding: false)
  }

  @Test(arguments: availableISAs, shapes)
  func agreesWithTheDefinition(isa: ock_isa, shape: ock_pool_shape) {
    let channels = 21
    let (height, width) = (Int(shape.in_height), Int(shape.in_width))
    let outArea = Int(shape.out_height * shape.out_width)
    let x = noise(channels * height * width)
    for counts in [false, true] {
      var expectedMax: [Float] = []
      var expectedMean: [Float] = []
      for channel in 0..<channels {
        for at in 0..<outArea {
          var values: [Float] = []
          var padded = 0
          for k in 0..<Int(shape.kernel_height * shape.kernel_width) {
            let (ky, kx) = (k / Int(shape.kernel_width), k % Int(shape.kernel_width))
            let y = at / Int(shape.out_width) * Int(shape.stride_y) - Int(shape.pad_top) + ky * Int(shape.dilation_y)
            let column =
              at % Int(shape.out_width) * Int(shape.stride_x) - Int(shape.pad_left) + kx * Int(shape.dilation_x)
            if y < height + Int(shape.pad_bottom), column < width + Int(shape.pad_right) { padded += 1 }
            guard y >= 0, y < height, column >= 0, column < width else { continue }
            values.append(x[(channel * height + y) * width + column])
          }
          expectedMax.append(values.max() ?? -.infinity)
          expectedMean.append(values.isEmpty ? 0 : values.reduce(0, +) / Float(counts ? padded : values.count))
        }
      }
      under(isa) {
        var window = shape
        window.blocks = ock_blocks(Int32(channels))
        window.count_padding = counts
        let source = blocked(x, 1, channels, height * width)
        var out = [Float](repeating: 0, count: Int(window.blocks * ock_channel_block()) * outArea)
        ock_max_pool(&window, source, &out, 2)
        #expect(error(planar(out, 1, channels, outArea), expectedMax) == 0)
        ock_average_pool(&window, source, &out, 2)
        #expect(error(planar(out, 1, channels, outArea), expectedMean) < 1e-6)
      }
    }
  }

  @Test(arguments: availableISAs, [1, 49, 230])
  func globalPooling(isa: ock_isa, area: Int) {
    let channels = 37
    let x = noise(channels * area)
    under(isa) {
      let source = blocked(x, 1, channels, area)
      var out = [Float](repeating: 0, count: Int(ock_blocks(37) * ock_channel_block()))
      func rows(_ reduce: (ArraySlice<Float>) -> Float) -> [Float] {
        (0..<channels).map { reduce(x[$0 * area..<($0 + 1) * area]) }
      }
      ock_global_average(source, &out, ock_blocks(37), Int32(area), 2)
      #expect(error(planar(out, 1, channels, 1), rows { $0.reduce(0, +) / Float(area) }) < 1e-6)
      ock_global_max(source, &out, ock_blocks(37), Int32(area), 2)
      #expect(error(planar(out, 1, channels, 1), rows { $0.max() ?? 0 }) == 0)
    }
  }

  @Test(arguments: availableISAs)
  func resizing(isa: ock_isa) {
    let (channels, height, width, outHeight, outWidth) = (19, 5, 7, 11, 9)
    let x = noise(channels * height * width)
    let rows = (0..<outHeight).map { Int32($0 * height / outHeight) }
    let columns = (0..<outWidth).map { Int32($0 * width / outWidth) }
    func taps(_ lows: [Int32], _ extent: Int) -> [ock_tap] {
      lows.enumerated().map { ock_tap(low: $1, high: min($1 + 1, Int32(extent - 1)), weight: Float($0 % 4) / 4) }
    }
    let rowTaps = taps(rows, height)
    let columnTaps = taps(columns, width)
    under(isa) {
      let source = blocked(x, 1, channels, height * width)
      let blocks = ock_blocks(Int32(channels))
      var nearest = [Float](repeating: 0, count: Int(blocks * ock_channel_block()) * outHeight * outWidth)
      var linear = nearest
      ock_resize_nearest(
        source, &nearest, blocks, Int32(height), Int32(width), Int32(outHeight), Int32(outWidth), rows, columns, 2)
      ock_resize_linear(
        source, &linear, blocks, Int32(height), Int32(width), Int32(outHeight), Int32(outWidth), rowTaps, columnTaps, 2)
      func at(_ channel: Int, _ y: Int32, _ column: Int32) -> Float {
        x[(channel * height + Int(y)) * width + Int(column)]
      }
      var expectedNearest: [Float] = []
      var expectedLinear: [Float] = []
      for channel in 0..<channels {
        for y in 0..<outHeight {
          for column in 0..<outWidth {
            expectedNearest.append(at(channel, rows[y], columns[column]))
            let (r, c) = (rowTaps[y], columnTaps[column])
            let top = at(channel, r.low, c.low) * (1 - c.weight) + at(channel, r.low, c.high) * c.weight
            let bottom = at(channel, r.high, c.low) * (1 - c.weight) + at(channel, r.high, c.high) * c.weight
            expectedLinear.append(top * (1 - r.weight) + bottom * r.weight)
          }
        }
      }
      #expect(error(planar(nearest, 1, channels, outHeight * outWidth), expectedNearest) == 0)
      #expect(error(planar(linear, 1, channels, outHeight * outWidth), expectedLinear) < 1e-6)
    }
  }
}

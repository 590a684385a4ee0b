import Ground
package import Vision

/// A picture reduced to a grid of samples in linear light, each the mean of its share of the pixels.
package struct SampleGrid {
  package fileprivate(set) var columns = 0
  package fileprivate(set) var rows = 0
  /// Red, green, blue in 0...65535, row by row.
  package fileprivate(set) var values: [UInt16] = []

  package init() {}

  /// A sample as an sRGB colour.
  @inline(__always)
  package func color(_ column: Int, _ row: Int) -> Color {
    let i = (row * columns + column) * 3
    let table = LinearLight.toSRGB
    return Color(table[Int(values[i] >> 4)], table[Int(values[i + 1] >> 4)], table[Int(values[i + 2] >> 4)])
  }

  /// A sample's brightness, 0...255 as the eye sees it.
  @inline(__always)
  package func brightness(_ column: Int, _ row: Int) -> Int {
    let i = (row * columns + column) * 3
    let linear = (Int(values[i]) * 218 + Int(values[i + 1]) * 732 + Int(values[i + 2]) * 74) >> 10
    return Int(LinearLight.toSRGB[min(4095, linear >> 4)])
  }

  /// The mean brightness, 0...255 as the eye sees it.
  package var meanBrightness: Int {
    guard !values.isEmpty else { return 0 }
    var sum = 0
    for value in values { sum += Int(value) }
    return Int(LinearLight.toSRGB[min(4095, (sum / values.count) >> 4)])
  }
}

/// Reduces images of any format to a ``SampleGrid``. Keeps its memory between frames.
package struct PictureSampler {
  /// More pixels than these per sample and axis are thinned out evenly: large cameras cost no more than small ones.
  private static let mostTaps = 5

  private struct Span {
    var start: Int
    var end: Int
    var step: Int
    var taps: Int
  }

  private var columns: [Span] = []
  private var rows: [Span] = []
  private var sums: [UInt32] = []

  package init() {}

  /// Samples `region` (pixels of the image) into `grid`.
  package mutating func sample(_ image: Image, region: Box, columns: Int, rows: Int, into grid: inout SampleGrid) {
    guard columns > 0, rows > 0 else {
      grid.columns = 0
      grid.rows = 0
      grid.values.removeAll(keepingCapacity: true)
      return
    }
    Self.spans(&self.columns, count: columns, from: region.x, length: region.width, limit: image.width)
    Self.spans(&self.rows, count: rows, from: region.y, length: region.height, limit: image.height)
    grid.columns = columns
    grid.rows = rows
    let count = columns * rows * 3
    if grid.values.count != count { grid.values = [UInt16](repeating: 0, count: count) }
    if sums.count != columns * 3 { sums = [UInt32](repeating: 0, count: columns * 3) }
    withExtendedLifetime(image) {
      switch image.format {
      case .rgb24: run(PackedReader(image, stride: 3, red: 0, green: 1, blue: 2), into: &grid)
      case .bgr24: run(PackedReader(image, stride: 3, red: 2, green: 1, blue: 0), into: &grid)
      case .rgba32: run(PackedReader(image, stride: 4, red: 0, green: 1, blue: 2), into: &grid)
      case .gray8:
        if let levels = image.levels {
          run(MeasuredReader(image, MeasuredColors.table(of: levels.quantity)), into: &grid)
        } else {
          run(PackedReader(image, stride: 1, red: 0, green: 0, blue: 0), into: &grid)
        }
      case .yuyv: run(PackedYUVReader(image, luma: 0, chroma: 1), into: &grid)
      case .uyvy: run(PackedYUVReader(image, luma: 1, chroma: 0), into: &grid)
      case .nv12, .yuv420, .yuv422: run(PlanarYUVReader(image), into: &grid)
      }
    }
  }

  /// The pixels of each sample along one axis; at least one each, all inside the image.
  private static func spans(_ spans: inout [Span], count: Int, from origin: Float, length: Float, limit: Int) {
    spans.removeAll(keepingCapacity: true)
    let start = origin.isFinite ? max(0, min(Double(origin), Double(limit - 1))) : 0
    let whole = length.isFinite ? max(1, min(Double(length), Double(limit) - start)) : 1
    for i in 0..<count {
      let from = min(limit - 1, Int(saturating: start + whole * Double(i) / Double(count)))
      let to = max(from + 1, min(limit, Int(saturating: start + whole * Double(i + 1) / Double(count))))
      let step = max(1, (to - from) / mostTaps)
      spans.append(Span(start: from, end: to, step: step, taps: (to - from + step - 1) / step))
    }
  }

  private mutating func run(_ source: some PixelReader, into grid: inout SampleGrid) {
    var reader = source
    let linear = LinearLight.fromSRGB
    linear.withUnsafeBufferPointer { table in
      sums.withUnsafeMutableBufferPointer { sums in
        grid.values.withUnsafeMutableBufferPointer { values in
          var out = 0
          for row in rows {
            sums.update(repeating: 0)
            var y = row.start
            while y < row.end {
              reader.select(row: y)
              Self.accumulate(reader, columns, table, sums)
              y &+= row.step
            }
            for (i, column) in columns.enumerated() {
              let taps = UInt32(row.taps * column.taps)
              values[out] = UInt16(sums[i * 3] / taps)
              values[out + 1] = UInt16(sums[i * 3 + 1] / taps)
              values[out + 2] = UInt16(sums[i * 3 + 2] / taps)
              out += 3
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func accumulate(
    _ reader: some PixelReader, _ columns: [Span], _ table: UnsafeBufferPointer<UInt16>,
    _ sums: UnsafeMutableBufferPointer<UInt32>
  ) {
    for (i, column) in columns.enumerated() {
      var red: UInt32 = 0
      var green: UInt32 = 0
      var blue: UInt32 = 0
      var x = column.start
      while x < column.end {
        let pixel = reader.pixel(x)
        red &+= UInt32(table[pixel.red])
        green &+= UInt32(table[pixel.green])
        blue &+= UInt32(table[pixel.blue])
        x &+= column.step
      }
      // At most 10 x 10 taps of 16 bits: no overflow.
      sums[i &* 3] &+= red
      sums[i &* 3 &+ 1] &+= green
      sums[i &* 3 &+ 2] &+= blue
    }
  }
}

import Ground
import Kernels

/// RoiAlign and MaxRoiPool: features of regions, at one size.
enum RegionPoolingOperators {
  static let definitions: [OperatorDefinition] = [
    // Before opset 16 regions were not moved by half a pixel.
    .tensor("RoiAlign", since: 10) { try roiAlign($0, transform: "output_half_pixel") },
    .tensor("RoiAlign", since: 16) { try roiAlign($0, transform: "half_pixel") },
    .tensor("MaxRoiPool") { attributes in
      let size = try attributes.ints("pooled_shape") ?? []
      let scale = try attributes.float("spatial_scale", default: 1)
      try require(size.count == 2 && size.allSatisfy { $0 > 0 && $0 < 1 << 16 }, "a pooled shape of \(size)")
      return { x in try maxPool(try x.tensor(0), try x.tensor(1), size: size, scale: scale) }
    },
  ]

  private static func roiAlign(
    _ attributes: NodeAttributes, transform fallback: String
  ) throws -> @Sendable (Arguments) throws -> Tensor {
    let transform = try attributes.string("coordinate_transformation_mode", default: fallback)
    let mode = try attributes.string("mode", default: "avg")
    guard mode == "avg" || mode == "max" else { throw InferenceError(.badAttribute, "cannot pool by '\(mode)'") }
    let align = RegionAlignment(
      height: try attributes.int("output_height", default: 1), width: try attributes.int("output_width", default: 1),
      ratio: try attributes.int("sampling_ratio", default: 0),
      scale: try attributes.float("spatial_scale", default: 1), halfPixel: transform == "half_pixel",
      takesMaximum: mode == "max")
    try require(
      [align.height, align.width].allSatisfy { $0 > 0 && $0 <= 1 << 8 } && align.ratio >= 0 && align.ratio < 1 << 10,
      "an output of \(align.height)x\(align.width) with \(align.ratio) samples")
    return { x in try align.apply(try x.tensor(0), try x.tensor(1), try x.tensor(2).integers()) }
  }

  /// Regions (n, 5): batch index and corners in input coordinates (Girshick, Fast R-CNN, 2015).
  private static func maxPool(_ x: Tensor, _ regions: Tensor, size: [Int], scale: Float) throws -> Tensor {
    try require(
      x.rank == 4 && regions.rank == 2 && regions.shape[1] == 5, "regions of shape \(regions.shape) in \(x.shape)")
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    let result = try Tensor(zeros: .float32, [regions.shape[0], channels] + size)
    let (data, corners) = (try x.floats(), try regions.floats())
    let target = result.elements(as: Float.self)
    for region in 0..<regions.shape[0] {
      let numbers = corners[(region * 5)..<(region * 5 + 5)]
      let batch = Int(saturating: bounded(numbers[region * 5]))
      try require(batch >= 0 && batch < x.shape[0], "region \(region) is in batch \(batch)")
      let ends = numbers.dropFirst().map { Int(saturating: bounded($0 * scale).rounded()) }
      let rows = bins(ends[1], ends[3], size[0], height)
      let columns = bins(ends[0], ends[2], size[1], width)
      for channel in 0..<channels {
        let plane = (batch * channels + channel) * height * width
        for (i, rowRange) in rows.enumerated() {
          for (j, columnRange) in columns.enumerated() {
            var best: Float?
            for row in rowRange {
              for column in columnRange { best = max(best ?? -.infinity, data[plane + row * width + column]) }
            }
            target[((region * channels + channel) * size[0] + i) * size[1] + j] = best ?? 0
          }
        }
      }
    }
    return try result.converted(to: x.type)
  }

  /// The input elements of each bin along one axis.
  private static func bins(_ start: Int, _ end: Int, _ count: Int, _ extent: Int) -> [Range<Int>] {
    let length = Float(max(end - start + 1, 1)) / Float(count)
    return (0..<count).map { bin in
      let low = min(max(Int(saturating: (Float(bin) * length).rounded(.down)) + start, 0), extent)
      let high = min(max(Int(saturating: (Float(bin + 1) * length).rounded(.up)) + start, 0), extent)
      return low..<max(low, high)
    }
  }
}

/// A coordinate that converts to an integer: no NaN, and far outside any image at most.
private func bounded(_ coordinate: Float) -> Float { coordinate.isNaN ? 0 : min(max(coordinate, -1e6), 1e6) }

/// RoiAlign (He et al., Mask R-CNN, 2017): bilinear samples at regular points of each bin, averaged or their maximum.
private struct RegionAlignment: Sendable {
  let height: Int
  let width: Int
  /// Samples along each side of a bin; 0 takes as many as the bin has pixels.
  let ratio: Int
  let scale: Float
  let halfPixel: Bool
  let takesMaximum: Bool

  /// Four pixels and their weights a sample, bin after bin.
  private struct Samples {
    var offsets: [Int32] = []
    var weights: [Float] = []
    var perBin = 0
  }

  func apply(_ x: Tensor, _ regions: Tensor, _ batches: [Int]) throws -> Tensor {
    try require(
      x.rank == 4 && regions.rank == 2 && regions.shape[1] == 4 && batches.count == regions.shape[0],
      "regions of shape \(regions.shape) in \(x.shape)")
    try require(!x.shape.contains(0) || regions.count == 0, "no features in shape \(x.shape)")
    try require(
      x.shape[1] <= Int(Int32.max) && x.shape[2] * x.shape[3] <= Int(Int32.max), "features of shape \(x.shape)")
    try require(batches.allSatisfy { $0 >= 0 && $0 < x.shape[0] }, "a batch index outside \(x.shape[0])")
    let (data, corners) = (try x.converted(to: .float32), try regions.floats())
    let (channels, plane) = (x.shape[1], x.shape[2] * x.shape[3])
    let result = try Tensor(uninitialized: .float32, [batches.count, channels, height, width])
    // With many samples it pays to lay the channels of each pixel side by side first.
    let sampled = Double(batches.count) * Double(height * width * max(1, ratio * ratio))
    let isTurned = sampled >= Double(plane) && x.count > 0
    let features = isTurned ? try turned(data) : data
    let (source, target) = (features.pointer(to: Float.self), result.mutablePointer(to: Float.self))
    try withExtendedLifetime(features) {
      for region in batches.indices {
        let samples = try samples(corners[(region * 4)..<(region * 4 + 4)], x.shape[2], x.shape[3])
        let steps = isTurned ? (channel: 1, pixel: channels) : (channel: plane, pixel: 1)
        let output = target + region * channels * height * width
        pool(samples, source + batches[region] * channels * plane, channels, steps, to: output)
      }
    }
    return try result.converted(to: x.type)
  }

  /// [batch, rows, columns, channels] of [batch, channels, rows, columns].
  private func turned(_ x: Tensor) throws -> Tensor {
    let result = try Tensor(uninitialized: .float32, [x.shape[0], x.shape[2], x.shape[3], x.shape[1]])
    ock_transpose(
      x.pointer(to: Float.self), result.mutablePointer(to: Float.self), Int32(clamping: x.shape[0]),
      Int32(x.shape[1]), Int32(x.shape[2] * x.shape[3]), 1)
    return result
  }

  private func pool(
    _ samples: Samples, _ features: UnsafePointer<Float>, _ channels: Int, _ steps: (channel: Int, pixel: Int),
    to output: UnsafeMutablePointer<Float>
  ) {
    samples.offsets.withUnsafeBufferPointer { offsets in
      samples.weights.withUnsafeBufferPointer { weights in
        var bins = ock_bins(
          channels: Int32(channels), bins: Int32(height * width), samples: Int32(samples.perBin),
          channel_step: steps.channel, pixel_step: steps.pixel, offset: offsets.baseAddress,
          weight: weights.baseAddress, takes_maximum: takesMaximum)
        ock_pool_bins(&bins, features, output, 1)
      }
    }
  }

  /// The samples of every bin of a region, bin after bin.
  private func samples(
    _ region: ArraySlice<Float>, _ rows: Int, _ columns: Int
  ) throws -> Samples {
    let shift: Float = halfPixel ? 0.5 : 0
    let corners = region.map { bounded($0 * scale) - shift }
    var (spanX, spanY) = (corners[2] - corners[0], corners[3] - corners[1])
    if !halfPixel { (spanX, spanY) = (max(spanX, 1), max(spanY, 1)) }
    let (binHeight, binWidth) = (spanY / Float(height), spanX / Float(width))
    let countY = ratio > 0 ? ratio : max(0, Int(saturating: binHeight.rounded(.up)))
    let countX = ratio > 0 ? ratio : max(0, Int(saturating: binWidth.rounded(.up)))
    let (perBin, overflow) = countY.multipliedReportingOverflow(by: countX)
    try require(!overflow && perBin < (1 << 24) / (height * width) + 1, "a region of \(spanX)x\(spanY) features")
    var samples = Samples(perBin: perBin)
    samples.offsets.reserveCapacity(4 * perBin * height * width)
    samples.weights.reserveCapacity(4 * perBin * height * width)
    for binY in 0..<height {
      for binX in 0..<width {
        for stepY in 0..<countY {
          let y = place(corners[1], binY, binHeight, stepY, of: countY)
          for stepX in 0..<countX {
            let x = place(corners[0], binX, binWidth, stepX, of: countX)
            add(y, x, rows, columns, to: &samples)
          }
        }
      }
    }
    return samples
  }

  /// Where a sample of a bin lies along one axis, added up as ONNX Runtime does it: what a coordinate's last bit changes
  /// is multiplied by the steepness of the features.
  private func place(_ start: Float, _ bin: Int, _ size: Float, _ step: Int, of count: Int) -> Float {
    start + Float(bin) * size + (Float(step) + 0.5) * size / Float(count)
  }

  private func add(_ y: Float, _ x: Float, _ rows: Int, _ columns: Int, to samples: inout Samples) {
    if y < -1 || y > Float(rows) || x < -1 || x > Float(columns) {
      for _ in 0..<4 {
        samples.offsets.append(0)
        samples.weights.append(0)
      }
      return
    }
    let (top, bottom, fractionY) = neighbours(y, rows)
    let (left, right, fractionX) = neighbours(x, columns)
    for (row, share) in [(top, 1 - fractionY), (bottom, fractionY)] {
      samples.offsets.append(Int32(row * columns + left))
      samples.offsets.append(Int32(row * columns + right))
      samples.weights.append(share * (1 - fractionX))
      samples.weights.append(share * fractionX)
    }
  }

  private func neighbours(_ place: Float, _ extent: Int) -> (Int, Int, Float) {
    let inside = max(place, 0)
    let low = Int(saturating: inside)
    return low >= extent - 1 ? (extent - 1, extent - 1, 0) : (low, low + 1, inside - Float(low))
  }
}

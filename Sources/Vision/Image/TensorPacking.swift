/// The order of a network's input channels.
public enum ChannelOrder: String, Sendable, CaseIterable {
  case rgb = "RGB"
  case bgr = "BGR"
  /// One channel: BT.601 luma.
  case gray = "GRAY"

  public var channels: Int { self == .gray ? 1 : 3 }
}

/// How a picture's pixels become a network's numbers: `(pixel * scale - mean) / deviation` for each channel, pixels in
/// 0...255, channels in the network's order.
public struct Normalization: Sendable, Hashable {
  public var order: ChannelOrder
  public var scale: Float
  /// One value a channel.
  public var mean: [Float]
  public var deviation: [Float]
  /// The pixel value that fills what the picture does not cover, before normalising.
  public var pad: Float

  public init(
    order: ChannelOrder = .rgb, scale: Float = 1 / 255, mean: [Float] = [0, 0, 0], deviation: [Float] = [1, 1, 1],
    pad: Float = 114
  ) {
    self.order = order
    self.scale = scale
    self.mean = mean
    self.deviation = deviation
    self.pad = pad
  }

  /// Factor and addend of channel `index`; missing means and deviations count as 0 and 1.
  func affine(_ index: Int) -> (factor: Float, addend: Float) {
    let deviation = index < deviation.count ? deviation[index] : 1
    let mean = index < mean.count ? mean[index] : 0
    return (scale / deviation, -mean / deviation)
  }
}

extension Resampler {
  /// Fills `out` with the picture as `placement` shows it: `order.channels` planes of `height` rows of `width` floats,
  /// or the same interleaved.
  ///
  /// - Parameter out: room for channels x height x width values.
  public func pack(
    _ image: Image, _ placement: Placement, _ filter: ResizeFilter, _ normalization: Normalization,
    interleaved: Bool = false, into out: UnsafeMutablePointer<Float>
  ) {
    if Resampler.hasKernel(image, placement, filter, normalization, interleaved: interleaved) {
      let scratch = kernelScratch.pointer(Resampler.pictureScratchCount(image, placement))
      return Resampler.packWithKernel(image, placement, normalization, scratch: scratch, into: out)
    }
    let channels = normalization.order.channels
    let plane = placement.width * placement.height
    let affine = (0..<channels).map { normalization.affine($0) }
    let strideX = interleaved ? channels : 1
    let strideC = interleaved ? 1 : plane
    if placement.columns.count < placement.width || placement.rows.count < placement.height {
      for channel in 0..<channels {
        let value = normalization.pad * affine[channel].factor + affine[channel].addend
        if interleaved {
          for index in 0..<plane { out[index * channels + channel] = value }
        } else {
          (out + channel * plane).update(repeating: value, count: plane)
        }
      }
    }
    let count = placement.columns.count
    resample(image, placement, filter) { row, pixels in
      let start = (row * placement.width + placement.columns.lowerBound) * strideX
      if normalization.order == .gray {
        let weights = SIMD4<Float>(0.299, 0.587, 0.114, 0) * affine[0].factor
        let to = out + start
        for x in 0..<count { to[x] = (pixels[x] * weights).sum() + affine[0].addend }
        return
      }
      for channel in 0..<3 {
        let from = normalization.order == .bgr ? 2 - channel : channel
        let (factor, addend) = affine[channel]
        let to = out + start + channel * strideC
        for x in 0..<count { to[x * strideX] = pixels[x][from] * factor + addend }
      }
    }
  }
}

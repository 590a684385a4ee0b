import Ground

/// Cuts, scales and converts pictures of any format in one pass over their rows, in memory that it reuses.
///
/// Rows are converted to RGB and scaled horizontally once each, kept in a ring as long as the vertical filter needs
/// them, and handed out finished from top to bottom. One thread at a time.
public final class Resampler {
  private var horizontal = ResizeAxis()
  private var vertical = ResizeAxis()
  private var bytes = Workspace<UInt8>()
  private var source = Workspace<SIMD4<Float>>()
  private var ring = Workspace<SIMD4<Float>>()
  private var finished = Workspace<SIMD4<Float>>()
  var kernelScratch = Workspace<Float>()

  public init() {}

  /// Memory that only grows. Only the call that asked for it uses its pointer.
  struct Workspace<Element: BitwiseCopyable>: ~Copyable {
    private var buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: 1)

    mutating func pointer(_ count: Int) -> UnsafeMutablePointer<Element> {
      if buffer.count < count {
        buffer.deallocate()
        buffer = .allocate(capacity: count)
      }
      // Safe: never empty, so the base is never nil.
      return buffer.baseAddress.unsafelyUnwrapped
    }

    deinit { buffer.deallocate() }
  }

  /// Calls `emit` for each input row that shows the picture, with its pixels of `placement.columns` as R, G, B, 0 in
  /// 0...255. The pointer is valid during the call.
  func resample(
    _ image: Image, _ placement: Placement, _ filter: ResizeFilter,
    emit: (_ row: Int, _ pixels: UnsafePointer<SIMD4<Float>>) -> Void
  ) {
    let columns = placement.columns.count
    guard columns > 0, !placement.rows.isEmpty else { return }
    horizontal.prepare(
      .init(
        targets: placement.columns, sources: placement.sourceColumns, scale: placement.scaleX,
        offset: placement.offsetX, filter: filter))
    vertical.prepare(
      .init(
        targets: placement.rows, sources: placement.sourceRows, scale: placement.scaleY, offset: placement.offsetY,
        filter: filter))
    let reach = horizontal.reach
    let reader = RowReader(image)
    let rowBytes = bytes.pointer(reach.count * 3)
    let rowPixels = source.pointer(reach.count)
    let depth = vertical.longest
    let rows = ring.pointer(depth * columns)
    let out = finished.pointer(columns)
    var nextSource = vertical.reach.lowerBound

    withExtendedLifetime(image.storage) {
      for (index, run) in vertical.runs.enumerated() {
        let first = Int(run.source)
        let end = first + Int(run.count)
        nextSource = max(nextSource, first)
        while nextSource < end {
          reader.read(row: nextSource, columns: reach, into: rowBytes)
          widen(rowBytes, reach.count, rowPixels)
          scaleRow(
            rowPixels, base: reach.lowerBound, round: filter == .antialias, into: rows + (nextSource % depth) * columns)
          nextSource += 1
        }
        vertical.weights.withUnsafeBufferPointer { weights in
          for row in first..<end {
            let weight = SIMD4<Float>(repeating: weights[Int(run.first) + row - first])
            let from = rows + (row % depth) * columns
            if row == first {
              for x in 0..<columns { out[x] = from[x] * weight }
            } else {
              for x in 0..<columns { out[x] += from[x] * weight }
            }
          }
        }
        if filter == .antialias { for x in 0..<columns { out[x] = Resampler.wholePixel(out[x]) } }
        emit(placement.rows.lowerBound + index, out)
      }
    }
  }

  /// Rounds 0...255 to whole numbers, halves up, as Pillow does after each of its two passes: networks are trained on
  /// bytes.
  ///
  /// Adding 1.5 * 2^23 leaves no room for a fraction in a float's mantissa; that rounds halves to even numbers, so what
  /// is a half up to the sums' own error is first lifted over it.
  @inline(__always)
  private static func wholePixel(_ value: SIMD4<Float>) -> SIMD4<Float> {
    let magic = SIMD4<Float>(repeating: 12_582_912)
    return (value + SIMD4(repeating: 1e-4) + magic) - magic
  }

  private func widen(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ out: UnsafeMutablePointer<SIMD4<Float>>) {
    var from = bytes
    for x in 0..<count {
      out[x] = SIMD4(Float(from[0]), Float(from[1]), Float(from[2]), 0)
      from += 3
    }
  }

  private func scaleRow(
    _ pixels: UnsafePointer<SIMD4<Float>>, base: Int, round: Bool, into out: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    horizontal.weights.withUnsafeBufferPointer { weights in
      horizontal.runs.withUnsafeBufferPointer { runs in
        for x in 0..<runs.count {
          let run = runs[x]
          let from = pixels + (Int(run.source) - base)
          var sum = SIMD4<Float>(repeating: 0)
          for tap in 0..<Int(run.count) {
            sum += from[tap] * SIMD4(repeating: weights[Int(run.first) + tap])
          }
          out[x] = round ? Resampler.wholePixel(sum) : sum
        }
      }
    }
  }

  /// The picture scaled to `width` x `height` as packed RGB, or nil if the size is not a picture's.
  public func scaled(
    _ image: Image, region: Box? = nil, width: Int, height: Int, rule: ResizeRule = .stretch, pad: UInt8 = 0,
    filter: ResizeFilter = .antialias
  ) -> Image? {
    guard PixelFormat.rgb24.planeSizes(width: width, height: height) != nil else { return nil }
    let storage = PixelStorage(count: width * height * 3)
    guard let result = Image(packed: width, height, .rgb24, fullRange: true, storage: storage) else { return nil }
    let placement = Placement(
      sourceWidth: image.width, sourceHeight: image.height, region: region, width: width, height: height, rule: rule)
    let out = result.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
    out.initialize(repeating: pad, count: width * height * 3)
    resample(image, placement, filter) { row, pixels in
      var to = out + (row * width + placement.columns.lowerBound) * 3
      for x in 0..<placement.columns.count {
        let pixel = pixels[x] + 0.5
        to[0] = UInt8(saturating: min(max(pixel[0], 0), 255))
        to[1] = UInt8(saturating: min(max(pixel[1], 0), 255))
        to[2] = UInt8(saturating: min(max(pixel[2], 0), 255))
        to += 3
      }
    }
    return result
  }
}

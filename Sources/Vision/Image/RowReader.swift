import Ground

/// Reads one row of a picture of any format as R G B bytes.
///
/// YUV follows the image's matrix and range, in 16-bit fixed point. A chroma sample holds for all the pixels it covers. This is
/// the plain reference beside the SIMD kernels.
struct RowReader {
  /// The conversion's factors times 65536.
  private struct Matrix {
    let lumaOffset: Int32
    let luma: Int32
    let redV: Int32
    let greenU: Int32
    let greenV: Int32
    let blueU: Int32

    init(_ image: Image) {
      let terms = image.matrix.terms(fullRange: image.fullRange, scale: 65536)
      (lumaOffset, luma) = (Int32(terms.lumaOffset), Int32(terms.luma))
      (redV, greenU) = (Int32(terms.redV), Int32(terms.greenU))
      (greenV, blueU) = (Int32(terms.greenV), Int32(terms.blueU))
    }

    @inline(__always)
    func store(_ y: UInt8, _ u: UInt8, _ v: UInt8, _ out: UnsafeMutablePointer<UInt8>) {
      let luma = (Int32(y) - lumaOffset) * self.luma + 32768
      let u = Int32(u) - 128
      let v = Int32(v) - 128
      out[0] = UInt8(clamping: (luma + redV * v) >> 16)
      out[1] = UInt8(clamping: (luma - greenU * u - greenV * v) >> 16)
      out[2] = UInt8(clamping: (luma + blueU * u) >> 16)
    }
  }

  private let image: Image
  private let matrix: Matrix

  init(_ image: Image) {
    self.image = image
    matrix = Matrix(image)
  }

  /// Row `row` of plane `plane`. Safe: `Image` checked that every row lies inside its storage.
  @inline(__always)
  private func bytes(_ plane: Int, _ row: Int) -> UnsafePointer<UInt8> {
    UnsafePointer(
      (image.base(ofPlane: plane) + row * image.planes[plane].bytesPerRow).assumingMemoryBound(to: UInt8.self))
  }

  /// Writes `columns` of row `row` to `out`, three bytes a pixel. Both must lie inside the picture.
  func read(row: Int, columns: Range<Int>, into out: UnsafeMutablePointer<UInt8>) {
    switch image.format {
    case .rgb24: out.update(from: bytes(0, row) + columns.lowerBound * 3, count: columns.count * 3)
    case .bgr24: swizzle(bytes(0, row), columns, step: 3, red: 2, blue: 0, out)
    case .rgba32: swizzle(bytes(0, row), columns, step: 4, red: 0, blue: 2, out)
    case .gray8: spread(bytes(0, row), columns, out)
    case .yuyv: packed(bytes(0, row), columns, luma: 0, chroma: 1, out)
    case .uyvy: packed(bytes(0, row), columns, luma: 1, chroma: 0, out)
    case .nv12:
      let chroma = bytes(1, row >> 1)
      planar(bytes(0, row), chroma, chroma + 1, chromaStep: 2, columns, out)
    case .yuv420: planar(bytes(0, row), bytes(1, row >> 1), bytes(2, row >> 1), chromaStep: 1, columns, out)
    case .yuv422: planar(bytes(0, row), bytes(1, row), bytes(2, row), chromaStep: 1, columns, out)
    }
  }

  private func swizzle(
    _ source: UnsafePointer<UInt8>, _ columns: Range<Int>, step: Int, red: Int, blue: Int,
    _ out: UnsafeMutablePointer<UInt8>
  ) {
    var from = source + columns.lowerBound * step
    var to = out
    for _ in columns {
      to[0] = from[red]
      to[1] = from[1]
      to[2] = from[blue]
      from += step
      to += 3
    }
  }

  private func spread(_ source: UnsafePointer<UInt8>, _ columns: Range<Int>, _ out: UnsafeMutablePointer<UInt8>) {
    var to = out
    for x in columns {
      let value = source[x]
      to[0] = value
      to[1] = value
      to[2] = value
      to += 3
    }
  }

  private func packed(
    _ source: UnsafePointer<UInt8>, _ columns: Range<Int>, luma: Int, chroma: Int, _ out: UnsafeMutablePointer<UInt8>
  ) {
    var to = out
    for x in columns {
      let pair = source + (x >> 1) * 4
      matrix.store(pair[luma + (x & 1) * 2], pair[chroma], pair[chroma + 2], to)
      to += 3
    }
  }

  private func planar(
    _ y: UnsafePointer<UInt8>, _ u: UnsafePointer<UInt8>, _ v: UnsafePointer<UInt8>, chromaStep: Int,
    _ columns: Range<Int>, _ out: UnsafeMutablePointer<UInt8>
  ) {
    var to = out
    for x in columns {
      let chroma = (x >> 1) * chromaStep
      matrix.store(y[x], u[chroma], v[chroma], to)
      to += 3
    }
  }
}

extension Image {
  /// The same picture as packed RGB, over `target` if it is given and large enough, else over new memory.
  ///
  /// An image that is packed RGB already is returned as it is.
  public func rgb24(into target: PixelStorage? = nil) -> Image {
    let tight = width * 3
    if format == .rgb24, planes[0].bytesPerRow == tight { return self }
    let size = tight * height
    let storage = target.flatMap { $0.bytes.count >= size ? $0 : nil } ?? PixelStorage(count: size)
    guard let result = Image(packed: width, height, .rgb24, fullRange: true, storage: storage) else { return self }
    let reader = RowReader(self)
    withExtendedLifetime(self.storage) {
      let out = result.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
      for row in 0..<height { reader.read(row: row, columns: 0..<width, into: out + row * tight) }
    }
    return result
  }
}

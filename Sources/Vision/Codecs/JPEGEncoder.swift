import CTurboJPEG
public import Ground

/// Encodes images of every ``PixelFormat`` as JPEG with libjpeg-turbo.
///
/// Keeps a compressor and its scratch memory, so reuse one per stream. Belongs to one thread at a time.
public final class JPEGEncoder {
  /// Compressed bytes: the first `count` of `storage`.
  public struct Output: Sendable {
    public var storage: PixelStorage
    public var count: Int

    /// Lends the bytes without copying them.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
      defer { withExtendedLifetime(storage) {} }
      return try body(UnsafeRawBufferPointer(rebasing: storage.bytes[0..<count]))
    }

    /// A copy of the bytes.
    public var array: [UInt8] { withBytes { Array($0) } }
  }

  /// nil where there was no memory for it.
  private let handle: tjhandle?
  private let pool: PixelPool?
  private var scratch = PlanarScratch()
  /// Memory for pictures that are converted first.
  private var packedPixels: PixelStorage?

  /// - Parameter pool: where the memory for compressed pictures comes from; nil allocates it.
  public init(pool: PixelPool? = nil) {
    handle = tjInitCompress()
    self.pool = pool
  }

  deinit { if let handle { tjDestroy(handle) } }

  /// Compresses `image`. YUV pictures of JPEG's own matrix, BT.601, keep their chroma resolution; packed ones are encoded as
  /// 4:2:0, and so are those of other matrices.
  ///
  /// - Parameter quality: 1...100.
  public func encode(_ picture: Image, quality: Int = 90) throws(CodecError) -> Output {
    guard let handle else { throw CodecError(.outOfMemory, "no memory is left to encode a JPEG picture") }
    let image = picture.matrix == .bt601 ? picture : packed(picture)
    let subsampling: TJSAMP =
      switch image.format {
      case .gray8: TJSAMP_GRAY
      case .yuyv, .uyvy, .yuv422: TJSAMP_422
      default: TJSAMP_420
      }
    let bound = Int(tjBufSize(Int32(image.width), Int32(image.height), Int32(subsampling.rawValue)))
    guard bound > 0 else { throw CodecError(.tooLarge, "picture of \(image.width)x\(image.height)") }
    let output = pool?.take(bound) ?? PixelStorage(count: bound)
    var target: UnsafeMutablePointer<UInt8>? = output.bytes.bindMemory(to: UInt8.self).baseAddress
    var count = UInt(output.bytes.count)
    let level = Int32(min(max(quality, 1), 100))
    let status =
      switch image.format {
      case .rgb24: compressPacked(image, TJPF_RGB, subsampling, level, &target, &count)
      case .bgr24: compressPacked(image, TJPF_BGR, subsampling, level, &target, &count)
      case .rgba32: compressPacked(image, TJPF_RGBX, subsampling, level, &target, &count)
      default: compressPlanes(image, subsampling, level, &target, &count)
      }
    withExtendedLifetime(image) {}
    guard status == 0 else {
      let message = tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown JPEG error"
      throw CodecError(.unsupported, "cannot encode as JPEG (\(message))")
    }
    return Output(storage: output, count: Int(count))
  }

  private func packed(_ picture: Image) -> Image {
    let count = picture.width * picture.height * 3
    if packedPixels.map({ $0.bytes.count < count }) ?? true { packedPixels = PixelStorage(count: count) }
    return picture.rgb24(into: packedPixels)
  }

  private func compressPacked(
    _ image: Image, _ format: TJPF, _ subsampling: TJSAMP, _ quality: Int32,
    _ target: inout UnsafeMutablePointer<UInt8>?, _ count: inout UInt
  ) -> Int32 {
    tjCompress2(
      handle, image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self), Int32(image.width),
      Int32(image.planes[0].bytesPerRow), Int32(image.height), Int32(format.rawValue), &target, &count,
      Int32(subsampling.rawValue), quality, Self.flags)
  }

  private func compressPlanes(
    _ image: Image, _ subsampling: TJSAMP, _ quality: Int32, _ target: inout UnsafeMutablePointer<UInt8>?,
    _ count: inout UInt
  ) -> Int32 {
    scratch.load(image)
    return scratch.withPlanes { planes, strides in
      var sources = planes.map { $0.map { UnsafePointer($0) } }
      return tjCompressFromYUVPlanes(
        handle, &sources, Int32(image.width), strides, Int32(image.height), Int32(subsampling.rawValue), &target,
        &count, quality, Self.flags)
    }
  }

  private static let flags = Int32(TJFLAG_NOREALLOC)
}

import CTurboJPEG
public import Ground

/// Decodes JPEG pictures with libjpeg-turbo, into RGB or into the planes they hold.
///
/// Keeps a decompressor, so reuse one per stream. Belongs to one thread at a time. Pictures without Huffman tables, as
/// many MJPEG cameras send them, are decoded with the standard's tables (ITU-T T.81, annex K.3).
public final class JPEGDecoder {
  /// What the pixels become.
  public enum Layout: Sendable {
    /// Packed RGB.
    case rgb
    /// The planes as they were encoded, where ``PixelFormat`` has them (4:2:0, 4:2:2, grey), else RGB. The cheapest:
    /// no colour conversion.
    case native
  }

  /// By how much the picture is reduced while decoding, which saves most of the work.
  public enum Reduction: Int32, Sendable {
    case none = 1
    case half = 2
    case quarter = 4
    case eighth = 8
  }

  /// What to do with damaged data.
  public enum Tolerance: Sendable {
    /// A truncated or corrupt picture is an error; harmless oddities are not. For photos.
    case strict
    /// Whatever could be decoded is returned, with a warning. For cameras.
    case lenient
  }

  /// What a picture's header says.
  public struct Header: Sendable, Equatable {
    public var width: Int
    public var height: Int
    /// The planes' format if ``Layout/native`` would keep them; nil for other subsamplings and colour spaces.
    public var nativeFormat: PixelFormat?
    let subsampling: Int32
    let colorSpace: Int32
  }

  /// A decoded picture, and what was wrong with it, if anything.
  public struct Picture: Sendable {
    public var image: Image
    public var warning: CodecError?
  }

  private var handle: tjhandle
  private let pool: PixelPool?
  /// How many pictures had something wrong with them and were returned all the same.
  public private(set) var warnings: UInt64 = 0

  /// - Parameter pool: where pixel memory comes from; nil allocates it.
  public init(pool: PixelPool? = nil) {
    handle = Self.newHandle()
    self.pool = pool
  }

  private static func newHandle() -> tjhandle {
    guard let handle = tjInitDecompress() else { preconditionFailure("out of memory for a JPEG decompressor") }
    return handle
  }

  deinit { tjDestroy(handle) }

  /// Reads the header alone.
  public func header(of jpeg: UnsafeRawBufferPointer) throws(CodecError) -> Header {
    do {
      return try parseHeader(jpeg)
    } catch {
      renewHandle()
      throw error
    }
  }

  /// Decodes a picture.
  public func decode(
    _ jpeg: UnsafeRawBufferPointer, as layout: Layout = .rgb, reduced: Reduction = .none,
    tolerance: Tolerance = .strict
  ) throws(CodecError) -> Picture {
    do {
      return try decodeOnce(jpeg, layout, reduced, tolerance)
    } catch {
      renewHandle()
      throw error
    }
  }

  /// A picture that fails can leave libjpeg-turbo 2.1's decompressor half way through it, and every later picture then
  /// fails too; a fresh one costs microseconds.
  private func renewHandle() {
    tjDestroy(handle)
    handle = Self.newHandle()
  }

  private func parseHeader(_ jpeg: UnsafeRawBufferPointer) throws(CodecError) -> Header {
    let bytes = jpeg.bindMemory(to: UInt8.self)
    guard ImageFileFormat(of: jpeg) == .jpeg, let base = bytes.baseAddress else {
      throw CodecError(.notAnImage, "not a JPEG picture")
    }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = -1
    var colorSpace: Int32 = -1
    let status = tjDecompressHeader3(
      handle, base, UInt(bytes.count), &width, &height, &subsampling, &colorSpace)
    guard status == 0 || onlyWarned else { throw failure() }
    let native: PixelFormat? =
      switch (colorSpace, subsampling) {
      case (Int32(TJCS_YCbCr.rawValue), Int32(TJSAMP_420.rawValue)): .yuv420
      case (Int32(TJCS_YCbCr.rawValue), Int32(TJSAMP_422.rawValue)): .yuv422
      case (Int32(TJCS_GRAY.rawValue), _): .gray8
      default: nil
      }
    return Header(
      width: Int(width), height: Int(height), nativeFormat: native, subsampling: subsampling, colorSpace: colorSpace)
  }

  private func decodeOnce(
    _ jpeg: UnsafeRawBufferPointer, _ layout: Layout, _ reduced: Reduction, _ tolerance: Tolerance
  ) throws(CodecError) -> Picture {
    let header = try parseHeader(jpeg)
    try CodecLimits.check(width: header.width, height: header.height, compressedBytes: jpeg.count)
    let divisor = Int(reduced.rawValue)
    let width = (header.width + divisor - 1) / divisor
    let height = (header.height + divisor - 1) / divisor
    let image: Image
    let status: Int32
    if layout == .native, let format = header.nativeFormat {
      (image, status) = try decodePlanes(jpeg, header, format, width, height)
    } else if header.colorSpace == Int32(TJCS_CMYK.rawValue) || header.colorSpace == Int32(TJCS_YCCK.rawValue) {
      (image, status) = try decodeInks(jpeg, width, height)
    } else {
      image = try newImage(width, height, .rgb24)
      status = decompress(jpeg, into: image.base(ofPlane: 0), width, height, TJPF_RGB, bytesPerRow: width * 3)
    }
    guard status != 0 else { return Picture(image: image, warning: nil) }
    let problem = failure()
    guard onlyWarned, tolerance == .lenient || Self.isHarmless(problem.what) else { throw problem }
    warnings += 1
    return Picture(image: image, warning: problem)
  }

  // MARK: Planes, packed pixels, inks

  private func decodePlanes(
    _ jpeg: UnsafeRawBufferPointer, _ header: Header, _ format: PixelFormat, _ width: Int, _ height: Int
  ) throws(CodecError) -> (Image, Int32) {
    // TurboJPEG rounds the luma plane up to whole chroma samples, so its planes are asked for their sizes.
    var planes: [Image.Plane] = []
    var strides: [Int32] = []
    var offset = 0
    for component in 0..<(format == .gray8 ? 1 : 3) {
      let rowBytes = Int(tjPlaneWidth(Int32(component), Int32(width), header.subsampling))
      let rows = Int(tjPlaneHeight(Int32(component), Int32(height), header.subsampling))
      guard rowBytes > 0, rows > 0 else { throw CodecError(.corrupt, "planes of no size") }
      let stride = (rowBytes + 31) & ~31
      planes.append(Image.Plane(offset: offset, bytesPerRow: stride, rows: rows))
      strides.append(Int32(stride))
      offset += stride * rows
    }
    let storage = pool?.take(offset) ?? PixelStorage(count: offset)
    guard
      let image = Image(
        width: width, height: height, format: format, fullRange: true, planes: planes, storage: storage)
    else { throw CodecError(.tooLarge, "picture of \(width)x\(height)") }
    var destinations: [UnsafeMutablePointer<UInt8>?] = planes.indices.map {
      image.base(ofPlane: $0).assumingMemoryBound(to: UInt8.self)
    }
    let source = jpeg.bindMemory(to: UInt8.self)
    let status = tjDecompressToYUVPlanes(
      handle, source.baseAddress, UInt(source.count), &destinations, Int32(width), &strides, Int32(height),
      Self.flags)
    return (image, status)
  }

  /// Print colours (CMYK, as Adobe stores it: inverted) to RGB.
  private func decodeInks(_ jpeg: UnsafeRawBufferPointer, _ width: Int, _ height: Int) throws(CodecError) -> (
    Image, Int32
  ) {
    let inks = PixelStorage(count: width * height * 4)
    let source = UnsafeMutableRawBufferPointer(rebasing: inks.bytes[0..<width * height * 4])
    source.initializeMemory(as: UInt8.self, repeating: 255)
    guard let base = source.baseAddress else { throw CodecError(.corrupt, "picture of no size") }
    let status = decompress(jpeg, into: base, width, height, TJPF_CMYK, bytesPerRow: width * 4)
    let image = try newImage(width, height, .rgb24)
    let target = image.storage.bytes
    for pixel in 0..<width * height {
      let black = UInt32(source[pixel * 4 + 3])
      for channel in 0..<3 {
        target[pixel * 3 + channel] = UInt8((UInt32(source[pixel * 4 + channel]) * black + 127) / 255)
      }
    }
    withExtendedLifetime(inks) {}
    return (image, status)
  }

  private func decompress(
    _ jpeg: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer, _ width: Int, _ height: Int,
    _ format: TJPF, bytesPerRow: Int
  ) -> Int32 {
    let source = jpeg.bindMemory(to: UInt8.self)
    return tjDecompress2(
      handle, source.baseAddress, UInt(source.count), target.assumingMemoryBound(to: UInt8.self), Int32(width),
      Int32(bytesPerRow), Int32(height), Int32(format.rawValue), Self.flags)
  }

  private func newImage(_ width: Int, _ height: Int, _ format: PixelFormat) throws(CodecError) -> Image {
    let count = width * height * 3
    let storage = pool?.take(count) ?? PixelStorage(count: count)
    guard let image = Image(packed: width, height, format, storage: storage) else {
      throw CodecError(.tooLarge, "picture of \(width)x\(height)")
    }
    return image
  }

  // MARK: Errors

  /// Progressive pictures of thousands of scans are an attack on time (libjpeg-turbo's own limit is 500).
  private static let flags = Int32(TJFLAG_LIMITSCANS)

  private var onlyWarned: Bool { tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) }

  private func failure() -> CodecError {
    let message = tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown JPEG error"
    if message.contains("Premature end") {
      return CodecError(.truncated, "the picture is cut short (\(message))")
    }
    return CodecError(.corrupt, "damaged JPEG (\(message))")
  }

  /// Oddities of encoders that lose no picture data.
  private static func isHarmless(_ message: String) -> Bool {
    ["extraneous bytes", "Adobe color transform", "JFIF major revision"].contains { message.contains($0) }
  }
}

import CJPEG
public import Ground

/// Decodes JPEG pictures with libjpeg, into RGB or into the planes they hold, turned as their Exif data asks.
///
/// Keeps a decompressor, so reuse one per stream. Belongs to one thread at a time. Pictures without Huffman tables, as
/// many MJPEG cameras send them, are decoded with the standard's tables (ITU-T T.81, annex K.3).
public final class JPEGDecoder {
  /// What the pixels become.
  public enum Layout: Sendable {
    /// Packed RGB.
    case rgb
    /// The planes as they were encoded, where ``PixelFormat`` has them (4:2:0, 4:2:2, grey) and the picture is upright and
    /// not reduced, else RGB. The cheapest: no colour conversion.
    case native
  }

  /// By how much the picture is reduced while decoding, which saves most of the work.
  public enum Reduction: Int32, Sendable {
    case none = 1
    case half = 2
    case quarter = 4
    case eighth = 8
  }

  /// What to do with a picture whose file ends too early; with other damage, what libjpeg can read is returned.
  public enum Tolerance: Sendable {
    /// It is an error if pixels are missing. For photos.
    case strict
    /// What could be decoded is returned, with a warning. For cameras.
    case lenient
  }

  /// A decoded picture, and what was wrong with it, if anything.
  public struct Picture: Sendable {
    public var image: Image
    public var warning: CodecError?
    /// Whether pixels were made up for data that was damaged or missing; other warnings are oddities of encoders.
    public var isDamaged = false
  }

  /// nil where there was no memory for it.
  private let reader: OpaquePointer?
  private let pool: PixelPool?
  /// How many pictures had something wrong with them and were returned all the same.
  public private(set) var warnings: UInt64 = 0

  /// - Parameter pool: where pixel memory comes from; nil allocates it.
  public init(pool: PixelPool? = nil) {
    reader = ocj_reader_new()
    self.pool = pool
  }

  deinit { if let reader { ocj_reader_free(reader) } }

  /// Decodes a picture.
  ///
  /// Every picture that libjpeg reads is read, whatever its subsampling; of what libjpeg warns of, only missing pixels are
  /// an error, and only with ``Tolerance/strict``.
  public func decode(
    _ jpeg: UnsafeRawBufferPointer, as layout: Layout = .rgb, reduced: Reduction = .none,
    tolerance: Tolerance = .strict
  ) throws(CodecError) -> Picture {
    guard ImageFileFormat(of: jpeg) == .jpeg else { throw CodecError(.notAnImage, "not a JPEG picture") }
    guard reader != nil else { throw CodecError(.outOfMemory, "no memory is left to decode a JPEG picture") }
    var report = ocj_report()
    guard ocj_read_header(reader, jpeg.baseAddress, jpeg.count, &report) else { throw Self.failure(report) }
    let (width, height) = (Int(report.width), Int(report.height))
    try CodecLimits.check(width: width, height: height, compressedBytes: jpeg.count, pixelsPerByte: 2048)
    let orientation = Orientation(ofJPEG: jpeg)
    let image: Image
    if layout == .native, reduced == .none, orientation == .upright, let format = PixelFormat(native: report.form) {
      image = try decodePlanes(format, width, height, &report)
    } else {
      let divisor = Int(reduced.rawValue)
      let (wide, high) = ((width + divisor - 1) / divisor, (height + divisor - 1) / divisor)
      image = try decodePacked(wide, high, divisor, &report).turned(orientation, pool: pool)
    }
    return try judged(image, report, tolerance)
  }

  private func judged(_ image: Image, _ report: ocj_report, _ tolerance: Tolerance) throws(CodecError) -> Picture {
    guard report.warnings != 0 else { return Picture(image: image) }
    let isUnended = report.warnings & Int32(OCJ_UNENDED.rawValue) != 0
    let isDamaged = report.warnings & Int32(OCJ_LOST.rawValue) != 0
    let words = Self.words(of: report)
    let warning =
      isUnended
      ? CodecError(.truncated, "the picture is cut short (\(words))") : CodecError(.corrupt, "damaged JPEG (\(words))")
    guard !isUnended || !isDamaged || tolerance == .lenient else { throw warning }
    warnings += 1
    return Picture(image: image, warning: warning, isDamaged: isDamaged)
  }

  // MARK: Planes, packed pixels, inks

  private func decodePlanes(
    _ format: PixelFormat, _ width: Int, _ height: Int, _ report: inout ocj_report
  ) throws(CodecError) -> Image {
    // libjpeg writes whole blocks, so it is asked for the planes' sizes.
    var planes: [Image.Plane] = []
    var offset = 0
    for index in 0..<format.planeCount {
      var (rowBytes, rows) = (0, 0)
      ocj_plane_size(reader, Int32(index), &rowBytes, &rows)
      let stride = (rowBytes + 31) & ~31
      planes.append(Image.Plane(offset: offset, bytesPerRow: stride, rows: rows))
      offset += stride * rows
    }
    let storage = pool?.take(offset) ?? PixelStorage(count: offset)
    guard
      let image = Image(
        width: width, height: height, format: format, fullRange: true, planes: planes, storage: storage)
    else { throw CodecError(.tooLarge, "picture of \(width)x\(height)") }
    func target(_ index: Int) -> UnsafeMutablePointer<UInt8>? {
      index < planes.count ? image.base(ofPlane: index).assumingMemoryBound(to: UInt8.self) : nil
    }
    func stride(_ index: Int) -> Int { index < planes.count ? planes[index].bytesPerRow : 0 }
    var targets = (target(0), target(1), target(2))
    var strides = (stride(0), stride(1), stride(2))
    let isRead = withUnsafePointer(to: &targets) { targets in
      withUnsafePointer(to: &strides) { strides in
        // Safe: a tuple of one type lies in memory as the array of three that the shim reads.
        targets.withMemoryRebound(to: UnsafeMutablePointer<UInt8>?.self, capacity: 3) { targets in
          strides.withMemoryRebound(to: Int.self, capacity: 3) { strides in
            ocj_read_planes(reader, targets, strides, &report)
          }
        }
      }
    }
    guard isRead else { throw Self.failure(report) }
    return image
  }

  private func decodePacked(
    _ width: Int, _ height: Int, _ divisor: Int, _ report: inout ocj_report
  ) throws(CodecError) -> Image {
    let count = width * height * 3
    let storage = pool?.take(count) ?? PixelStorage(count: count)
    guard let image = Image(packed: width, height, .rgb24, storage: storage) else {
      throw CodecError(.tooLarge, "picture of \(width)x\(height)")
    }
    let target = image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
    guard report.form != OCJ_INKS else {
      try decodeInks(width, height, divisor, into: target, &report)
      return image
    }
    guard ocj_read_packed(reader, Int32(divisor), target, width * 3, &report) else { throw Self.failure(report) }
    return image
  }

  /// Print colours (CMYK, as Adobe stores it: inverted) to RGB.
  private func decodeInks(
    _ width: Int, _ height: Int, _ divisor: Int, into target: UnsafeMutablePointer<UInt8>, _ report: inout ocj_report
  ) throws(CodecError) {
    let inks = PixelStorage(count: width * height * 4)
    guard let source = inks.bytes.bindMemory(to: UInt8.self).baseAddress else { return }
    guard ocj_read_packed(reader, Int32(divisor), source, width * 4, &report) else { throw Self.failure(report) }
    for pixel in 0..<width * height {
      let black = UInt32(source[pixel * 4 + 3])
      for channel in 0..<3 {
        target[pixel * 3 + channel] = UInt8((UInt32(source[pixel * 4 + channel]) * black + 127) / 255)
      }
    }
    withExtendedLifetime(inks) {}
  }

  // MARK: Errors

  private static func words(of report: ocj_report) -> String {
    withUnsafeBytes(of: report.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static func failure(_ report: ocj_report) -> CodecError {
    let words = words(of: report)
    return switch report.failure {
    case OCJ_UNSUPPORTED:
      CodecError(
        .unsupported, "a kind of JPEG that is not read (\(words))", remedy: "save it as a JPEG of eight bits, or as PNG"
      )
    case OCJ_TOO_LARGE: CodecError(.tooLarge, "the picture takes too much memory or time to decode (\(words))")
    default:
      report.warnings & Int32(OCJ_UNENDED.rawValue) != 0
        ? CodecError(.truncated, "the picture is cut short (\(words))")
        : CodecError(.corrupt, "damaged JPEG (\(words))")
    }
  }
}

extension PixelFormat {
  /// The format of a JPEG's planes; nil where there is none of that form.
  init?(native form: ocj_form) {
    switch form {
    case OCJ_YUV420: self = .yuv420
    case OCJ_YUV422: self = .yuv422
    case OCJ_GREY: self = .gray8
    default: return nil
    }
  }
}

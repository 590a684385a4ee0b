import CPNG
import Glibc
public import Ground

/// PNG pictures, both ways, with libpng.
public enum PNGCodec {
  /// Decodes to packed RGB of eight bits, turned as the picture's Exif data asks.
  ///
  /// Of 16-bit samples the upper bytes are taken. Gamma and colour profiles change nothing. Transparent pixels are laid
  /// over white.
  ///
  /// - Parameter orientation: how to turn it, whatever its Exif data says; nil for what that says.
  public static func decode(
    _ png: UnsafeRawBufferPointer, pool: PixelPool? = nil, orientation: Orientation? = nil
  ) throws(CodecError) -> Image {
    guard ImageFileFormat(of: png) == .png, let base = png.baseAddress else {
      throw CodecError(.notAnImage, "not a PNG picture")
    }
    var header = ocp_header()
    guard let reader = ocp_reader_new(base, png.count, UInt32(CodecLimits.side), &header) else {
      throw failure(words(of: header))
    }
    defer { ocp_reader_free(reader) }
    let (width, height) = (Int(header.width), Int(header.height))
    // Deflate packs at most 1,032 bytes into one.
    try CodecLimits.check(
      width: width, height: height, compressedBytes: png.count,
      pixelsPerByte: 1032 * 8 / max(1, Int(header.bits_per_pixel)))
    let storage = pool?.take(width * height * 3) ?? PixelStorage(count: width * height * 3)
    guard let image = Image(packed: width, height, .rgb24, storage: storage) else {
      throw CodecError(.tooLarge, "picture of \(width)x\(height)")
    }
    let target = image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
    guard ocp_reader_pixels(reader, target, width * 3, &header) else { throw failure(words(of: header)) }
    return image.turned(orientation ?? Orientation(ofPNG: png), pool: pool)
  }

  /// Encodes a packed (RGB, BGR, RGBA) or grey picture.
  public static func encode(_ image: Image) throws(CodecError) -> [UInt8] {
    var control = png_image()
    control.version = UInt32(PNG_IMAGE_VERSION)
    control.width = UInt32(image.width)
    control.height = UInt32(image.height)
    switch image.format {
    case .rgb24: control.format = UInt32(PNG_FORMAT_FLAG_COLOR)
    case .bgr24: control.format = UInt32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_BGR)
    case .rgba32: control.format = UInt32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
    case .gray8: control.format = 0
    default:
      throw CodecError(.unsupported, "PNG holds no \(image.format.rawValue) pixels", remedy: "convert to RGB first")
    }
    defer { png_image_free(&control) }
    var size = ocp_png_size_bound(&control)
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      failed =
        png_image_write_to_memory(
          &control, buffer.baseAddress, &size, 0, image.base(ofPlane: 0), Int32(image.planes[0].bytesPerRow), nil) == 0
      count = failed ? 0 : size
    }
    withExtendedLifetime(image) {}
    if failed { throw failure(String(cString: ocp_png_message(&control))) }
    return bytes
  }

  private static func words(of header: ocp_header) -> String {
    withUnsafeBytes(of: header.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static func failure(_ message: String) -> CodecError {
    let isShort = ["read beyond end", "Read Error", "Not enough image data", "Not enough compressed data"].contains {
      message.contains($0)
    }
    return isShort
      ? CodecError(.truncated, "the picture is cut short (\(message))")
      : CodecError(.corrupt, "damaged PNG (\(message))")
  }
}

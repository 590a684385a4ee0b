import CPNG
import Glibc
public import Ground

/// PNG pictures, both ways, with libpng's simplified API.
public enum PNGCodec {
  /// Decodes to packed RGB. Transparent pixels are laid over white; 16-bit and palette pictures become 8-bit RGB.
  public static func decode(_ png: UnsafeRawBufferPointer, pool: PixelPool? = nil) throws(CodecError) -> Image {
    guard ImageFileFormat(of: png) == .png, let base = png.baseAddress else {
      throw CodecError(.notAnImage, "not a PNG picture")
    }
    var control = png_image()
    control.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&control) }
    guard png_image_begin_read_from_memory(&control, base, png.count) != 0 else { throw failure(&control) }
    let (width, height) = (Int(control.width), Int(control.height))
    try CodecLimits.check(width: width, height: height, compressedBytes: png.count)
    control.format = UInt32(PNG_FORMAT_FLAG_COLOR)
    let storage = pool?.take(width * height * 3) ?? PixelStorage(count: width * height * 3)
    guard let image = Image(packed: width, height, .rgb24, storage: storage) else {
      throw CodecError(.tooLarge, "picture of \(width)x\(height)")
    }
    var white = png_color(red: 255, green: 255, blue: 255)
    guard png_image_finish_read(&control, &white, storage.bytes.baseAddress, Int32(width * 3), nil) != 0 else {
      throw failure(&control)
    }
    return image
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
    if failed { throw failure(&control) }
    return bytes
  }

  private static func failure(_ control: inout png_image) -> CodecError {
    let message = String(cString: ocp_png_message(&control))
    let isShort = ["read beyond end", "Read Error", "Not enough image data", "Not enough compressed data"].contains {
      message.contains($0)
    }
    return isShort
      ? CodecError(.truncated, "the picture is cut short (\(message))")
      : CodecError(.corrupt, "damaged PNG (\(message))")
  }
}

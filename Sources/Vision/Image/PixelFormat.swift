/// How an image's pixels lie in memory. Names follow V4L2's (`linux/videodev2.h`).
public enum PixelFormat: String, Sendable, CaseIterable {
  /// 3 bytes a pixel: R G B. V4L2 `RGB3`.
  case rgb24
  /// 3 bytes a pixel: B G R. V4L2 `BGR3`.
  case bgr24
  /// 4 bytes a pixel: R G B A, alpha ignored.
  case rgba32
  /// 1 byte a pixel: luma. V4L2 `GREY`.
  case gray8
  /// Packed 4:2:2, Y0 U Y1 V. V4L2 `YUYV`.
  case yuyv
  /// Packed 4:2:2, U Y0 V Y1. V4L2 `UYVY`.
  case uyvy
  /// Planar 4:2:0: Y plane, then interleaved U V at half size. V4L2 `NV12`.
  case nv12
  /// Planar 4:2:0: Y, U, V planes. V4L2 `YU12`.
  case yuv420
  /// Planar 4:2:2: Y, U, V planes; what most JPEG cameras encode. V4L2 `422P`.
  case yuv422

  /// The planes of a picture of this format: bytes a row and rows of each, tightly packed.
  ///
  /// Odd widths and heights round chroma up. Returns nil when the size is not positive, or too large to be real
  /// (more than 32768 a side).
  public func planeSizes(width: Int, height: Int) -> [(bytesPerRow: Int, rows: Int)]? {
    guard (1...32768).contains(width), (1...32768).contains(height) else { return nil }
    let halfWidth = (width + 1) / 2
    let halfHeight = (height + 1) / 2
    switch self {
    case .rgb24, .bgr24: return [(width * 3, height)]
    case .rgba32: return [(width * 4, height)]
    case .gray8: return [(width, height)]
    case .yuyv, .uyvy: return [(halfWidth * 4, height)]
    case .nv12: return [(width, height), (halfWidth * 2, halfHeight)]
    case .yuv420: return [(width, height), (halfWidth, halfHeight), (halfWidth, halfHeight)]
    case .yuv422: return [(width, height), (halfWidth, height), (halfWidth, height)]
    }
  }
}

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

  /// How many planes its pictures have.
  public var planeCount: Int {
    switch self {
    case .rgb24, .bgr24, .rgba32, .gray8, .yuyv, .uyvy: 1
    case .nv12: 2
    case .yuv420, .yuv422: 3
    }
  }

  /// The planes of a picture of this format: bytes a row and rows of each, tightly packed.
  ///
  /// Odd widths and heights round chroma up. Returns nil when the size is not positive, or too large to be real
  /// (more than 32768 a side).
  public func planeSizes(width: Int, height: Int) -> [(bytesPerRow: Int, rows: Int)]? {
    guard Self.isReal(width, height) else { return nil }
    return (0..<planeCount).map { planeSize($0, width: width, height: height) }
  }

  /// One of ``planeSizes(width:height:)``, without an array: for every frame.
  ///
  /// - Parameter index: below ``planeCount``.
  func planeSize(_ index: Int, width: Int, height: Int) -> (bytesPerRow: Int, rows: Int) {
    let halfWidth = (width + 1) / 2
    let halfHeight = (height + 1) / 2
    return switch (self, index) {
    case (.rgb24, _), (.bgr24, _): (width * 3, height)
    case (.rgba32, _): (width * 4, height)
    case (.yuyv, _), (.uyvy, _): (halfWidth * 4, height)
    case (.gray8, _), (_, 0): (width, height)
    case (.nv12, _): (halfWidth * 2, halfHeight)
    case (.yuv420, _): (halfWidth, halfHeight)
    case (.yuv422, _): (halfWidth, height)
    }
  }

  /// Whether a picture can have that size.
  static func isReal(_ width: Int, _ height: Int) -> Bool {
    (1...32768).contains(width) && (1...32768).contains(height)
  }
}

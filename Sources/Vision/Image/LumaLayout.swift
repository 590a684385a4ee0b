/// Where an image's brightness samples lie: one byte per pixel, `step` bytes apart. Green stands for the luma of RGB.
package struct LumaLayout: Sendable {
  package let step: Int
  package let offset: Int
  /// Whether the samples run from 16 to 235.
  package let isLimited: Bool

  package init(_ image: Image) {
    switch image.format {
    case .rgb24, .bgr24: (step, offset) = (3, 1)
    case .rgba32: (step, offset) = (4, 1)
    case .yuyv: (step, offset) = (2, 0)
    case .uyvy: (step, offset) = (2, 1)
    case .gray8, .nv12, .yuv420, .yuv422: (step, offset) = (1, 0)
    }
    let isRGB = image.format == .rgb24 || image.format == .bgr24 || image.format == .rgba32
    isLimited = !isRGB && !image.fullRange
  }
}

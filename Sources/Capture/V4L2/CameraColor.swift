import CVideo4Linux
import Vision

/// What a driver says of its colours: `quantization`, `ycbcr_enc` and `colorspace` of a format (V4L2, "Colorspaces").
struct CameraColor: Sendable {
  var fullRange: Bool
  var matrix: ColorMatrix

  init(_ encoding: PixelEncoding, quantization: UInt32, ycbcr: UInt32, colorspace: UInt32) {
    fullRange =
      switch quantization {
      case V4L2_QUANTIZATION_FULL_RANGE.rawValue: true
      case V4L2_QUANTIZATION_LIM_RANGE.rawValue: false
      default: colorspace == V4L2_COLORSPACE_JPEG.rawValue || encoding.handling == .native(.gray8)
      }
    matrix = Self.matrix(ycbcr) ?? Self.usualMatrix(colorspace)
  }

  /// nil where the driver leaves it to the colour space.
  private static func matrix(_ ycbcr: UInt32) -> ColorMatrix? {
    switch ycbcr {
    case V4L2_YCBCR_ENC_601.rawValue, V4L2_YCBCR_ENC_XV601.rawValue: .bt601
    case V4L2_YCBCR_ENC_709.rawValue, V4L2_YCBCR_ENC_XV709.rawValue: .bt709
    case V4L2_YCBCR_ENC_BT2020.rawValue, V4L2_YCBCR_ENC_BT2020_CONST_LUM.rawValue: .bt2020
    case V4L2_YCBCR_ENC_SMPTE240M.rawValue: .smpte240
    default: nil
    }
  }

  /// As `V4L2_MAP_YCBCR_ENC_DEFAULT` of `linux/videodev2.h` has it.
  private static func usualMatrix(_ colorspace: UInt32) -> ColorMatrix {
    switch colorspace {
    case V4L2_COLORSPACE_REC709.rawValue, V4L2_COLORSPACE_DCI_P3.rawValue: .bt709
    case V4L2_COLORSPACE_BT2020.rawValue: .bt2020
    case V4L2_COLORSPACE_SMPTE240M.rawValue: .smpte240
    default: .bt601
    }
  }
}

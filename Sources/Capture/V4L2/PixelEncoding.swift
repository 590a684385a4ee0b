import Ground
package import Vision

/// V4L2's four-character name of a pixel format.
package struct FourCC: Hashable, Sendable, CustomStringConvertible {
  package var code: UInt32

  package init(code: UInt32) { self.code = code }

  /// From four ASCII characters: `FourCC("YUYV")`.
  package init(_ text: StaticString) {
    precondition(text.utf8CodeUnitCount == 4)
    code = (0..<4).reduce(0) { $0 | UInt32(text.utf8Start[$1]) << UInt32($1 * 8) }
  }

  /// Whether `text` is its name; blanks at the end (`Y16 `) may be left out.
  func isNamed(_ text: String) -> Bool {
    Self.trimmed(description) == Self.trimmed(text)
  }

  private static func trimmed(_ text: String) -> Substring {
    text[..<(text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex)]
  }

  package var description: String {
    let letters = (0..<4).map { Character(UnicodeScalar(UInt8(truncatingIfNeeded: code >> UInt32($0 * 8) & 0x7F))) }
    return String(letters.map { $0.isASCII && !($0.asciiValue.map { $0 < 32 || $0 == 127 } ?? true) ? $0 : "?" })
  }
}

/// What becomes of a camera's pixels, and what that costs.
package struct PixelEncoding: Sendable, Hashable {
  package enum Handling: Sendable, Hashable {
    /// Passed on as they are: one copy.
    case native(PixelFormat)
    /// Decoded with libjpeg-turbo, the camera's bytes kept beside the picture.
    case jpeg
    /// Samples of 16 bits that become bytes.
    case deepGrey(GreyDepth, isBigEndian: Bool)
    /// Converted by libv4l to this format.
    case converted(PixelFormat)
  }

  package var fourCC: FourCC
  package var handling: Handling
  /// Memory planes of the buffers: more than one only for the M formats of multi-planar drivers.
  package var memoryPlanes: Int
  /// Rough milliseconds for 640x480, here and in the preprocessing behind: what the choice of a format weighs. Formats
  /// that lose colour, or that libv4l only guesses at, cost more than their time.
  package var cost: Double

  /// Every format that is understood. Of libv4l's, only those whose size is fixed: its decoders for the compressed
  /// formats of cameras of the 2000s trust their input. The others are listed by `ocellus devices` but never chosen.
  package static let all: [PixelEncoding] = [
    native("YU12", .yuv420, 1.0), native("NV12", .nv12, 1.0), native("YUYV", .yuyv, 1.2), native("UYVY", .uyvy, 1.2),
    native("422P", .yuv422, 1.2), native("RGB3", .rgb24, 1.5), native("BGR3", .bgr24, 1.5),
    native("NM12", .nv12, 1.0, planes: 2), native("YM12", .yuv420, 1.0, planes: 3),
    native("GREY", .gray8, 40),
    PixelEncoding(fourCC: FourCC("MJPG"), handling: .jpeg, memoryPlanes: 1, cost: 4),
    PixelEncoding(fourCC: FourCC("JPEG"), handling: .jpeg, memoryPlanes: 1, cost: 4.1),
    converted("YV12", .yuv420, 6), converted("YVYU", .yuv420, 6),
    converted("M420", .yuv420, 6), converted("NV16", .yuv420, 6), converted("NV61", .yuv420, 6),
    converted("RGBP", .rgb24, 7), converted("RGB4", .rgb24, 7), converted("BGR4", .rgb24, 7),
    converted("XR24", .rgb24, 7), converted("BX24", .rgb24, 7), converted("AR24", .rgb24, 7),
    converted("BA24", .rgb24, 7),
    converted("BA81", .rgb24, 10), converted("GBRG", .rgb24, 10), converted("GRBG", .rgb24, 10),
    converted("RGGB", .rgb24, 10), converted("BG10", .rgb24, 12), converted("GB10", .rgb24, 12),
    converted("BA10", .rgb24, 12), converted("RG10", .rgb24, 12), converted("pBAA", .rgb24, 12),
    converted("pGAA", .rgb24, 12), converted("pgAA", .rgb24, 12), converted("pRAA", .rgb24, 12),
    converted("BYR2", .rgb24, 12), converted("GB16", .rgb24, 12), converted("GR16", .rgb24, 12),
    converted("RG16", .rgb24, 12), converted("S501", .yuv420, 20), converted("S505", .yuv420, 20),
    converted("S508", .yuv420, 20), converted("Y10B", .rgb24, 44),
    converted("Y04 ", .rgb24, 44),
    deepGrey("Y10 ", .bits(10), 42), deepGrey("Y12 ", .bits(12), 42), deepGrey("Y14 ", .bits(14), 42),
    deepGrey("Y16 ", .stretched, 42), deepGrey("Z16 ", .distances, 60),
    // V4L2 marks big-endian formats by the highest bit of their name.
    PixelEncoding(
      fourCC: FourCC(code: FourCC("Y16 ").code | 1 << 31), handling: .deepGrey(.stretched, isBigEndian: true),
      memoryPlanes: 1, cost: 42),
  ]

  private static let byCode = Dictionary(uniqueKeysWithValues: all.map { ($0.fourCC, $0) })

  /// About how many bytes a pixel takes on the way from the camera.
  package var bytesPerPixel: Double {
    switch handling {
    case .native(let format):
      Double((format.planeSizes(width: 16, height: 16) ?? []).reduce(0) { $0 + $1.bytesPerRow * $1.rows }) / 256
    case .jpeg: 0.3
    case .deepGrey, .converted: 2
    }
  }

  /// How a format is handled; nil when it is not.
  package static func of(_ fourCC: FourCC) -> PixelEncoding? { byCode[fourCC] }

  private static func native(
    _ name: StaticString, _ format: PixelFormat, _ cost: Double, planes: Int = 1
  ) -> PixelEncoding {
    PixelEncoding(fourCC: FourCC(name), handling: .native(format), memoryPlanes: planes, cost: cost)
  }

  private static func deepGrey(_ name: StaticString, _ depth: GreyDepth, _ cost: Double) -> PixelEncoding {
    PixelEncoding(
      fourCC: FourCC(name), handling: .deepGrey(depth, isBigEndian: false), memoryPlanes: 1, cost: cost)
  }

  private static func converted(_ name: StaticString, _ format: PixelFormat, _ cost: Double) -> PixelEncoding {
    PixelEncoding(fourCC: FourCC(name), handling: .converted(format), memoryPlanes: 1, cost: cost)
  }
}

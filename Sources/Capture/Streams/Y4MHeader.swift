import Ground
import Vision

/// The first line of a YUV4MPEG2 stream (mjpegtools' format, yuv4mpeg(5)): what every frame behind it looks like.
struct Y4MHeader: Equatable {
  static let magic = Array("YUV4MPEG2".utf8)
  static let frameMagic = Array("FRAME".utf8)
  /// No header line is longer; what is, is no header.
  static let longestLine = 1024

  var width: Int
  var height: Int
  var format: PixelFormat
  var fullRange: Bool
  /// The format has no word for it: what most streams of this size use.
  var matrix: ColorMatrix
  /// Width of a pixel by its height; 1 when the stream does not say.
  var pixelShape: Double
  /// Frames a second; 0 when the stream does not say.
  var framesPerSecond: Double

  /// - Parameter line: without its newline.
  init(_ line: [UInt8]) throws(CaptureError) {
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.first.map({ Array($0.utf8) == Self.magic }) == true else {
      throw CaptureError(.corrupt, "not a Y4M stream")
    }
    var (width, height, rate) = (0, 0, 0.0)
    var colour = "420"
    var fullRange = false
    var shape = 0.0
    for word in words.dropFirst() {
      let value = String(word.dropFirst())
      switch word.first {
      case "W": width = Int(value) ?? 0
      case "H": height = Int(value) ?? 0
      case "F": rate = Self.ratio(value)
      case "C": colour = value
      case "A": shape = Self.ratio(value)
      case "X" where value == "COLORRANGE=FULL": fullRange = true
      default: break
      }
    }
    guard let format = Self.formats[colour] else {
      throw CaptureError(
        .unsupported, "Y4M pictures of kind \(colour)", remedy: "8-bit 420, 422 and mono are read")
    }
    guard format.planeSizes(width: width, height: height) != nil, width * height <= CodecLimits.pixels else {
      throw CaptureError(.corrupt, "Y4M pictures of \(width)x\(height)")
    }
    self.width = width
    self.height = height
    self.format = format
    self.fullRange = fullRange
    matrix = ColorMatrix(ofSize: width, height)
    // Shapes that nobody makes are not believed.
    pixelShape = (0.1...10).contains(shape) ? shape : 1
    framesPerSecond = rate
  }

  /// The size with square pixels: the shorter side stretched.
  var squareSize: (width: Int, height: Int) {
    guard pixelShape != 1 else { return (width, height) }
    let wide = pixelShape > 1 ? Double(width) * pixelShape : Double(width)
    let high = pixelShape > 1 ? Double(height) : Double(height) / pixelShape
    guard wide <= 16384, high <= 16384, wide * high <= Double(CodecLimits.pixels) else { return (width, height) }
    return (Int(saturating: wide.rounded()), Int(saturating: high.rounded()))
  }

  private static let formats: [String: PixelFormat] = [
    "420": .yuv420, "420jpeg": .yuv420, "420mpeg2": .yuv420, "420paldv": .yuv420, "422": .yuv422, "mono": .gray8,
  ]

  private static func ratio(_ text: String) -> Double {
    let parts = text.split(separator: ":").compactMap { Double($0) }
    guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return 0 }
    let rate = parts[0] / parts[1]
    return (0.001...100_000).contains(rate) ? rate : 0
  }
}

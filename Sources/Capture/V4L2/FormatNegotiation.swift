import CVideo4Linux
import Glibc
import Ground
import Vision

/// What a camera was set to, as its driver confirmed it.
struct NegotiatedFormat: Sendable {
  var encoding: PixelEncoding
  var width: Int
  var height: Int
  /// Nominal frames a second; 0 when the driver does not say.
  var framesPerSecond: Double
  /// Bytes a row of each memory plane; 0 for compressed formats.
  var bytesPerRow: [Int]
  /// Largest payload of each memory plane.
  var sizes: [Int]
  /// Range and matrix of YUV.
  var color: CameraColor
  /// How the two halves of an interlaced picture lie in a buffer.
  var fields = Fields.woven
  /// The format as the driver gave it: libv4l wants it whole.
  var raw: v4l2_format

  enum Fields {
    /// Row by row, as pictures that are not interlaced are, too.
    case woven
    /// One field behind the other, the one with the first row first.
    case upperFirst
    case lowerFirst
    /// Each in a buffer of its own, half as high as the picture.
    case single
  }

  /// Rows of the picture that comes of it.
  var pictureHeight: Int { fields == .single ? height * 2 : height }

  /// "MJPG 640x480 at 15 frames a second".
  var words: String {
    let rate = framesPerSecond > 0 ? " at \(Int(saturating: framesPerSecond.rounded())) frames a second" : ""
    return "\(encoding.fourCC) \(width)x\(pictureHeight)\(rate)"
  }

  /// About how many bytes a second it asks of the bus.
  var bandwidth: Double {
    FormatNegotiation.bandwidth(encoding, width, height, framesPerSecond)
  }
}

/// Chooses a format by what it gives and costs, and agrees on it with the driver.
enum FormatNegotiation {
  /// A combination worth trying; the lowest penalty first.
  struct Candidate: Equatable {
    var encoding: PixelEncoding
    var width: Int
    var height: Int
    /// Frames a second to ask for.
    var rate: Double
    var penalty: Double
  }

  static let standardWidth = 640
  static let standardHeight = 480
  static let standardRate = 30.0

  /// The usable formats at the size nearest to the wish.
  ///
  /// A wrong size weighs most, then a rate too low, then the time that the format costs.
  ///
  /// - Parameter limit: bytes a second that the bus did not have; what asks for nearly as much is left out, and lower
  ///   rates and smaller sizes, else of no interest, are candidates too.
  static func rank(
    _ options: [CameraFormats.Option], for request: SourceRequest, below limit: Double? = nil
  ) -> [Candidate] {
    let width = request.width ?? standardWidth
    let height = request.height ?? standardHeight
    let rate = request.framesPerSecond ?? standardRate
    var candidates: [Candidate] = []
    for option in options {
      guard let encoding = PixelEncoding.of(option.fourCC) else { continue }
      if limit == nil, let wanted = request.pixelFormat, !option.fourCC.isNamed(wanted) { continue }
      for size in option.sizes.isEmpty ? [.any(width, height)] : option.sizes {
        let (w, h) = size.nearest(to: width, height)
        let off = abs(Double(w - width)) / Double(width) + abs(Double(h - height)) / Double(height)
        let load = encoding.cost * Double(w * h) / Double(standardWidth * standardHeight)
        for given in rates(of: size, rate, withLower: limit != nil) {
          let slow = max(0, (rate - given) / rate)
          if let limit, bandwidth(encoding, w, h, given) > limit * 0.9 { continue }
          candidates.append(
            Candidate(
              encoding: encoding, width: w, height: h, rate: min(rate, given),
              penalty: off * 1000 + slow * 300 + min(load, 200)))
        }
      }
    }
    return candidates.sorted { $0.penalty < $1.penalty }
  }

  /// The rates worth trying: the highest, and for a bus that is too narrow all that are lower than the wish.
  private static func rates(of size: CameraFormats.SizeOption, _ wish: Double, withLower: Bool) -> [Double] {
    guard let best = size.rates.first else { return withLower ? [wish, wish / 2, wish / 4] : [wish] }
    return withLower ? [best] + size.rates.dropFirst().filter { $0 < wish } : [best]
  }

  /// About how many bytes a second a format asks of the bus.
  static func bandwidth(_ encoding: PixelEncoding, _ width: Int, _ height: Int, _ rate: Double) -> Double {
    Double(width * height) * encoding.bytesPerPixel * (rate > 0 ? rate : standardRate)
  }

  /// Sets format and rate; takes what the driver makes of it, as long as it can be decoded.
  ///
  /// - Parameter limit: bytes a second that the bus did not have.
  static func negotiate(
    _ device: CameraDevice, _ request: SourceRequest, below limit: Double? = nil
  ) throws(CaptureError) -> NegotiatedFormat {
    let options = CameraFormats.enumerate(device)
    let candidates = rank(options, for: request, below: limit)
    guard !candidates.isEmpty else {
      if limit != nil { throw narrowBus(device) }
      throw nothingUsable(options, request, device)
    }
    var failure = SystemError(EINVAL)
    for candidate in candidates.prefix(8) {
      do {
        guard let format = try set(candidate, on: device) else { continue }
        let rated = withRate(format, candidate.rate, device)
        // A driver that has its own idea of the rate asks for as much as before.
        if let limit, rated.bandwidth > limit * 0.95 { continue }
        return rated
      } catch {
        if error.code == EBUSY || error.code == ENODEV { throw CameraDevice.explain(error, opening: device) }
        failure = error
      }
    }
    if limit != nil { throw narrowBus(device) }
    throw CaptureError(
      .deviceFailed, "the camera accepts none of its own formats (\(failure.lowercaseWords))", place: device.path,
      errno: failure.code)
  }

  private static func narrowBus(_ device: CameraDevice) -> CaptureError {
    CaptureError(
      .deviceFailed, "the USB bus has no room for the camera's pictures", place: device.path,
      remedy: "plug it into a port of its own rather than a hub, or ask for a smaller --size", errno: ENOSPC)
  }

  private static func nothingUsable(
    _ options: [CameraFormats.Option], _ request: SourceRequest, _ device: CameraDevice
  ) -> CaptureError {
    let offered = options.map(\.fourCC.description).joined(separator: ", ")
    var remedy = offered.isEmpty ? "it offers none" : "it offers \(offered)"
    if request.pixelFormat == nil, let video = options.first(where: { compressed[$0.fourCC] != nil }),
      let name = compressed[video.fourCC]
    {
      remedy +=
        "; let ffmpeg decode it: ffmpeg -f v4l2 -input_format \(name) -i \(device.path) -f yuv4mpegpipe - | "
        + "ocellus run --headless --json --source -"
    }
    return CaptureError(
      .unsupported,
      request.pixelFormat.map { "the camera has no pixel format \($0) that can be decoded" }
        ?? "no pixel format of the camera can be decoded", place: device.path, remedy: remedy)
  }

  /// Video codecs of cameras, by the names that ffmpeg has for them.
  private static let compressed = [FourCC("H264"): "h264", FourCC("HEVC"): "hevc", FourCC("MPG4"): "mpeg4"]

  /// nil when the driver answered with something that cannot be used.
  private static func set(_ candidate: Candidate, on device: CameraDevice) throws(SystemError) -> NegotiatedFormat? {
    var format = v4l2_format()
    format.type = device.bufferType
    if device.isMultiplanar {
      format.fmt.pix_mp.width = UInt32(candidate.width)
      format.fmt.pix_mp.height = UInt32(candidate.height)
      format.fmt.pix_mp.pixelformat = candidate.encoding.fourCC.code
      format.fmt.pix_mp.field = V4L2_FIELD_NONE.rawValue
      format.fmt.pix_mp.num_planes = UInt8(candidate.encoding.memoryPlanes)
    } else {
      format.fmt.pix.width = UInt32(candidate.width)
      format.fmt.pix.height = UInt32(candidate.height)
      format.fmt.pix.pixelformat = candidate.encoding.fourCC.code
      format.fmt.pix.field = V4L2_FIELD_NONE.rawValue
    }
    try device.call(ocv_s_fmt, &format)
    return device.isMultiplanar ? readPlanes(format) : readSingle(format)
  }

  private static func readSingle(_ format: v4l2_format) -> NegotiatedFormat? {
    let pix = format.fmt.pix
    guard let encoding = PixelEncoding.of(FourCC(code: pix.pixelformat)), encoding.memoryPlanes == 1 else { return nil }
    return NegotiatedFormat(
      encoding: encoding, width: Int(pix.width), height: Int(pix.height), framesPerSecond: 0,
      bytesPerRow: [Int(pix.bytesperline)], sizes: [Int(pix.sizeimage)],
      color: CameraColor(
        encoding, quantization: pix.quantization, ycbcr: pix.ycbcr_enc, colorspace: pix.colorspace),
      fields: fields(pix.field, encoding),
      raw: format
    ).checked
  }

  private static func readPlanes(_ format: v4l2_format) -> NegotiatedFormat? {
    let pix = format.fmt.pix_mp
    guard let encoding = PixelEncoding.of(FourCC(code: pix.pixelformat)), encoding.memoryPlanes == Int(pix.num_planes)
    else { return nil }
    // Tuples of C arrays: three planes are all that any known format has.
    let planes = [pix.plane_fmt.0, pix.plane_fmt.1, pix.plane_fmt.2].prefix(encoding.memoryPlanes)
    return NegotiatedFormat(
      encoding: encoding, width: Int(pix.width), height: Int(pix.height), framesPerSecond: 0,
      bytesPerRow: planes.map { Int($0.bytesperline) }, sizes: planes.map { Int($0.sizeimage) },
      color: CameraColor(
        encoding, quantization: UInt32(pix.quantization), ycbcr: UInt32(pix.ycbcr_enc), colorspace: pix.colorspace),
      fields: fields(pix.field, encoding),
      raw: asSinglePlane(format, pix)
    ).checked
  }

  private static func fields(_ field: UInt32, _ encoding: PixelEncoding) -> NegotiatedFormat.Fields {
    switch field {
    // Where rows cannot be doubled one by one, the picture stays half as high.
    case V4L2_FIELD_ALTERNATE.rawValue, V4L2_FIELD_TOP.rawValue, V4L2_FIELD_BOTTOM.rawValue:
      encoding.isOnePlane ? .single : .woven
    case V4L2_FIELD_SEQ_TB.rawValue: .upperFirst
    case V4L2_FIELD_SEQ_BT.rawValue: .lowerFirst
    default: .woven
    }
  }

  /// libv4l knows only the single-planar struct.
  private static func asSinglePlane(_ format: v4l2_format, _ pix: v4l2_pix_format_mplane) -> v4l2_format {
    var single = v4l2_format()
    single.type = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
    single.fmt.pix.width = pix.width
    single.fmt.pix.height = pix.height
    single.fmt.pix.pixelformat = pix.pixelformat
    single.fmt.pix.bytesperline = pix.plane_fmt.0.bytesperline
    single.fmt.pix.sizeimage = pix.plane_fmt.0.sizeimage
    single.fmt.pix.field = pix.field
    return single
  }

  /// The rate is a wish that many drivers do not know; the format stands without it.
  private static func withRate(_ format: NegotiatedFormat, _ rate: Double, _ device: CameraDevice) -> NegotiatedFormat {
    var parameters = v4l2_streamparm()
    parameters.type = device.bufferType
    parameters.parm.capture.timeperframe = v4l2_fract(
      numerator: 1000, denominator: UInt32(saturating: min(max(rate, 0.01), 1000) * 1000))
    var set = device.asked(ocv_s_parm, parameters)
    if set == nil {
      parameters = v4l2_streamparm()
      parameters.type = device.bufferType
      set = device.asked(ocv_g_parm, parameters)
    }
    guard let interval = set?.parm.capture.timeperframe, interval.numerator > 0, interval.denominator > 0 else {
      return format
    }
    var result = format
    let given = Double(interval.denominator) / Double(interval.numerator)
    if (0.001...10_000).contains(given) { result.framesPerSecond = given }
    return result
  }
}

extension NegotiatedFormat {
  /// Itself, if the driver's figures make sense; drivers have answered with zeros and worse.
  fileprivate var checked: NegotiatedFormat? {
    guard (1...32768).contains(width), (1...32768).contains(height) else { return nil }
    guard sizes.allSatisfy({ (1...(1 << 30)).contains($0) }), bytesPerRow.allSatisfy({ (0...(1 << 20)).contains($0) })
    else { return nil }
    guard fields == .woven || encoding.isOnePlane else { return nil }
    return self
  }
}

extension PixelEncoding {
  /// Whether its rows can be put in another order one by one.
  fileprivate var isOnePlane: Bool {
    if case .native(let format) = handling { format.planeSizes(width: 2, height: 2)?.count == 1 } else { false }
  }
}

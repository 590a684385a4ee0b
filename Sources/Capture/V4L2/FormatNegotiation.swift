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
  /// YUV in JPEG's range.
  var fullRange: Bool
  /// The format as the driver gave it: libv4l wants it whole.
  var raw: v4l2_format
}

/// Chooses a format by what it gives and costs, and agrees on it with the driver.
enum FormatNegotiation {
  /// A combination worth trying; the lowest penalty first.
  struct Candidate: Equatable {
    var encoding: PixelEncoding
    var width: Int
    var height: Int
    var penalty: Double
  }

  static let standardWidth = 640
  static let standardHeight = 480
  static let standardRate = 30.0

  /// The usable formats at the size nearest to the wish.
  ///
  /// A wrong size weighs most, then a rate too low, then the time that the format costs.
  static func rank(_ options: [CameraFormats.Option], for request: SourceRequest) -> [Candidate] {
    let width = request.width ?? standardWidth
    let height = request.height ?? standardHeight
    let rate = request.framesPerSecond ?? standardRate
    var candidates: [Candidate] = []
    for option in options {
      guard let encoding = PixelEncoding.of(option.fourCC) else { continue }
      if let wanted = request.pixelFormat, !option.fourCC.isNamed(wanted) { continue }
      if option.sizes.isEmpty {
        candidates.append(Candidate(encoding: encoding, width: width, height: height, penalty: encoding.cost))
      }
      for size in option.sizes {
        let w = min(max(width, size.width.lowerBound), size.width.upperBound)
        let h = min(max(height, size.height.lowerBound), size.height.upperBound)
        let off = abs(Double(w - width)) / Double(width) + abs(Double(h - height)) / Double(height)
        let best = size.rates.first ?? rate
        let slow = max(0, (rate - best) / rate)
        let load = encoding.cost * Double(w * h) / Double(standardWidth * standardHeight)
        candidates.append(
          Candidate(encoding: encoding, width: w, height: h, penalty: off * 1000 + slow * 300 + min(load, 200)))
      }
    }
    return candidates.sorted { $0.penalty < $1.penalty }
  }

  /// Sets format and rate; takes what the driver makes of it, as long as it can be decoded.
  static func negotiate(_ device: CameraDevice, _ request: SourceRequest) throws(CaptureError) -> NegotiatedFormat {
    let options = CameraFormats.enumerate(device)
    let candidates = rank(options, for: request)
    guard !candidates.isEmpty else {
      let offered = options.map(\.fourCC.description).joined(separator: ", ")
      throw CaptureError(
        .unsupported,
        request.pixelFormat.map { "the camera has no pixel format \($0) that can be decoded" }
          ?? "no pixel format of the camera can be decoded", place: device.path,
        remedy: offered.isEmpty ? "it offers none" : "it offers \(offered)")
    }
    var failure = SystemError(EINVAL)
    for candidate in candidates.prefix(8) {
      do {
        guard let format = try set(candidate, on: device) else { continue }
        return withRate(format, request.framesPerSecond ?? standardRate, device)
      } catch {
        if error.code == EBUSY || error.code == ENODEV { throw CameraDevice.explain(error, opening: device.path) }
        failure = error
      }
    }
    throw CaptureError(
      .deviceFailed, "the camera accepts none of its own formats (\(failure.words))", place: device.path,
      errno: failure.code)
  }

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
      fullRange: isFullRange(encoding, pix.quantization, pix.colorspace), raw: format
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
      fullRange: isFullRange(encoding, UInt32(pix.quantization), pix.colorspace), raw: asSinglePlane(format, pix)
    ).checked
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

  private static func isFullRange(_ encoding: PixelEncoding, _ quantization: UInt32, _ colorspace: UInt32) -> Bool {
    if quantization == V4L2_QUANTIZATION_FULL_RANGE.rawValue { return true }
    if quantization == V4L2_QUANTIZATION_LIM_RANGE.rawValue { return false }
    return colorspace == V4L2_COLORSPACE_JPEG.rawValue || encoding.handling == .native(.gray8)
  }

  /// The rate is a wish that many drivers do not know; the format stands without it.
  private static func withRate(_ format: NegotiatedFormat, _ rate: Double, _ device: CameraDevice) -> NegotiatedFormat {
    var parameters = v4l2_streamparm()
    parameters.type = device.bufferType
    parameters.parm.capture.timeperframe = v4l2_fract(
      numerator: 1000, denominator: UInt32(min(max(rate, 0.01), 1000) * 1000))
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
    return self
  }
}

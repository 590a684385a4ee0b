import CVideo4Linux
import Ground

/// What a camera offers, as its driver enumerates it.
struct CameraFormats {
  /// Pictures of one size, or of any size in a range.
  struct SizeOption: Sendable, Equatable {
    var width: ClosedRange<Int>
    var height: ClosedRange<Int>
    /// Frames a second, highest first.
    var rates: [Double]

    /// The single size, or the smallest and the largest.
    var extremes: [(width: Int, height: Int)] {
      let small = (width: width.lowerBound, height: height.lowerBound)
      let large = (width: width.upperBound, height: height.upperBound)
      return small == large ? [small] : [small, large]
    }

    /// For drivers that list no sizes: whatever is asked for.
    static func any(_ width: Int, _ height: Int) -> SizeOption {
      SizeOption(width: width...width, height: height...height, rates: [])
    }

    func nearest(to wantedWidth: Int, _ wantedHeight: Int) -> (width: Int, height: Int) {
      (
        min(max(wantedWidth, width.lowerBound), width.upperBound),
        min(max(wantedHeight, height.lowerBound), height.upperBound)
      )
    }
  }

  struct Option: Sendable, Equatable {
    var fourCC: FourCC
    var description: String
    var sizes: [SizeOption]
  }

  /// Enumerations end with EINVAL; these bounds end those of drivers that never say it.
  private static let formatLimit: UInt32 = 128
  private static let sizeLimit: UInt32 = 256
  private static let rateLimit: UInt32 = 64

  /// The formats that the device itself has (libv4l's emulated ones are left out), with sizes and rates.
  static func enumerate(_ device: CameraDevice) -> [Option] {
    var options: [Option] = []
    for index in 0..<formatLimit {
      var query = v4l2_fmtdesc()
      query.index = index
      query.type = device.bufferType
      guard let found = device.asked(ocv_enum_fmt, query) else { break }
      let fourCC = FourCC(code: found.pixelformat)
      guard found.flags & UInt32(V4L2_FMT_FLAG_EMULATED) == 0, !options.contains(where: { $0.fourCC == fourCC }) else {
        continue
      }
      options.append(
        Option(fourCC: fourCC, description: fixedText(found.description), sizes: sizes(of: fourCC, device)))
    }
    return options.isEmpty ? present(device) : options
  }

  /// Drivers that cannot list what they have can still say what is set.
  private static func present(_ device: CameraDevice) -> [Option] {
    var query = v4l2_format()
    query.type = device.bufferType
    guard let format = device.asked(ocv_g_fmt, query) else { return [] }
    let code = device.isMultiplanar ? format.fmt.pix_mp.pixelformat : format.fmt.pix.pixelformat
    guard code != 0 else { return [] }
    return [Option(fourCC: FourCC(code: code), description: "as it is set", sizes: [])]
  }

  private static func sizes(of fourCC: FourCC, _ device: CameraDevice) -> [SizeOption] {
    var result: [SizeOption] = []
    for index in 0..<sizeLimit {
      var query = v4l2_frmsizeenum()
      query.index = index
      query.pixel_format = fourCC.code
      guard let found = device.asked(ocv_enum_framesizes, query) else { break }
      let isDiscrete = found.type == V4L2_FRMSIZE_TYPE_DISCRETE.rawValue
      let width =
        isDiscrete ? (found.discrete.width, found.discrete.width) : (found.stepwise.min_width, found.stepwise.max_width)
      let height =
        isDiscrete
        ? (found.discrete.height, found.discrete.height) : (found.stepwise.min_height, found.stepwise.max_height)
      guard let wide = range(width), let high = range(height) else { continue }
      let rates = rates(of: fourCC, wide.lowerBound, high.lowerBound, device)
      result.append(SizeOption(width: wide, height: high, rates: rates))
      if !isDiscrete { break }
    }
    return result
  }

  private static func range(_ bounds: (UInt32, UInt32)) -> ClosedRange<Int>? {
    guard bounds.0 > 0, bounds.0 <= bounds.1, bounds.1 <= 1 << 20 else { return nil }
    return Int(bounds.0)...Int(bounds.1)
  }

  private static func rates(of fourCC: FourCC, _ width: Int, _ height: Int, _ device: CameraDevice) -> [Double] {
    var result: [Double] = []
    for index in 0..<rateLimit {
      var query = v4l2_frmivalenum()
      query.index = index
      query.pixel_format = fourCC.code
      query.width = UInt32(width)
      query.height = UInt32(height)
      guard let found = device.asked(ocv_enum_frameintervals, query) else { break }
      if found.type == V4L2_FRMIVAL_TYPE_DISCRETE.rawValue {
        result += rate(found.discrete)
      } else {
        // A range: its shortest interval is the highest rate.
        result += rate(found.stepwise.min) + rate(found.stepwise.max)
        break
      }
    }
    return Set(result).sorted(by: >)
  }

  /// Frames a second of an interval; none for intervals that cannot be.
  private static func rate(_ interval: v4l2_fract) -> [Double] {
    guard interval.numerator > 0, interval.denominator > 0 else { return [] }
    let rate = Double(interval.denominator) / Double(interval.numerator)
    return (0.001...10_000).contains(rate) ? [(rate * 1000).rounded() / 1000] : []
  }
}

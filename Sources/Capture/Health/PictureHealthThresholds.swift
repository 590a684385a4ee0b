public import Ground

/// When a picture is complained about. Brightness is 0...255.
public struct PictureHealthThresholds: Sendable, Equatable {
  /// Seconds of the same picture.
  public var frozenSeconds = 3.0
  /// Mean brightness below which a picture is dark.
  public var darkMean = 22.0
  /// Fraction of white pixels above which it is overexposed.
  public var whiteFraction = 0.5
  /// Share of an edge's step within two pixels, below which it is blurred.
  public var sharpness = 0.42
  /// Spread of the brightness (standard deviation) below which there is nothing to see.
  public var coveredSpread = 4.0
  /// Mean change of brightness from frame to frame and back, above which it flickers.
  public var flickerLevels = 3.0
  /// Seconds that anything else must last before it is said, and be over before it is no longer said.
  public var holdSeconds = 1.0

  public init() {}
}

/// One threshold as the configuration file (section `[health]`) and `--health NAME=VALUE` know it.
public struct PictureHealthSetting: Sendable {
  public let name: String
  public let comment: String
  public let range: ClosedRange<Double>
  /// The value at which the complaint never comes; nil for what cannot be switched off.
  public let never: Double?
  private let path: any WritableKeyPath<PictureHealthThresholds, Double> & Sendable

  private init(
    _ name: String, _ path: any WritableKeyPath<PictureHealthThresholds, Double> & Sendable,
    _ range: ClosedRange<Double>,
    never: Double?, _ comment: String
  ) {
    self.name = name
    self.path = path
    self.range = range
    self.never = never
    self.comment = comment
  }

  /// The default, or what `thresholds` have.
  public func value(of thresholds: PictureHealthThresholds = PictureHealthThresholds()) -> Double {
    thresholds[keyPath: path]
  }

  /// Every threshold.
  public static let all: [PictureHealthSetting] = [
    PictureHealthSetting(
      "frozen", \.frozenSeconds, 0.1...86400, never: 86400, "Seconds of the very same picture that call it frozen."),
    PictureHealthSetting("dark", \.darkMean, 0...255, never: 0, "Mean brightness (0 to 255) below which it is dark."),
    PictureHealthSetting(
      "overexposed", \.whiteFraction, 0.01...1, never: 1,
      "Share of white pixels (0 to 1) above which it is overexposed."
    ),
    PictureHealthSetting(
      "blurred", \.sharpness, 0...1, never: 0,
      "Share of an edge's step within two pixels (0 to 1) below which it is blurred."
    ),
    PictureHealthSetting(
      "covered", \.coveredSpread, 0...255, never: 0, "Spread of the brightness below which the lens counts as covered."),
    PictureHealthSetting(
      "flicker", \.flickerLevels, 0.1...255, never: 255, "Change of brightness from frame to frame that is flicker."),
    PictureHealthSetting(
      "hold", \.holdSeconds, 0...3600, never: nil,
      "Seconds that a trouble lasts before it is said, and is over before it is not."),
  ]

  /// Sets `NAME=VALUE`, `NAME=off`, or, with `off` alone, all of them.
  ///
  /// - Throws: ``CaptureError`` that names what is wrong.
  public static func apply(_ text: String, to thresholds: inout PictureHealthThresholds) throws(CaptureError) {
    if text == "off" {
      for setting in all { if let never = setting.never { thresholds[keyPath: setting.path] = never } }
      return
    }
    let parts = text.split(separator: "=", maxSplits: 1).map { String($0) }
    guard parts.count == 2 else {
      throw CaptureError(.badName, "'\(text)' is not NAME=VALUE", remedy: "for instance dark=15, blurred=off, or off")
    }
    try apply(parts[0], parts[1], to: &thresholds)
  }

  /// Sets the threshold `name` to a number or `off`.
  public static func apply(
    _ name: String, _ value: String, to thresholds: inout PictureHealthThresholds
  ) throws(CaptureError) {
    guard let setting = all.first(where: { $0.name == name }) else {
      throw CaptureError(
        .badName, "no threshold '\(name)'", remedy: "one of " + all.map(\.name).joined(separator: ", "))
    }
    let number = value == "off" ? setting.never : Double(value)
    guard let number, setting.range.contains(number) else {
      throw CaptureError(
        .badName, "\(name) cannot be '\(value)'",
        remedy: "\(setting.range.lowerBound) to \(setting.range.upperBound)" + (setting.never == nil ? "" : ", or off"))
    }
    thresholds[keyPath: setting.path] = number
  }
}

import Ground

/// How brightness and chroma (Y'CbCr) make red, green and blue.
public enum ColorMatrix: String, Sendable, CaseIterable {
  /// Video of standard definition, JPEG and most cameras (ITU-R BT.601).
  case bt601
  /// Video of high definition (ITU-R BT.709).
  case bt709
  /// Video of ultra-high definition (ITU-R BT.2020, non-constant luminance).
  case bt2020
  /// Early video of high definition (SMPTE 240M).
  case smpte240

  /// What a stream of this size most likely uses that does not say: BT.709 from 720 lines on, however it is turned.
  public init(ofSize width: Int, _ height: Int) { self = min(width, height) >= 720 ? .bt709 : .bt601 }

  /// The shares of red and of blue in the brightness.
  public var weights: (red: Double, blue: Double) {
    switch self {
    case .bt601: (0.299, 0.114)
    case .bt709: (0.2126, 0.0722)
    case .bt2020: (0.2627, 0.0593)
    case .smpte240: (0.212, 0.087)
    }
  }

  /// Factors of the conversion to red, green and blue, as whole numbers.
  public struct Terms: Sendable {
    /// What is taken from the brightness first; from chroma it is 128.
    public var lumaOffset: Int
    public var luma: Int
    public var redV: Int
    /// Of green, subtracted.
    public var greenU: Int
    public var greenV: Int
    public var blueU: Int
  }

  /// The factors times `scale`, rounded.
  ///
  /// - Parameter fullRange: whether samples use 0...255, rather than 16...235 for brightness and 16...240 for chroma.
  public func terms(fullRange: Bool, scale: Double) -> Terms {
    let (red, blue) = weights
    let green = 1 - red - blue
    let chroma = (fullRange ? 1 : 255.0 / 224) * scale
    func rounded(_ value: Double) -> Int { Int(saturating: value.rounded()) }
    return Terms(
      lumaOffset: fullRange ? 0 : 16, luma: rounded((fullRange ? 1 : 255.0 / 219) * scale),
      redV: rounded(2 * (1 - red) * chroma), greenU: rounded(2 * (1 - blue) * blue / green * chroma),
      greenV: rounded(2 * (1 - red) * red / green * chroma), blueU: rounded(2 * (1 - blue) * chroma))
  }
}

import Testing
import Vision

/// Grey levels that stand for measured values.
@Suite struct LevelScaleTests {
  private static func samples(_ values: [UInt16], _ width: Int, _ depth: GreyDepth) -> Image {
    var grey = DeepGrey(depth, isBigEndian: false)
    let height = values.count / width
    let storage = PixelStorage(count: values.count)
    values.map(\.littleEndian).withUnsafeBytes {
      grey.convert($0, bytesPerRow: width * 2, width: width, height: height, into: storage.bytes.baseAddress!)
    }
    var image = Image(packed: width, height, .gray8, fullRange: true, storage: storage)!
    image.levels = grey.levels
    return image
  }

  /// 48 rows that grow from the left.
  private static func ramp(_ width: Int, low: Int, high: Int) -> [UInt16] {
    var values: [UInt16] = []
    for _ in 0..<48 {
      for x in 0..<width { values.append(UInt16(clamping: low + (high - low) * x / (width - 1))) }
    }
    return values
  }

  @Test(arguments: [(300, 5000), (0, 65535), (20_000, 20_010), (1000, 1000), (29_800, 30_100)])
  func aLevelGivesBackItsValue(low: Int, high: Int) {
    let width = 64
    let values = Self.ramp(width, low: low, high: high)
    for depth in [GreyDepth.distances, .stretched] {
      let image = Self.samples(values, width, depth)
      let span = (image.levels?.high ?? 0) - (image.levels?.low ?? 0)
      for x in 1..<width - 1 {
        guard let value = image.measured(x: x, y: 20) else {
          #expect(depth == .distances && values[20 * width + x] == 0)
          continue
        }
        // A level's width, and the samples at the ends that may be clipped.
        #expect(abs(value - Double(values[20 * width + x])) <= span / 255 + span * 0.03 + 16, "\(x): \(value)")
      }
      #expect(image.measured(x: -1, y: 0) == nil && image.measured(x: width, y: 0) == nil)
    }
  }

  @Test func whatWasNotMeasuredHasNoValue() {
    var values = Self.ramp(64, low: 500, high: 3650)
    values[70] = 0
    let image = Self.samples(values, 64, .distances)
    #expect(image.measured(x: 6, y: 1) == nil && image.measured(x: 7, y: 1) != nil)
    // The nearest things are measured, and not black.
    #expect((0..<48).allSatisfy { image.measured(x: 0, y: $0) != nil })
    #expect(image.levels?.warmth(of: 0) == nil && image.levels?.warmth(of: 1) == 254)
  }

  @Test func brightnessHasNoScale() {
    let image = Self.samples(Self.ramp(64, low: 0, high: 3000), 64, .usedBits)
    #expect(image.levels == nil && image.measured(x: 3, y: 3) == nil)
  }

  @Test func valuesAreWrittenWithTheirUnit() {
    let distance = LevelScale(.distance, low: 0, high: 1)
    #expect(["0.00 m", "0.01 m", "1.83 m", "12.30 m", "65.54 m"] == [0, 12, 1830, 12_299, 65_535].map(distance.text))
    #expect(distance.text(-5) == "0.00 m" && distance.text(.nan) == "0.00 m")
    #expect(LevelScale(.counts, low: 0, high: 1).text(29_315.4) == "29315")
    #expect(LevelScale(.counts, low: 10, high: 265).value(of: 0) == 10)
  }
}

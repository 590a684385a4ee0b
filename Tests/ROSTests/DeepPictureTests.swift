import Foundation
import Ground
import ROS
import TestSupport
import Testing
import Vision

/// Distances and deep grey become pictures that show what is in them.
@Suite struct DeepPictureTests {
  private static let width = 64
  private static let height = 48
  private let pool = PixelPool()

  /// A ramp from left to right.
  private func ramp(_ from: Double, _ to: Double) -> [Double] {
    (0..<DeepPictureTests.width * DeepPictureTests.height).map {
      from + (to - from) * Double($0 % DeepPictureTests.width) / Double(DeepPictureTests.width - 1)
    }
  }

  private func raw(_ encoding: String, _ values: [Double], isBigEndian: Bool = false, padding: Int = 0) -> RawImage {
    let bytes = encoding == "32FC1" ? 4 : 2
    var out = ByteWriter()
    for (index, value) in values.enumerated() {
      if bytes == 4 {
        let bits = Float(value).bitPattern
        out.append(isBigEndian ? bits.bigEndian : bits)
      } else {
        let sample = UInt16(saturating: value)
        out.append(isBigEndian ? sample.bigEndian : sample)
      }
      if (index + 1) % DeepPictureTests.width == 0 { out.appendZeros(padding) }
    }
    return RawImage(
      height: UInt32(DeepPictureTests.height), width: UInt32(DeepPictureTests.width), encoding: encoding,
      bigEndian: isBigEndian ? 1 : 0, step: UInt32(DeepPictureTests.width * bytes + padding), data: out.bytes[...])
  }

  private func row(_ image: Image) -> [Int] { (0..<DeepPictureTests.width).map { Int(image.storage.bytes[$0]) } }

  private func expectRamp(_ image: Image, from: Int, to: Int, _ what: String) {
    let row = row(image)
    #expect(zip(row, row.dropFirst()).allSatisfy { $0 <= $1 }, "\(what) rises: \(row)")
    #expect(abs(row[0] - from) <= 8 && abs(row[63] - to) <= 8, "\(what): \(row[0]) to \(row[63])")
  }

  @Test(arguments: [false, true], [0, 6]) func distancesAreSpreadOverTheRangeTheyUse(_ big: Bool, _ padding: Int) throws
  {
    for (low, high) in [(500.0, 4000.0), (300, 900), (1, 65535)] {
      var deep = DeepPictures()
      let millimetres = raw("16UC1", ramp(low, high), isBigEndian: big, padding: padding)
      #expect(millimetres.kind == .depth)
      expectRamp(try deep.image(millimetres, pool: pool), from: 0, to: 255, "16UC1 \(low)")
      let metres = raw("32FC1", ramp(low / 1000, high / 1000), isBigEndian: big, padding: padding)
      #expect(metres.kind == .depth)
      expectRamp(try deep.image(metres, pool: pool), from: 0, to: 255, "32FC1 \(low)")
    }
  }

  @Test func whatWasNotMeasuredIsBlack() throws {
    var deep = DeepPictures()
    var values = ramp(1, 3)
    let odd: [Double] = [.nan, 0, -1, -.infinity]
    for (index, value) in odd.enumerated() { values[40 + index] = value }
    values[50] = .infinity
    let row = row(try deep.image(raw("32FC1", values), pool: pool))
    #expect(row[40...43].allSatisfy { $0 == 0 } && row[50] == 255)
    #expect(row[39] > 100 && row[44] > 100)
  }

  /// An intensity keeps its black: the upper bits of those that the camera uses.
  @Test(arguments: [(1023.0, 255), (4095, 255), (65535, 255), (40000, 156), (3000, 187)])
  func deepGreyShowsTheBitsInUse(_ greatest: Double, _ brightest: Int) throws {
    var deep = DeepPictures()
    let image = raw("mono16", ramp(0, greatest))
    #expect(image.kind == .deepGrey)
    expectRamp(try deep.image(image, pool: pool), from: 0, to: brightest, "mono16 \(greatest)")
    // A darker picture afterwards is not made brighter.
    if greatest == 65535 { expectRamp(try deep.image(raw("mono16", ramp(0, 255)), pool: pool), from: 0, to: 0, "dark") }
  }

  @Test func sizesThatTheDataDoesNotBearOutAreErrors() {
    var deep = DeepPictures()
    var image = raw("32FC1", ramp(1, 2))
    image.data = image.data.dropLast()
    #expect(throws: ROSError.self) { try deep.image(image, pool: pool) }
    image = raw("16UC1", ramp(1, 2))
    image.step = 3
    #expect(throws: ROSError.self) { try deep.image(image, pool: pool) }
    image.width = .max
    #expect(throws: ROSError.self) { try deep.image(image, pool: pool) }
  }

  /// 4 x 1 grey samples of 16 bits (0, 1000, 2000, 40000), written by Pillow.
  private static let png = Data(
    base64Encoded:
      "iVBORw0KGgoAAAANSUhEUgAAAAQAAAABEAAAAACMx4xSAAAAEUlEQVR4nGNgYGB+wX5hjgMACKcCnx1mgS0AAAAASUVORK5CYII=")

  @Test func compressedDepthIsReadBehindItsHeader() throws {
    let png = Array(try #require(DeepPictureTests.png))
    var header = ByteWriter()
    header.append(UInt32(0))
    // 1 / distance = (sample - b) / a: 1000 is 4 m, 2000 is 2 m, 40000 is 0.1 m.
    header.append(Float(4000).bitPattern)
    header.append(Float(0).bitPattern)
    for format in ["16UC1; compressedDepth png", "16UC1; compressedDepth", "compressedDepth"] {
      var deep = DeepPictures()
      let picture = CompressedImage(format: format, data: (header.bytes + png)[...])
      #expect(picture.kind == .depth && Array(picture.depthPicture) == png)
      let image = try deep.image(picture, pool: pool)
      #expect(image.width == 4 && image.height == 1 && image.format == .gray8)
      let levels = (0..<4).map { image.storage.bytes[$0] }
      #expect(levels[0] == 0 && levels[1] <= levels[2] && levels[2] < levels[3], "\(levels)")
    }
    var deep = DeepPictures()
    let inverse = CompressedImage(format: "32FC1; compressedDepth png", data: (header.bytes + png)[...])
    let image = try deep.image(inverse, pool: pool)
    let levels = (0..<4).map { image.storage.bytes[$0] }
    #expect(levels[0] == 0 && levels[1] > levels[2] && levels[2] > levels[3], "\(levels)")
    let plain = CompressedImage(format: "16UC1; png compressed ", data: png[...])
    #expect(plain.kind == .depth)
    #expect(try deep.image(plain, pool: pool).width == 4)
    #expect(CompressedImage(format: "mono16; png compressed ", data: png[...]).kind == .deepGrey)
  }

  @Test func otherDepthPicturesAreRefusedInWords() throws {
    let png = Array(try #require(DeepPictureTests.png))
    let pictures: [(String, [UInt8])] = [
      ("16UC1; compressedDepth rvl", [UInt8](repeating: 1, count: 40)), ("16UC1; compressedDepth png", []),
      ("16UC1; compressedDepth png", Array(png.prefix(9))),
      ("16UC1; compressedDepth png", [UInt8](repeating: 0, count: 12) + png.dropLast(20)),
    ]
    for (format, data) in pictures {
      var deep = DeepPictures()
      #expect(throws: (any Error).self) {
        try deep.image(CompressedImage(format: format, data: data[...]), pool: pool)
      }
    }
  }

  @Test func topicsAreRankedByWhatTheyShow() {
    let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 0]
    #expect(CompressedImage(format: "jpeg", data: jpeg[...]).kind == .color)
    #expect(CompressedImage(format: "bgr8; jpeg compressed bgr8", data: jpeg[...]).kind == .color)
    #expect(CompressedImage(format: "mono8; jpeg compressed ", data: jpeg[...]).kind == .grey)
    #expect(CompressedImage(format: "h264", data: [0, 0, 0, 1]).kind == .unreadable)
    for (encoding, kind) in [
      ("rgb8", PictureKind.color), ("bayer_rggb8", .color), ("mono8", .grey), ("mono16", .deepGrey), ("16UC1", .depth),
      ("32FC1", .depth), ("64FC1", .unreadable), ("", .unreadable),
    ] {
      #expect(RawImage(encoding: encoding).kind == kind)
    }
    #expect(PictureKind.color < .grey && .grey < PictureKind.deepGrey && PictureKind.depth < .unreadable)
  }

  /// Samples of 16 bits show the upper eight of the bits in use, in the order of their encoding.
  @Test(
    arguments: [
      ("rgb16", "rgb8", 3), ("bgr16", "bgr8", 3), ("rgba16", "rgba8", 4), ("bgra16", "bgra8", 4), ("16UC3", "8UC3", 3),
      ("16UC4", "8UC4", 4), ("bayer_rggb16", "bayer_rggb8", 1), ("bayer_bggr16", "bayer_bggr8", 1),
      ("bayer_gbrg16", "bayer_gbrg8", 1), ("bayer_grbg16", "bayer_grbg8", 1),
    ], [10, 12, 16])
  func deepColoursAreThoseOfEightBits(_ names: (String, String, Int), _ bits: Int) throws {
    let (encoding, shallow, samples) = names
    var random = SeededGenerator(UInt64(bits))
    for (isBigEndian, padding) in [(false, 0), (true, 0), (false, 7), (true, 5)] {
      let (width, height) = (Int.random(in: 1...9, using: &random), Int.random(in: 1...9, using: &random))
      var bytes = (0..<width * height * samples).map { _ in UInt8.random(in: 0...255, using: &random) }
      // The greatest value tells the bits in use.
      bytes[0] = 255
      var words = ByteWriter()
      for (index, byte) in bytes.enumerated() {
        let word = UInt16(byte) << (bits - 8) | UInt16.random(in: 0..<(1 << (bits - 8)), using: &random)
        words.append(isBigEndian ? word.bigEndian : word)
        if (index + 1) % (width * samples) == 0 { words.appendZeros(padding) }
      }
      var raw = RawImage(
        height: UInt32(height), width: UInt32(width), encoding: encoding, bigEndian: isBigEndian ? 1 : 0,
        step: UInt32(width * samples * 2 + padding), data: words.bytes[...])
      var deep = DeepPictures()
      #expect(raw.kind == .color)
      let found = try deep.image(raw, pool: pool).rgb24()
      let wanted = try RawImageDecoding.image(
        RawImage(
          height: UInt32(height), width: UInt32(width), encoding: shallow, step: UInt32(width * samples),
          data: bytes[...]),
        pool: pool
      ).rgb24()
      #expect(
        Array(found.storage.bytes.prefix(width * height * 3)) == Array(wanted.storage.bytes.prefix(width * height * 3)))
      raw.data = raw.data.dropLast(padding + 1)
      #expect(throws: ROSError.self) { try deep.image(raw, pool: pool) }
    }
  }

  /// A plane of brightness, then one of chroma, whose order the encoding tells.
  @Test(arguments: [(8, 6), (7, 5), (1, 1), (2, 9)], [0, 3]) func semiplanarPictures(_ size: (Int, Int), _ padding: Int)
    throws
  {
    let (width, height) = size
    let chroma = (width + 1) / 2 * 2
    let step = max(width, chroma) + padding
    let rows = height + (height + 1) / 2
    let data = (0..<step * rows).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / step) }
    for (encoding, swap) in [("nv12", 0), ("nv21", 1)] {
      var raw = RawImage(
        height: UInt32(height), width: UInt32(width), encoding: encoding, step: UInt32(step), data: data[...])
      #expect(raw.kind == .color)
      let image = try RawImageDecoding.image(raw, pool: pool)
      #expect(image.format == .nv12 && image.width == width && image.height == height)
      for row in 0..<height {
        for x in 0..<width { #expect(image.storage.bytes[row * width + x] == data[row * step + x]) }
      }
      for row in 0..<(height + 1) / 2 {
        for x in 0..<chroma {
          #expect(image.storage.bytes[width * height + row * chroma + x] == data[(height + row) * step + (x ^ swap)])
        }
      }
      raw.data = raw.data.dropLast(step - chroma + 1)
      #expect(throws: ROSError.self) { try RawImageDecoding.image(raw, pool: pool) }
    }
  }

  @Test(arguments: ["", "8SC1", "8UC2", "16SC1", "32SC1", "64FC1", "32FC3", "nv24", "h264", "rgb32", "bayer_rggb12"])
  func encodingsThatAreNotKnownAreRefused(_ encoding: String) {
    var deep = DeepPictures()
    let raw = RawImage(
      height: 4, width: 4, encoding: encoding, step: 64, data: [UInt8](repeating: 9, count: 256)[...])
    #expect(raw.kind == .unreadable)
    let error = #expect(throws: ROSError.self) { try deep.image(raw, pool: pool) }
    #expect(error?.kind == .unsupported && error?.line.contains("'\(encoding)'") ?? false)
  }
}

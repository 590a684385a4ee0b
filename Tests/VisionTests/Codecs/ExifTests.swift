import Ground
import TestSupport
import Testing
import Vision

/// Orientation, wherever writers put it.
@Suite struct ExifTests {
  /// How the number is stored: TIFF's type and its bytes.
  private enum Number: Int, CaseIterable {
    case byte = 1
    case short = 3
    case long = 4
  }

  /// TIFF data whose first directory holds the orientation between other entries.
  private func tiff(
    _ orientation: Int, _ number: Number = .short, isLittle: Bool = true, count: Int = 1, directoryAt: Int = 8
  ) -> [UInt8] {
    func put(_ value: Int, _ bytes: Int) -> [UInt8] {
      let digits = (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isLittle ? digits : digits.reversed()
    }
    let width = number == .byte ? 1 : number == .short ? 2 : 4
    let value = put(orientation, width) + [UInt8](repeating: 0, count: 4 - width)
    return (isLittle ? [0x49, 0x49] : [0x4D, 0x4D]) + put(42, 2) + put(directoryAt, 4)
      + [UInt8](repeating: 0, count: directoryAt - 8) + put(3, 2)
      // The make, a text elsewhere; the orientation; Exif's own directory, which leads back to this one.
      + put(0x010F, 2) + put(2, 2) + put(9, 4) + put(4, 4) + put(0x0112, 2) + put(number.rawValue, 2) + put(count, 4)
      + value
      + put(0x8769, 2) + put(4, 2) + put(1, 4) + put(directoryAt, 4) + put(directoryAt, 4)
  }

  private let exifHeading = Array("Exif".utf8) + [0, 0]

  /// Dark at the left, light at the right, three times as wide as high.
  private func stored() -> Image {
    let image = greyPicture(96, 32, shade: 20)
    for y in 0..<32 { for x in 48 * 3..<96 * 3 { image.storage.bytes[y * 96 * 3 + x] = 230 } }
    return image
  }

  /// Which edge is light: 0 right, 1 bottom, 2 left, 3 top.
  private func lightEdge(_ image: Image) -> Int? {
    let rgb = image.rgb24().storage.bytes
    let isLight = [(1, 1), (3, 1), (1, 3), (3, 3)].map { x, y in
      rgb[((image.height * y / 4) * image.width + image.width * x / 4) * 3] > 128
    }
    return [
      [false, true, false, true], [false, false, true, true], [true, false, true, false], [true, true, false, false],
    ]
    .firstIndex(of: isLight)
  }

  private static let edges = [1: 0, 2: 2, 3: 2, 4: 0, 5: 1, 6: 1, 7: 3, 8: 3]

  private func expect(_ file: [UInt8], _ orientation: Int, _ what: String) throws {
    let image = try ImageFile.decode(file)
    #expect((image.width, image.height) == (orientation > 4 ? (32, 96) : (96, 32)), "\(what)")
    #expect(lightEdge(image) == Self.edges[orientation], "\(what)")
    guard ImageFileFormat(of: file) == .jpeg else { return }
    // A camera's picture, and a recorded one, are shown the same.
    let native = try JPEGDecoder().decode(file, as: .native, tolerance: .lenient).image
    #expect((native.width, native.height) == (image.width, image.height), "\(what)")
    #expect(lightEdge(native) == Self.edges[orientation], "\(what)")
    let small = try JPEGDecoder().decode(file, reduced: .half).image
    #expect((small.width, small.height) == (image.width / 2, image.height / 2), "\(what)")
  }

  @Test(arguments: 1...8)
  func everyWayToWriteIt(orientation: Int) throws {
    let jpeg = try JPEGEncoder().encode(stored()).array
    let png = try PNGCodec.encode(stored())
    for number in Number.allCases {
      for isLittle in [true, false] {
        for directoryAt in [8, 31] {
          let data = tiff(orientation, number, isLittle: isLittle, directoryAt: directoryAt)
          let what = "orientation \(orientation), \(number), little-endian \(isLittle), directory at \(directoryAt)"
          let segment = JPEGWriter.segment(0xE1, exifHeading + data)
          try expect(jpeg.prefix(2) + segment + jpeg.dropFirst(2), orientation, what)
          let chunk = PNGWriter.chunk("eXIf", data)
          try expect(png.prefix(33) + chunk + png.dropFirst(33), orientation, "PNG, \(what)")
        }
      }
    }
  }

  @Test func whereverItStands() throws {
    let jpeg = try JPEGEncoder().encode(stored()).array
    let png = try PNGCodec.encode(stored())
    let exif = JPEGWriter.segment(0xE1, exifHeading + tiff(6))
    let xmp = JPEGWriter.segment(0xE1, Array("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>".utf8))
    let comment = JPEGWriter.segment(0xFE, [UInt8](repeating: 0xFF, count: 300))
    func jpegWith(_ bytes: [UInt8]) -> [UInt8] { jpeg.prefix(2) + bytes + jpeg.dropFirst(2) }
    let scan = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xDA })
    let end = png.count - 12
    let chunk = PNGWriter.chunk("eXIf", tiff(6))
    let files: [String: [UInt8]] = [
      "behind fill bytes": jpegWith([0xFF, 0xFF, 0xFF] + exif),
      "behind XMP": jpegWith(xmp + exif),
      "behind other segments": jpegWith(comment + JPEGWriter.segment(0xE2, [1, 2, 3]) + xmp + [0xFF] + exif),
      "behind Exif without it": jpegWith(JPEGWriter.segment(0xE1, exifHeading + tiff(200)) + exif),
      "behind bytes of nothing": jpegWith(xmp + [9, 9, 9] + exif),
      "just before the pixels": jpeg.prefix(scan) + exif + jpeg.dropFirst(scan),
      "with another byte of padding": jpegWith(JPEGWriter.segment(0xE1, exifHeading.dropLast() + [0xFF] + tiff(6))),
      "PNG, before the pixels": png.prefix(33) + chunk + png.dropFirst(33),
      "PNG, behind the pixels": png.prefix(end) + chunk + png.dropFirst(end),
      "PNG, with JPEG's heading": png.prefix(end) + PNGWriter.chunk("eXIf", exifHeading + tiff(6)) + png.dropFirst(end),
      "PNG, behind other chunks": png.prefix(33) + PNGWriter.chunk("tEXt", Array("a\0eXIf".utf8)) + chunk
        + png.dropFirst(33),
    ]
    for (what, file) in files { try expect(file, 6, what) }
  }

  @Test func whatIsNoneIsUpright() throws {
    let jpeg = try JPEGEncoder().encode(stored()).array
    let png = try PNGCodec.encode(stored())
    let nonsense: [String: [UInt8]] = [
      "zero": tiff(0), "nine": tiff(9), "two numbers": tiff(6, count: 2), "no directory": Array(tiff(6).prefix(8)),
      "a directory beyond the end": [0x49, 0x49, 42, 0, 255, 255, 255, 255],
      "another magic": [0x49, 0x49, 43, 0] + tiff(6),
      "nothing": [],
    ]
    for (what, data) in nonsense {
      try expect(jpeg.prefix(2) + JPEGWriter.segment(0xE1, exifHeading + data) + jpeg.dropFirst(2), 1, what)
      try expect(png.prefix(33) + PNGWriter.chunk("eXIf", data) + png.dropFirst(33), 1, "PNG, \(what)")
    }
    // A thumbnail of its own, in the data or behind the picture, does not turn the picture.
    let thumbnail = jpeg.prefix(2) + JPEGWriter.segment(0xE1, exifHeading + tiff(6)) + jpeg.dropFirst(2)
    let inside = JPEGWriter.segment(0xE1, exifHeading + tiff(1) + thumbnail)
    try expect(jpeg.prefix(2) + inside + jpeg.dropFirst(2), 1, "a turned thumbnail inside")
    try expect(jpeg + thumbnail, 1, "another picture behind")
  }

  @Test func damagedDataIsReadWithinItsBounds() throws {
    var random = SeededGenerator(15)
    let jpeg = try JPEGEncoder().encode(stored()).array
    let png = try PNGCodec.encode(stored())
    let seeds = [
      jpeg.prefix(2) + JPEGWriter.segment(0xE1, exifHeading + tiff(6)) + jpeg.dropFirst(2),
      png.prefix(33) + PNGWriter.chunk("eXIf", tiff(6, isLittle: false)) + png.dropFirst(33),
    ]
    for round in 0..<4000 {
      let seed = seeds[round % 2]
      let head = mutate(Array(seed.prefix(140)), &random)
      let bytes = head + (round % 3 == 0 ? [] : seed.dropFirst(140))
      _ = bytes.withUnsafeBytes { Orientation(of: $0) }
    }
  }
}

extension ImageFileFormat {
  fileprivate init?(of bytes: [UInt8]) {
    guard let format = bytes.withUnsafeBytes({ ImageFileFormat(of: $0) }) else { return nil }
    self = format
  }
}

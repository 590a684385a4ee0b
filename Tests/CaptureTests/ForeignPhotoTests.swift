import Capture
import Foundation
import Ground
import TestSupport
import Testing
import Vision

/// Photos in formats that ffmpeg decodes: WebP, BMP, TIFF and others.
@Suite(.enabled(if: hasFFmpeg, "ffmpeg is not installed"), .serialized)
struct ForeignPhotoTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Four quarters of 48x32 in all: red, green, blue, white.
  private static let colors: [[UInt8]] = [[200, 20, 30], [20, 190, 40], [30, 40, 210], [240, 240, 240]]

  private func original() throws -> String {
    let (width, height) = (48, 32)
    let storage = PixelStorage(count: width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        let color = Self.colors[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]
        for channel in 0..<3 { storage.bytes[(y * width + x) * 3 + channel] = color[channel] }
      }
    }
    let image = try #require(Image(packed: width, height, .rgb24, storage: storage))
    return try folder.write("original.png", try PNGCodec.encode(image))
  }

  private func make(_ name: String, _ options: [String]) throws -> String {
    let path = folder.file(name)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments =
      ["-v", "error", "-y", "-i", "file:\(try original())"] + options + ["-update", "1", "file:\(path)"]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "ffmpeg made \(name)")
    return path
  }

  /// The quarters' colours of what is shown, in the order of reading.
  private func quarters(_ image: Image) -> [[Int]] {
    [(1, 1), (3, 1), (1, 3), (3, 3)].map { x, y in
      let at = ((image.height * y / 4) * image.width + image.width * x / 4) * 3
      return (0..<3).map { Int(image.storage.bytes[at + $0]) }
    }
  }

  private func expect(_ image: Image, _ order: [Int] = [0, 1, 2, 3], within tolerance: Int, _ what: String) {
    #expect(image.format == .rgb24)
    for (got, wanted) in zip(quarters(image), order.map { Self.colors[$0] }) {
      for channel in 0..<3 {
        #expect(abs(got[channel] - Int(wanted[channel])) <= tolerance, "\(what): \(got) \(wanted)")
      }
    }
  }

  private static let kinds: [(name: String, options: [String], tolerance: Int)] = [
    ("lossless.webp", ["-c:v", "libwebp", "-lossless", "1"], 1),
    ("lossy.webp", ["-c:v", "libwebp", "-quality", "95"], 8),
    ("clear.webp", ["-vf", "format=rgba", "-c:v", "libwebp", "-lossless", "1"], 1),
    ("photo.bmp", [], 0), ("photo.tiff", [], 0), ("packed.tif", ["-compression_algo", "lzw"], 0),
    ("deflated.tif", ["-compression_algo", "deflate"], 0), ("deep.tiff", ["-pix_fmt", "rgb48le"], 1),
    ("photo.ppm", [], 0), ("100%d.bmp", [], 0), ("wrong-name.jpg", ["-c:v", "bmp", "-f", "image2"], 0),
  ]

  @Test(arguments: kinds.indices)
  func everyFormatIsAPhoto(index: Int) throws {
    let kind = Self.kinds[index]
    let path = try make(kind.name, kind.options)
    expect(try PhotoFile.load(path), within: kind.tolerance, kind.name)
    // As a source it rests, like any other photo.
    let opened = try SourceRegistry(adding: [], cameras: { [] }).open(path).source
    defer { opened.close() }
    #expect(opened.description.rests && opened.description.detail == "photo")
    guard case .frame(let frame) = try opened.next(timeout: 1000) else {
      Issue.record("no frame of \(kind.name)")
      return
    }
    #expect(frame.image.width == 48 && frame.photo?.name == kind.name && frame.jpeg == nil)
    expect(frame.image, within: kind.tolerance, kind.name)
  }

  /// Grey and two-coloured pictures keep their brightness.
  @Test(arguments: ["gray.bmp", "gray.tiff", "gray.pgm"])
  func greyPictures(name: String) throws {
    let image = try PhotoFile.load(try make(name, ["-pix_fmt", "gray"]))
    let levels = quarters(image)
    for (level, color) in zip(levels, Self.colors.map { $0.map(Double.init) }) {
      let luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
      #expect(level[0] == level[1] && level[1] == level[2] && abs(Double(level[0]) - luma) <= 4, "\(name): \(level)")
    }
  }

  /// The order of the quarters for each of Exif's orientations.
  private static let orders = [
    [0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [2, 3, 0, 1], [0, 2, 1, 3], [2, 0, 3, 1], [3, 1, 2, 0], [1, 3, 0, 2],
  ]

  @Test(arguments: 1...8)
  func theyAreTurned(orientation: Int) throws {
    let order = Self.orders[orientation - 1]
    let tag: [UInt8] = [0x12, 1, 3, 0, 1, 0, 0, 0, UInt8(orientation), 0, 0, 0]
    let exif: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0] + tag + [0, 0, 0, 0]
    // A WebP with an EXIF chunk behind the picture, as the extended form has it.
    let plain = try [UInt8](
      Data(contentsOf: URL(fileURLWithPath: make("a.webp", ["-c:v", "libwebp", "-lossless", "1"]))))
    func number(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 255) } }
    // ffmpeg's file is of the simple form: one chunk, VP8L.
    let picture = Array(plain[plain.firstRange(of: Array("VP8L".utf8)).map { $0.lowerBound }!...])
    let extended = Array("VP8X".utf8) + number(10, 4) + [0x08, 0, 0, 0] + number(47, 3) + number(31, 3)
    let body = Array("WEBP".utf8) + extended + picture + Array("EXIF".utf8) + number(exif.count, 4) + exif
    let webp = try folder.write("turned.webp", Array("RIFF".utf8) + number(body.count, 4) + body)
    let turned = try PhotoFile.load(webp)
    #expect(turned.width == (orientation < 5 ? 48 : 32))
    expect(turned, order, within: 1, "webp \(orientation)")
    // A TIFF whose directory gets the tag.
    let tiff = try folder.write("turned.tiff", self.tiff(orientation))
    expect(try PhotoFile.load(tiff), order, within: 0, "tiff \(orientation)")
  }

  /// An uncompressed TIFF of the four quarters (TIFF 6.0, section 6), with an orientation.
  private func tiff(_ orientation: Int) -> [UInt8] {
    func number(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 255) } }
    func entry(_ tag: Int, _ type: Int, _ count: Int, _ value: Int) -> [UInt8] {
      number(tag, 2) + number(type, 2) + number(count, 4) + number(value, 4)
    }
    let size = 48 * 32 * 3
    let bits = 8 + size
    let entries = [
      entry(256, 3, 1, 48), entry(257, 3, 1, 32), entry(258, 3, 3, bits), entry(259, 3, 1, 1), entry(262, 3, 1, 2),
      entry(273, 4, 1, 8), entry(274, 3, 1, orientation), entry(277, 3, 1, 3), entry(278, 3, 1, 32),
      entry(279, 4, 1, size),
    ]
    let pixels = (0..<32).flatMap { y in
      (0..<48).flatMap { x in Self.colors[(y < 16 ? 0 : 2) + (x < 24 ? 0 : 1)] }
    }
    return [0x49, 0x49, 42, 0] + number(bits + 6, 4) + pixels + [8, 0, 8, 0, 8, 0] + number(entries.count, 2)
      + entries.flatMap(\.self) + [0, 0, 0, 0]
  }

  @Test func aFolderShowsThemInTheirOrder() throws {
    _ = try make("b.webp", ["-c:v", "libwebp"])
    _ = try make("c.bmp", [])
    _ = try make("d.tif", [])
    try folder.write("e.webp", Array("RIFF".utf8) + [9, 0, 0, 0] + Array("WEBPVP8 ".utf8) + [1, 0, 0, 0, 0])
    var request = SourceRequest()
    request.pace = .unlimited
    let source = try PhotoSource(path: folder.path, request: request)
    var names: [String] = []
    var notices: [String] = []
    loop: while true {
      switch try source.next(timeout: 100) {
      case .frame(let frame): names.append(frame.photo?.name ?? "")
      case .notice(let text): notices.append(text)
      case .end: break loop
      case .nothing, .noSignal: break
      }
    }
    #expect(names == ["b.webp", "c.bmp", "d.tif", "original.png"])
    #expect(notices.count == 1 && notices[0].contains("e.webp: WebP: ffmpeg"), "\(notices)")
    #expect(source.refusals == 1)
  }

  /// Cut and damaged files end in one line, or a picture; never in a hang or the end of the process.
  @Test func damagedPhotos() throws {
    var random = SeededGenerator(7)
    for name in ["a.webp", "a.bmp", "a.tiff", "a.ppm"] {
      let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: make(name, []))))
      for round in 0..<6 {
        var bytes = whole
        if round % 2 == 0 {
          bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count))))
        } else {
          for _ in 0..<8 { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next()) }
        }
        let path = try folder.write("damaged-" + name, bytes)
        do { #expect(try PhotoFile.load(path).width > 0) } catch { #expect(error.line.contains("damaged-" + name)) }
      }
    }
  }

  /// Forms that ffmpeg does not decode, or decodes to black without a word.
  @Test func formsThatAreNotRead() throws {
    let animated =
      Array("RIFF".utf8) + [22, 0, 0, 0] + Array("WEBPVP8X".utf8) + [10, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 9, 0, 0]
    var jpegInside = tiff(1)
    let tag = try #require(jpegInside.firstRange(of: [3, 1, 3, 0, 1, 0, 0, 0, 1]))
    jpegInside[tag.upperBound - 1] = 7
    for (name, bytes, word) in [("a.webp", animated, "animated"), ("a.tif", jpegInside, "JPEG inside")] {
      let path = try folder.write(name, bytes)
      do {
        _ = try PhotoFile.load(path)
        Issue.record("\(name) was read")
      } catch { #expect(error.line.contains(word) && error.line.contains(name) && error.line.contains("save it as")) }
    }
  }

  /// A header that claims more pixels than are decoded.
  @Test func hugeClaims() throws {
    let path = try folder.write("huge.ppm", "P6\n60000 60000\n255\nabc")
    #expect(throws: CodecError.self) { try PhotoFile.load(path) }
  }
}

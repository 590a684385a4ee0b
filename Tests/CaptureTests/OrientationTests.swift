import Capture
import Foundation
import TestSupport
import Testing
import Vision

@Suite struct OrientationTests {
  /// A picture of four quarters: white, dark grey, middle grey, black, from the left and the top.
  private let levels: [UInt8] = [250, 60, 150, 5]

  private func photo(_ orientation: Int?, isLittle: Bool = true) throws -> [UInt8] {
    let (width, height) = (64, 32)
    let storage = PixelStorage(count: width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        let level = levels[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]
        for channel in 0..<3 { storage.bytes[(y * width + x) * 3 + channel] = level }
      }
    }
    let jpeg = try JPEGEncoder().encode(try #require(Image(packed: width, height, .rgb24, storage: storage))).array
    guard let orientation else { return jpeg }
    func short(_ value: Int) -> [UInt8] { isLittle ? [UInt8(value), 0] : [0, UInt8(value)] }
    func long(_ value: Int) -> [UInt8] { isLittle ? [UInt8(value), 0, 0, 0] : [0, 0, 0, UInt8(value)] }
    let tiff: [UInt8] =
      (isLittle ? [0x49, 0x49, 42, 0] : [0x4D, 0x4D, 0, 42]) + long(8) + short(1)
      + (isLittle ? [0x12, 0x01] : [0x01, 0x12]) + short(3) + long(1) + short(orientation) + [0, 0] + long(0)
    let body = Array("Exif".utf8) + [0, 0] + tiff
    return jpeg.prefix(2) + [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body + jpeg.dropFirst(2)
  }

  /// The levels of the four quarters of what is shown.
  private func quarters(_ image: Image) -> [Int] {
    [(1, 1), (3, 1), (1, 3), (3, 3)].map { x, y in
      Int(image.storage.bytes[((image.height * y / 4) * image.width + image.width * x / 4) * 3])
    }
  }

  @Test(arguments: [
    (1, [0, 1, 2, 3]), (2, [1, 0, 3, 2]), (3, [3, 2, 1, 0]), (4, [2, 3, 0, 1]), (5, [0, 2, 1, 3]), (6, [2, 0, 3, 1]),
    (7, [3, 1, 2, 0]), (8, [1, 3, 0, 2]),
  ])
  func photosAreShownUpright(orientation: Int, order: [Int]) throws {
    let folder = try TemporaryFolder()
    for isLittle in [true, false] {
      let path = try folder.write("photo.jpg", try photo(orientation, isLittle: isLittle))
      let source = try PhotoSource(path: path, request: SourceRequest())
      guard case .frame(let frame) = try source.next(timeout: 1000) else {
        Issue.record("no frame")
        return
      }
      #expect((frame.image.width, frame.image.height) == (orientation < 5 ? (64, 32) : (32, 64)))
      #expect(source.description.width == frame.image.width)
      for (got, expected) in zip(quarters(frame.image), order.map { Int(levels[$0]) }) {
        #expect(abs(got - expected) < 12, "orientation \(orientation)")
      }
      source.close()
    }
  }

  @Test func nonsenseIsUpright() throws {
    var random = SystemRandomNumberGenerator()
    for value in [0, 9, 200] { #expect(try ImageFile.decode(photo(value)).width == 64) }
    let good = try photo(6)
    for _ in 0..<3000 {
      var bytes = good
      for _ in 0..<3 { bytes[Int.random(in: 2..<60, using: &random)] = UInt8.random(in: 0...255, using: &random) }
      _ = bytes.withUnsafeBytes { Orientation(ofJPEG: $0) }
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      _ = bytes.withUnsafeBytes { Orientation(ofJPEG: $0) }
    }
  }
}

import TestSupport
import Vision

/// Pictures made in the tests: smooth shapes with some detail, so that JPEG keeps them close.
enum Picture {
  static func rgb(_ width: Int, _ height: Int) -> Image {
    let storage = PixelStorage(count: width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        let at = (y * width + x) * 3
        storage.bytes[at] = UInt8(x * 255 / max(1, width - 1))
        storage.bytes[at + 1] = UInt8(y * 255 / max(1, height - 1))
        storage.bytes[at + 2] = (x / 16 + y / 16) % 2 == 0 ? 60 : 180
      }
    }
    return Image(packed: width, height, .rgb24, storage: storage)!
  }

  /// A picture of `format` whose planes hold gentle gradients.
  static func of(_ format: PixelFormat, _ width: Int, _ height: Int, fullRange: Bool = false) -> Image {
    let sizes = format.planeSizes(width: width, height: height)!
    let storage = PixelStorage(count: sizes.reduce(0) { $0 + $1.bytesPerRow * $1.rows })
    for index in storage.bytes.indices {
      storage.bytes[index] = UInt8(90 + index % 7 + index * 60 / storage.bytes.count)
    }
    return Image(packed: width, height, format, fullRange: fullRange, storage: storage)!
  }

  static func bytes(_ image: Image) -> [UInt8] { Array(image.storage.bytes) }

  /// Mean absolute difference of the first `count` bytes.
  static func difference(_ a: Image, _ b: Image, count: Int) -> Double {
    var sum = 0
    for index in 0..<count { sum += abs(Int(a.storage.bytes[index]) - Int(b.storage.bytes[index])) }
    return Double(sum) / Double(count)
  }
}

/// Damages bytes in one of the ways that buses, disks and attackers do.
func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
  var copy = bytes
  switch Int.random(in: 0..<6, using: &random) {
  case 0: copy.removeLast(Int.random(in: 0...copy.count, using: &random))
  case 1:
    for _ in 0..<Int.random(in: 1...20, using: &random) {
      copy[Int.random(in: 0..<copy.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
  case 2: copy[Int.random(in: 0..<copy.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
  case 3:
    let start = Int.random(in: 0..<copy.count, using: &random)
    copy.removeSubrange(start..<min(copy.count, start + Int.random(in: 1...200, using: &random)))
  case 4:
    let noise = (0..<Int.random(in: 1...100, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    copy.insert(contentsOf: noise, at: Int.random(in: 0...copy.count, using: &random))
  default:
    // The first bytes hold the sizes and the tables: where a parser is most easily led astray.
    for _ in 0..<4 {
      copy[Int.random(in: 0..<min(200, copy.count), using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
  }
  return copy
}

extension JPEGDecoder {
  /// Decodes from an array: what the tests have.
  func decode(
    _ bytes: [UInt8], as layout: Layout = .rgb, reduced: Reduction = .none, tolerance: Tolerance = .strict
  ) throws -> Picture {
    try bytes.withUnsafeBytes { try decode($0, as: layout, reduced: reduced, tolerance: tolerance) }
  }
}

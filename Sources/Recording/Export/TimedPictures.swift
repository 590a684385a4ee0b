import Ground

/// The bytes of a Matroska stream of uncompressed pictures, each with its own time: what ffmpeg reads from a pipe. A pipe of
/// pictures alone has one rate, and recordings do not.
///
/// Source: RFC 9559 (Matroska) and RFC 8794 (EBML). Segment and clusters are of unknown size, as live streams have them.
struct TimedPictures {
  let width: Int
  let height: Int
  private static let unknownSize: [UInt8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]

  /// What comes before the first picture.
  var beginning: [UInt8] {
    let head = element(
      [0x1A, 0x45, 0xDF, 0xA3],
      number([0x42, 0x86], 1) + number([0x42, 0xF7], 1) + number([0x42, 0xF2], 4) + number([0x42, 0xF3], 8)
        + element([0x42, 0x82], Array("matroska".utf8)) + number([0x42, 0x87], 4) + number([0x42, 0x85], 2))
    // One tick of the time stamps is a microsecond.
    let info = element(
      [0x15, 0x49, 0xA9, 0x66],
      number([0x2A, 0xD7, 0xB1], 1000) + element([0x4D, 0x80], Array("ocellus".utf8))
        + element([0x57, 0x41], Array("ocellus".utf8)))
    // Packed red, green, blue of eight bits.
    let video = element(
      [0xE0],
      number([0xB0], UInt64(width)) + number([0xBA], UInt64(height))
        + element([0x2E, 0xB5, 0x24], Array("RGB".utf8) + [24]))
    let track = element(
      [0xAE],
      number([0xD7], 1) + number([0x73, 0xC5], 1) + number([0x83], 1) + number([0x9C], 0)
        + element([0x86], Array("V_UNCOMPRESSED".utf8)) + video)
    return head + [0x18, 0x53, 0x80, 0x67] + TimedPictures.unknownSize + info
      + element([0x16, 0x54, 0xAE, 0x6B], track)
  }

  /// What comes before the pixels of a picture: a cluster of its own.
  ///
  /// - Parameter microseconds: since the first picture.
  func heading(microseconds: UInt64) -> [UInt8] {
    let pixels = width * height * 3
    // Track 1, no offset to the cluster's time, a key frame.
    let block: [UInt8] = [0x81, 0, 0, 0x80]
    return [0x1F, 0x43, 0xB6, 0x75] + TimedPictures.unknownSize + number([0xE7], microseconds) + [0xA3]
      + size(block.count + pixels) + block
  }

  private func element(_ id: [UInt8], _ content: [UInt8]) -> [UInt8] { id + size(content.count) + content }

  private func number(_ id: [UInt8], _ value: UInt64) -> [UInt8] {
    element(id, withUnsafeBytes(of: value.bigEndian) { Array($0) })
  }

  /// A length in eight bytes.
  private func size(_ count: Int) -> [UInt8] {
    withUnsafeBytes(of: (UInt64(count) | 1 << 56).bigEndian) { Array($0) }
  }
}

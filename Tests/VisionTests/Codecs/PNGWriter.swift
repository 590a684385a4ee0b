/// Writes PNG files of any kind byte by byte, without libpng: what ``PNGKindTests`` compare with.
struct PNGWriter {
  enum Color: UInt8, CaseIterable {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6

    var channels: Int {
      switch self {
      case .grey, .palette: 1
      case .greyAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }

    /// Bits of a sample that the format allows (PNG, third edition, table 11.1).
    var depths: [Int] {
      switch self {
      case .grey: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .greyAlpha, .rgba: [8, 16]
      }
    }
  }

  var width: Int
  var height: Int
  var color: Color
  var depth: Int
  var isInterlaced = false
  /// Chunks between the header and the pixels, and behind them.
  var before: [[UInt8]] = []
  var after: [[UInt8]] = []

  /// - Parameter sample: the value of a channel at x, y; below 2 to the power of the depth.
  func file(_ sample: (_ x: Int, _ y: Int, _ channel: Int) -> Int) -> [UInt8] {
    var rows: [UInt8] = []
    // Adam7's seven reduced pictures, or the whole.
    let passes =
      isInterlaced
      ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
      : [(0, 0, 1, 1)]
    for (left, top, right, down) in passes {
      guard left < width else { continue }
      for y in stride(from: top, to: height, by: down) {
        rows.append(0)
        var (pending, bits) = (0, 0)
        for x in stride(from: left, to: width, by: right) {
          for channel in 0..<color.channels {
            pending = pending << depth | sample(x, y, channel)
            bits += depth
            while bits >= 8 {
              rows.append(UInt8(truncatingIfNeeded: pending >> (bits - 8)))
              bits -= 8
            }
          }
        }
        if bits > 0 { rows.append(UInt8(truncatingIfNeeded: pending << (8 - bits))) }
      }
    }
    let header = big(width) + big(height) + [UInt8(depth), color.rawValue, 0, 0, isInterlaced ? 1 : 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header) + before.flatMap { $0 }
      + Self.chunk("IDAT", Self.stored(rows)) + after.flatMap { $0 } + Self.chunk("IEND", [])
  }

  static func chunk(_ kind: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(kind.utf8) + data
    return big(data.count) + body + big(Int(crc(body)))
  }

  /// A zlib stream that compresses nothing (RFC 1950 and 1951).
  private static func stored(_ data: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x78, 0x01]
    var (a, b) = (1, 0)
    for byte in data {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    for start in stride(from: 0, to: max(1, data.count), by: 65535) {
      let part = data[start..<min(data.count, start + 65535)]
      let (low, high) = (UInt8(part.count & 255), UInt8(part.count >> 8))
      out += [start + 65535 >= data.count ? 1 : 0, low, high, ~low, ~high] + part
    }
    return out + big(b << 16 | a)
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = .max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
    }
    return ~sum
  }
}

/// Four bytes, the highest first.
func big(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

/// Writes baseline JPEG files whose blocks are flat, with any sampling factors, without libjpeg.
struct JPEGWriter {
  struct Component {
    var horizontal: Int
    var vertical: Int
    /// The values of the picture's quarters: upper left and right, lower left and right.
    var quarters: [Int]
  }

  /// Sides of the picture, multiples of twice the largest block.
  var size = 192
  var components: [Component]
  /// Adobe's marker with this transform: 0 as they are, 1 YCbCr, 2 YCCK.
  var adobe: UInt8?

  func file() -> [UInt8] {
    let widest = components.map(\.horizontal).max() ?? 1
    let tallest = components.map(\.vertical).max() ?? 1
    let count = UInt8(components.count)
    var out: [UInt8] = [0xFF, 0xD8]
    if let adobe { out += Self.segment(0xEE, Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, adobe]) }
    out += Self.segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
    let sides = [UInt8(size >> 8), UInt8(size & 255)]
    out += Self.segment(
      0xC0,
      [8] + sides + sides + [count]
        + components.enumerated().flatMap { [UInt8($0 + 1), UInt8($1.horizontal << 4 | $1.vertical), 0] })
    // The first coefficient's codes are its twelve sizes in four bits; of the others there is only the block's end.
    out += Self.segment(0xC4, [0x00, 0, 0, 0, 12] + [UInt8](repeating: 0, count: 12) + (0..<12).map { UInt8($0) })
    out += Self.segment(0xC4, [0x10, 1] + [UInt8](repeating: 0, count: 15) + [0])
    out += Self.segment(0xDA, [count] + components.indices.flatMap { [UInt8($0 + 1), 0] } + [0, 63, 0])
    var bits = BitWriter()
    var before = [Int](repeating: 0, count: components.count)
    for row in 0..<size / (8 * tallest) {
      for column in 0..<size / (8 * widest) {
        for (index, component) in components.enumerated() {
          for y in 0..<component.vertical {
            for x in 0..<component.horizontal {
              let left = (column * component.horizontal + x) * 8 * widest / component.horizontal
              let top = (row * component.vertical + y) * 8 * tallest / component.vertical
              let quarter = top * 2 / size * 2 + left * 2 / size
              let value = (component.quarters[quarter] - 128) * 8
              bits.put(difference: value - before[index])
              before[index] = value
            }
          }
        }
      }
    }
    return out + bits.stuffed + [0xFF, 0xD9]
  }

  static func segment(_ marker: UInt8, _ data: [UInt8]) -> [UInt8] {
    [0xFF, marker, UInt8((data.count + 2) >> 8), UInt8((data.count + 2) & 255)] + data
  }
}

private struct BitWriter {
  private var bits: [Bool] = []

  mutating func put(difference: Int) {
    let size = Int.bitWidth - difference.magnitude.leadingZeroBitCount
    put(size, 4)
    put(difference > 0 ? difference : difference + (1 << size) - 1, size)
    put(0, 1)
  }

  private mutating func put(_ value: Int, _ count: Int) {
    for bit in (0..<count).reversed() { bits.append(value >> bit & 1 == 1) }
  }

  /// Filled with ones, a zero behind each byte of ones (ITU-T T.81, F.1.2.3).
  var stuffed: [UInt8] {
    stride(from: 0, to: bits.count, by: 8).flatMap { start -> [UInt8] in
      let byte = (0..<8).reduce(UInt8(0)) { $0 << 1 | (start + $1 >= bits.count || bits[start + $1] ? 1 : 0) }
      return byte == 0xFF ? [0xFF, 0] : [byte]
    }
  }
}

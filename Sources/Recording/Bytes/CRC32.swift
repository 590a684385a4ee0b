import Ground

/// CRC-32 as MCAP, zip and Ethernet use it (reflected polynomial 0xEDB88320), eight bytes a step.
///
/// Slicing by eight: Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation"
/// (2008).
public struct CRC32: Sendable {
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
      tables[index] = value
    }
    for index in 0..<256 {
      for step in 1..<8 {
        let before = tables[(step - 1) * 256 + index]
        tables[step * 256 + index] = tables[Int(before & 0xff)] ^ (before >> 8)
      }
    }
    return tables
  }()

  private var state: UInt32 = 0xffff_ffff

  public init() {}

  /// The checksum of everything so far.
  public var value: UInt32 { ~state }

  public mutating func update(_ raw: UnsafeRawBufferPointer) {
    var crc = state
    CRC32.tables.withUnsafeBufferPointer { table in
      var position = 0
      let wide = raw.count & ~7
      while position < wide {
        let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)) ^ UInt64(crc)
        let low = UInt32(truncatingIfNeeded: word)
        let high = UInt32(truncatingIfNeeded: word >> 32)
        let a = table[7 * 256 + Int(low & 0xff)] ^ table[6 * 256 + Int((low >> 8) & 0xff)]
        let b = table[5 * 256 + Int((low >> 16) & 0xff)] ^ table[4 * 256 + Int(low >> 24)]
        let c = table[3 * 256 + Int(high & 0xff)] ^ table[2 * 256 + Int((high >> 8) & 0xff)]
        let d = table[256 + Int((high >> 16) & 0xff)] ^ table[Int(high >> 24)]
        crc = a ^ b ^ c ^ d
        position += 8
      }
      while position < raw.count {
        crc = table[Int((crc ^ UInt32(raw[position])) & 0xff)] ^ (crc >> 8)
        position += 1
      }
    }
    state = crc
  }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The checksum of some bytes.
  public static func of(_ bytes: [UInt8]) -> UInt32 { of(bytes[...]) }

  /// The checksum of some bytes.
  public static func of(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = CRC32()
    bytes.withUnsafeBytes { crc.update($0) }
    return crc.value
  }
}

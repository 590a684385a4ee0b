/// Bytes that grow: little-endian integers, prefixed strings and maps, as MCAP lays them out.
public struct ByteWriter {
  public private(set) var bytes: [UInt8]

  public init(capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  public var count: Int { bytes.count }

  /// Forgets the contents and keeps the memory.
  public mutating func clear() { bytes.removeAll(keepingCapacity: true) }

  /// Forgets everything after the first `count` bytes.
  public mutating func truncate(to count: Int) { bytes.removeLast(max(0, bytes.count - count)) }

  @inline(__always)
  public mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func append(_ raw: UnsafeRawBufferPointer) {
    raw.withMemoryRebound(to: UInt8.self) { bytes.append(contentsOf: $0) }
  }

  public mutating func append(_ other: [UInt8]) { bytes.append(contentsOf: other) }

  public mutating func append(_ other: ArraySlice<UInt8>) { bytes.append(contentsOf: other) }

  public mutating func appendZeros(_ count: Int) {
    for _ in 0..<count { bytes.append(0) }
  }

  /// A `String` of MCAP: 32-bit length, then UTF-8.
  public mutating func append(prefixed text: String) {
    var text = text
    text.withUTF8 { utf8 in
      append(UInt32(clamping: utf8.count))
      bytes.append(contentsOf: utf8)
    }
  }

  /// A `Map<string, string>` of MCAP, keys sorted so that equal maps give equal bytes.
  public mutating func append(map: [String: String]) {
    let start = beginLength32()
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      append(prefixed: key)
      append(prefixed: value)
    }
    endLength32(start)
  }

  /// Overwrites an integer written before.
  public mutating func patch<Value: FixedWidthInteger>(_ value: Value, at position: Int) {
    precondition(position >= 0 && position + MemoryLayout<Value>.size <= bytes.count)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: position, as: Value.self) }
  }

  /// Leaves room for a 32-bit length that ``endLength32(_:)`` fills in.
  public mutating func beginLength32() -> Int {
    append(UInt32(0))
    return bytes.count
  }

  public mutating func endLength32(_ start: Int) {
    patch(UInt32(clamping: bytes.count - start), at: start - 4)
  }
}

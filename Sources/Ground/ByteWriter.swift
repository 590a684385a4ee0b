/// Bytes that grow, with little-endian integers.
public struct ByteWriter {
  @usableFromInline
  var storage: [UInt8]
  /// Everything written.
  @inlinable
  public var bytes: [UInt8] { storage }

  public init(capacity: Int = 0) {
    storage = []
    storage.reserveCapacity(capacity)
  }

  @inlinable
  public var count: Int { storage.count }

  /// Forgets the contents and keeps the memory.
  public mutating func clear() { storage.removeAll(keepingCapacity: true) }

  /// Forgets everything after the first `count` bytes.
  public mutating func truncate(to count: Int) { storage.removeLast(max(0, storage.count - count)) }

  @inlinable
  public mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { storage.append(contentsOf: $0) }
  }

  @inlinable
  public mutating func append(_ raw: UnsafeRawBufferPointer) {
    raw.withMemoryRebound(to: UInt8.self) { storage.append(contentsOf: $0) }
  }

  @inlinable
  public mutating func append(_ other: [UInt8]) { storage.append(contentsOf: other) }

  @inlinable
  public mutating func append(_ other: ArraySlice<UInt8>) { storage.append(contentsOf: other) }

  @inlinable
  public mutating func appendZeros(_ count: Int) {
    for _ in 0..<count { storage.append(0) }
  }

  /// Overwrites an integer written before.
  @inlinable
  public mutating func patch<Value: FixedWidthInteger>(_ value: Value, at position: Int) {
    precondition(position >= 0 && position + MemoryLayout<Value>.size <= storage.count)
    storage.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: position, as: Value.self) }
  }
}

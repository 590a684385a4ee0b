/// Reads little-endian fields from bytes that may be anything: every read is checked, nothing is allocated on the word
/// of a length field.
public struct ByteReader {
  /// What is read; shares its owner's memory.
  public let bytes: ArraySlice<UInt8>
  @usableFromInline
  var place: Int
  /// The next byte, an index into ``bytes``.
  @inlinable
  public var position: Int { place }
  /// The end of the readable bytes, an index into ``bytes``.
  public let end: Int

  @inlinable
  public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  @inlinable
  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    place = bytes.startIndex
    end = bytes.endIndex
  }

  @inlinable
  init(_ bytes: ArraySlice<UInt8>, place: Int, end: Int) {
    self.bytes = bytes
    self.place = place
    self.end = end
  }

  /// Bytes not read yet.
  @inlinable
  public var remaining: Int { end - position }

  @inlinable
  func need(_ count: Int) throws {
    guard count >= 0, count <= end - position else {
      throw ByteReader.pastEnd
    }
  }

  @inlinable
  public mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value {
    let size = MemoryLayout<Value>.size
    try need(size)
    let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position - bytes.startIndex, as: Value.self) }
    place += size
    return Value(littleEndian: value)
  }

  /// The next `count` bytes, sharing this reader's memory.
  @inlinable
  public mutating func slice(_ count: Int) throws -> ArraySlice<UInt8> {
    try need(count)
    defer { place += count }
    return bytes[position..<position + count]
  }

  /// A reader over the next `count` bytes.
  @inlinable
  public mutating func part(_ count: Int) throws -> ByteReader {
    try need(count)
    defer { place += count }
    return ByteReader(bytes, place: position, end: position + count)
  }

  /// Steps over the next `count` bytes.
  @inlinable
  public mutating func skip(_ count: Int) throws {
    try need(count)
    place += count
  }

  @usableFromInline
  static var pastEnd: ByteError { ByteError(.outOfBounds, "a field reaches past the end of its record") }

  /// Goes to `position`, an index into ``bytes``.
  public mutating func move(to position: Int) throws {
    guard (bytes.startIndex...end).contains(position) else {
      throw ByteError(.outOfBounds, "an offset points outside its chunk")
    }
    place = position
  }
}

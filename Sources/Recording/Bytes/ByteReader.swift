/// Reads little-endian fields from bytes that may be anything: every read is checked, nothing is allocated on the word
/// of a length field.
public struct ByteReader {
  /// What is read; shares its owner's memory.
  public let bytes: ArraySlice<UInt8>
  /// The next byte, an index into ``bytes``.
  public private(set) var position: Int
  public let end: Int

  public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
    end = bytes.endIndex
  }

  private init(_ bytes: ArraySlice<UInt8>, position: Int, end: Int) {
    self.bytes = bytes
    self.position = position
    self.end = end
  }

  public var remaining: Int { end - position }

  private func need(_ count: Int) throws {
    guard count >= 0, count <= end - position else {
      throw RecordingError(.corrupt, "a field reaches past the end of its record")
    }
  }

  @inline(__always)
  public mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value {
    let size = MemoryLayout<Value>.size
    try need(size)
    let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position - bytes.startIndex, as: Value.self) }
    position += size
    return Value(littleEndian: value)
  }

  /// The next `count` bytes, sharing this reader's memory.
  public mutating func slice(_ count: Int) throws -> ArraySlice<UInt8> {
    try need(count)
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A reader over the next `count` bytes.
  public mutating func part(_ count: Int) throws -> ByteReader {
    try need(count)
    defer { position += count }
    return ByteReader(bytes, position: position, end: position + count)
  }

  public mutating func skip(_ count: Int) throws {
    try need(count)
    position += count
  }

  /// Goes to `position`, an index into ``bytes``.
  public mutating func move(to position: Int) throws {
    guard (bytes.startIndex...end).contains(position) else {
      throw RecordingError(.corrupt, "an offset points outside its chunk")
    }
    self.position = position
  }

  /// A length that must fit what is left.
  public mutating func length64() throws -> Int {
    guard let length = Int(exactly: try integer(UInt64.self)), length <= remaining else {
      throw RecordingError(.corrupt, "a length is larger than its record")
    }
    return length
  }

  public mutating func length32() throws -> Int {
    let length = Int(try integer(UInt32.self))
    guard length <= remaining else { throw RecordingError(.corrupt, "a length is larger than its record") }
    return length
  }

  /// A `String` of MCAP. Bytes that are not UTF-8 are replaced, not refused: a bad topic name must not cost a recording.
  public mutating func string() throws -> String {
    String(decoding: try slice(try length32()), as: UTF8.self)
  }

  public mutating func stringMap() throws -> [String: String] {
    var map: [String: String] = [:]
    var part = try part(try length32())
    while part.remaining > 0 { map[try part.string()] = try part.string() }
    return map
  }
}

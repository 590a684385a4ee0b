import Ground

/// A cursor over protocol-buffers wire format (protobuf.dev/programming-guides/encoding), without copies.
///
/// Every length is checked against what is left, so that no input makes it read outside `bytes`, trap or allocate. The
/// bytes must outlive the reader and every slice it hands out.
package struct WireReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// How a field's value is encoded. Groups (3 and 4) left protocol buffers before ONNX came and are refused.
  package enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
  }

  /// A field's number and encoding, read from its tag.
  package struct Field {
    package let number: Int
    package let wire: WireType
  }

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package var isAtEnd: Bool { position >= bytes.count }

  private func malformed(_ what: String) -> InferenceError {
    InferenceError(.malformedModel, "not a valid ONNX file: \(what) at byte \(position) of its message")
  }

  /// The next field's tag, or nil at the end of the message.
  package mutating func nextField() throws -> Field? {
    if isAtEnd { return nil }
    let tag = try varint()
    guard let wire = WireType(rawValue: tag & 7), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
      throw malformed("bad field tag")
    }
    return Field(number: Int(tag >> 3), wire: wire)
  }

  /// A base-128 integer of at most ten bytes; bits beyond the 64th are dropped, as protocol buffers do.
  package mutating func varint() throws -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 63 { break }
    }
    throw malformed("bad integer")
  }

  private mutating func take(_ length: Int) throws -> UnsafeRawBufferPointer {
    guard length <= bytes.count - position else { throw malformed("a length runs past the end") }
    let slice = UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
    position += length
    return slice
  }

  private func expect(_ wire: WireType, _ field: Field) throws {
    guard field.wire == wire else { throw malformed("field \(field.number) has the wrong encoding") }
  }

  package mutating func int64(_ field: Field) throws -> Int64 {
    try expect(.varint, field)
    return Int64(bitPattern: try varint())
  }

  /// An int32 or an enumeration; upper bits are dropped, as protocol buffers do.
  package mutating func int32(_ field: Field) throws -> Int32 { Int32(truncatingIfNeeded: try int64(field)) }

  package mutating func float(_ field: Field) throws -> Float {
    try expect(.fixed32, field)
    return Float(bitPattern: UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self)))
  }

  package mutating func slice(_ field: Field) throws -> UnsafeRawBufferPointer {
    try expect(.bytes, field)
    guard let length = Int(exactly: try varint()) else { throw malformed("a length runs past the end") }
    return try take(length)
  }

  package mutating func string(_ field: Field) throws -> String {
    let bytes = try slice(field)
    try NetworkBudget.current?.reserve(bytes.count + MemoryLayout<String>.stride)
    return String(decoding: bytes, as: UTF8.self)
  }

  package mutating func message(_ field: Field) throws -> WireReader { WireReader(try slice(field)) }

  /// The encoded elements of a repeated scalar field, packed (many) or not (one).
  package mutating func repeated(_ field: Field, _ element: WireType) throws -> UnsafeRawBufferPointer {
    if field.wire == .bytes { return try slice(field) }
    try expect(element, field)
    let start = position
    try skip(field)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  package mutating func skip(_ field: Field) throws {
    switch field.wire {
    case .varint: _ = try varint()
    case .fixed64: _ = try take(8)
    case .bytes: _ = try slice(field)
    case .fixed32: _ = try take(4)
    }
  }

  /// Appends the integers of a repeated field, packed or not.
  package mutating func appendInts(_ field: Field, to list: inout [Int64]) throws {
    let raw = try repeated(field, .varint)
    try NetworkBudget.current?.reserve(raw.count * MemoryLayout<Int64>.stride)
    var inner = WireReader(raw)
    while !inner.isAtEnd { list.append(Int64(bitPattern: try inner.varint())) }
  }

  /// Appends the floats of a repeated field, packed or not.
  package mutating func appendFloats(_ field: Field, to list: inout [Float]) throws {
    let raw = try repeated(field, .fixed32)
    guard raw.count % 4 == 0 else { throw malformed("a list of floats is cut") }
    for offset in stride(from: 0, to: raw.count, by: 4) {
      list.append(Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))))
    }
  }
}

import Ground

/// Strings and maps as MCAP lays them out: after their length in bytes.
extension ByteReader {
  /// A length that must fit what is left.
  mutating func length64() throws -> Int {
    guard let length = Int(exactly: try integer(UInt64.self)), length <= remaining else {
      throw RecordingError(.corrupt, "a length is larger than its record")
    }
    return length
  }

  mutating func length32() throws -> Int {
    let length = Int(try integer(UInt32.self))
    guard length <= remaining else { throw RecordingError(.corrupt, "a length is larger than its record") }
    return length
  }

  /// A `String` of MCAP. Bytes that are not UTF-8 are replaced, not refused: a bad topic name must not cost a recording.
  mutating func string() throws -> String {
    String(decoding: try slice(try length32()), as: UTF8.self)
  }

  mutating func stringMap() throws -> [String: String] {
    var map: [String: String] = [:]
    var part = try part(try length32())
    while part.remaining > 0 { map[try part.string()] = try part.string() }
    return map
  }
}

extension ByteWriter {
  /// A `String` of MCAP: 32-bit length, then UTF-8.
  mutating func append(prefixed text: String) {
    var text = text
    text.withUTF8 { utf8 in
      append(UInt32(clamping: utf8.count))
      append(UnsafeRawBufferPointer(utf8))
    }
  }

  /// A `Map<string, string>` of MCAP, keys sorted so that equal maps give equal bytes.
  mutating func append(map: [String: String]) {
    let start = beginLength32()
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      append(prefixed: key)
      append(prefixed: value)
    }
    endLength32(start)
  }

  /// Leaves room for a 32-bit length that ``endLength32(_:)`` fills in.
  mutating func beginLength32() -> Int {
    append(UInt32(0))
    return bytes.count
  }

  mutating func endLength32(_ start: Int) {
    patch(UInt32(clamping: bytes.count - start), at: start - 4)
  }
}

import Ground

extension InputBytes {
  /// The opcode and content length of the record at `offset`, its length checked against the file's.
  func recordPrefix(at offset: UInt64) throws -> (opcode: UInt8, length: Int) {
    var reader = ByteReader(try read(at: offset, count: MCAP.prefixBytes))
    let opcode = try reader.integer(UInt8.self)
    let length = try reader.integer(UInt64.self)
    let rest = count - offset - UInt64(MCAP.prefixBytes)
    guard length <= rest, let small = Int(exactly: length) else {
      throw RecordingError(.corrupt, "a record of \(length) bytes reaches past the file's end", place: name)
    }
    return (opcode, small)
  }

  /// A reader over the content of the record at `offset`, which must have the given opcode.
  func record(_ opcode: MCAP.Opcode, at offset: UInt64) throws -> ByteReader {
    let (found, length) = try recordPrefix(at: offset)
    guard found == opcode.rawValue else {
      throw RecordingError(.corrupt, "the index points at a record of another kind", place: name)
    }
    return ByteReader(try content(at: offset + UInt64(MCAP.prefixBytes), length: length))
  }

  /// The content of a record, unless it is too much for the memory: sparse files hold records of any length for nothing.
  func content(at offset: UInt64, length: Int) throws -> [UInt8] {
    guard length <= MCAP.maximumRecordBytes else {
      throw RecordingError(
        .tooLarge, "a record of \(length) bytes, more than the \(MCAP.maximumRecordBytes) that are read into memory",
        place: name)
    }
    return try read(at: offset, count: length)
  }
}

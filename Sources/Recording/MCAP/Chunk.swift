import Ground

extension MCAP {
  /// An unpacked chunk, its checksum verified.
  struct Chunk: Sendable {
    var header: ChunkHeader
    /// Shares memory with the record where the chunk is not compressed.
    var records: ArraySlice<UInt8>

    /// Unpacks the chunk whose record content `reader` is at.
    ///
    /// - Parameter budget: what the file may cost; throws when the chunk is more than is left of it.
    init(from reader: inout ByteReader, budget: ReadBudget) throws {
      header = try ChunkHeader(from: &reader)
      try budget.spend(unpacking: header.uncompressedSize)
      guard let size = Int(exactly: header.compressedSize), size <= reader.remaining else {
        throw RecordingError(.corrupt, "a chunk is shorter than its header says")
      }
      records = try ChunkDecompressor.decompress(
        try reader.slice(size), as: header.compression, size: header.uncompressedSize)
      guard header.uncompressedCRC == 0 || CRC32.of(records) == header.uncompressedCRC else {
        throw RecordingError(.corrupt, "a chunk's checksum does not match")
      }
    }

    /// The message whose record begins at `offset` of the unpacked records.
    func message(at offset: UInt64) throws -> Message {
      guard let start = Int(exactly: offset), start <= records.count else {
        throw RecordingError(.corrupt, "an offset points outside its chunk")
      }
      var reader = ByteReader(records.dropFirst(start))
      guard let (opcode, content) = try reader.nextRecord(), opcode == Opcode.message.rawValue else {
        throw RecordingError(.corrupt, "the index points at a record that is not a message")
      }
      var body = content
      return try Message(from: &body)
    }

    /// Calls `body` with every record in order: opcode, offset, content.
    func forEachRecord(_ body: (UInt8, UInt64, inout ByteReader) throws -> Void) throws {
      var reader = ByteReader(records)
      while true {
        let offset = UInt64(reader.position - records.startIndex)
        guard let (opcode, content) = try reader.nextRecord() else { return }
        var part = content
        try body(opcode, offset, &part)
      }
    }
  }
}

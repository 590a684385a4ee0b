/// How each record is read. Fields that later versions of the format append are ignored, as the specification asks.
extension MCAP.Header {
  init(from reader: inout ByteReader) throws {
    profile = try reader.string()
    library = try reader.string()
  }
}

extension MCAP.Footer {
  init(from reader: inout ByteReader) throws {
    summaryStart = try reader.integer()
    summaryOffsetStart = try reader.integer()
    summaryCRC = try reader.integer()
  }
}

extension MCAP.Schema {
  init(from reader: inout ByteReader) throws {
    id = try reader.integer()
    name = try reader.string()
    encoding = try reader.string()
    data = Array(try reader.slice(try reader.length32()))
  }
}

extension MCAP.Channel {
  init(from reader: inout ByteReader) throws {
    id = try reader.integer()
    schemaID = try reader.integer()
    topic = try reader.string()
    messageEncoding = try reader.string()
    metadata = try reader.stringMap()
  }
}

extension MCAP.Message {
  init(from reader: inout ByteReader) throws {
    channelID = try reader.integer()
    sequence = try reader.integer()
    logTime = try reader.integer()
    publishTime = try reader.integer()
    data = try reader.slice(reader.remaining)
  }
}

extension MCAP.ChunkHeader {
  /// Reads the fields and leaves the reader at the first byte of the compressed records.
  init(from reader: inout ByteReader) throws {
    startTime = try reader.integer()
    endTime = try reader.integer()
    uncompressedSize = try reader.integer()
    uncompressedCRC = try reader.integer()
    compression = try reader.string()
    compressedSize = try reader.integer()
  }
}

extension MCAP.MessageIndex {
  init(from reader: inout ByteReader) throws {
    channelID = try reader.integer()
    var part = try reader.part(try reader.length32())
    entries = []
    entries.reserveCapacity(part.remaining / 16)
    while part.remaining > 0 {
      entries.append(Entry(logTime: try part.integer(), offset: try part.integer()))
    }
  }
}

extension MCAP.ChunkIndex {
  init(from reader: inout ByteReader) throws {
    startTime = try reader.integer()
    endTime = try reader.integer()
    offset = try reader.integer()
    length = try reader.integer()
    messageIndexOffsets = try reader.countMap()
    messageIndexLength = try reader.integer()
    compression = try reader.string()
    compressedSize = try reader.integer()
    uncompressedSize = try reader.integer()
  }
}

extension MCAP.Attachment {
  /// Throws when the record carries a checksum and it does not match.
  init(from reader: inout ByteReader) throws {
    let start = reader.position
    logTime = try reader.integer()
    createTime = try reader.integer()
    name = try reader.string()
    mediaType = try reader.string()
    data = Array(try reader.slice(try reader.length64()))
    var crc = CRC32()
    let end = reader.position
    reader.bytes[start..<end].withUnsafeBytes { crc.update($0) }
    let expected = try reader.integer(UInt32.self)
    guard expected == 0 || expected == crc.value else {
      throw RecordingError(.corrupt, "the checksum of attachment '\(name)' does not match")
    }
  }
}

extension MCAP.AttachmentIndex {
  init(from reader: inout ByteReader) throws {
    offset = try reader.integer()
    length = try reader.integer()
    logTime = try reader.integer()
    createTime = try reader.integer()
    dataSize = try reader.integer()
    name = try reader.string()
    mediaType = try reader.string()
  }
}

extension MCAP.Metadata {
  init(from reader: inout ByteReader) throws {
    name = try reader.string()
    values = try reader.stringMap()
  }
}

extension MCAP.MetadataIndex {
  init(from reader: inout ByteReader) throws {
    offset = try reader.integer()
    length = try reader.integer()
    name = try reader.string()
  }
}

extension MCAP.Statistics {
  init(from reader: inout ByteReader) throws {
    messageCount = try reader.integer()
    schemaCount = try reader.integer()
    channelCount = try reader.integer()
    attachmentCount = try reader.integer()
    metadataCount = try reader.integer()
    chunkCount = try reader.integer()
    startTime = try reader.integer()
    endTime = try reader.integer()
    channelMessageCounts = try reader.countMap()
  }
}

extension ByteReader {
  /// A `Map<uint16, uint64>` of MCAP.
  mutating func countMap() throws -> [UInt16: UInt64] {
    var map: [UInt16: UInt64] = [:]
    var part = try part(try length32())
    while part.remaining > 0 { map[try part.integer()] = try part.integer() }
    return map
  }

  /// The next record inside a chunk or a summary: its opcode and a reader over its content; nil at the end.
  mutating func nextRecord() throws -> (opcode: UInt8, content: ByteReader)? {
    guard remaining > 0 else { return nil }
    let opcode = try integer(UInt8.self)
    return (opcode, try part(try length64()))
  }
}

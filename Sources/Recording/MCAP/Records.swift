import Ground

/// The MCAP file format, version 0: https://mcap.dev/spec.
///
/// A file is magic, header, data section, summary section, summary offsets, footer, magic; each part is a sequence of
/// records: an opcode, a 64-bit length, the content. Integers are little-endian; times are nanoseconds.
public enum MCAP {
  /// The eight bytes at both ends of a file.
  public static let magic: [UInt8] = [0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A]
  /// Opcode and length before every record's content.
  static let prefixBytes = 9
  /// The footer record with its prefix.
  static let footerBytes = 9 + 20
  /// No record longer than this is read into memory: a chunk of the largest size with its header.
  static let maximumRecordBytes = maximumChunkBytes + (1 << 20)
  /// A message's fields before its data.
  static let messageHeaderBytes = 22

  public enum Opcode: UInt8, Sendable {
    case header = 0x01
    case footer = 0x02
    case schema = 0x03
    case channel = 0x04
    case message = 0x05
    case chunk = 0x06
    case messageIndex = 0x07
    case chunkIndex = 0x08
    case attachment = 0x09
    case attachmentIndex = 0x0A
    case statistics = 0x0B
    case metadata = 0x0C
    case metadataIndex = 0x0D
    case summaryOffset = 0x0E
    case dataEnd = 0x0F
  }

  public struct Header: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.header
    public var profile = ""
    public var library = ""

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&profile)
      try coder.code(&library)
    }
  }

  public struct Footer: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.footer
    /// 0 when the file has no summary.
    public var summaryStart: UInt64 = 0
    public var summaryOffsetStart: UInt64 = 0
    /// 0 when not computed.
    public var summaryCRC: UInt32 = 0

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&summaryStart)
      try coder.code(&summaryOffsetStart)
      try coder.code(&summaryCRC)
    }
  }

  public struct Schema: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.schema
    public var id: UInt16 = 0
    public var name = ""
    public var encoding = ""
    public var data: [UInt8] = []

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&id)
      try coder.code(&name)
      try coder.code(&encoding)
      try coder.code(&data, after: UInt32.self)
    }
  }

  public struct Channel: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.channel
    public var id: UInt16 = 0
    /// 0 for none.
    public var schemaID: UInt16 = 0
    public var topic = ""
    public var messageEncoding = ""
    public var metadata: [String: String] = [:]

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&id)
      try coder.code(&schemaID)
      try coder.code(&topic)
      try coder.code(&messageEncoding)
      try coder.code(&metadata)
    }
  }

  public struct Message: Sendable, Equatable {
    public var channelID: UInt16
    public var sequence: UInt32
    public var logTime: UInt64
    public var publishTime: UInt64
    public var data: ArraySlice<UInt8>
  }

  /// A chunk's fields before its records.
  public struct ChunkHeader: RecordFields, Sendable, Equatable {
    public var startTime: UInt64 = 0
    public var endTime: UInt64 = 0
    public var uncompressedSize: UInt64 = 0
    public var uncompressedCRC: UInt32 = 0
    public var compression = ""
    public var compressedSize: UInt64 = 0

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&startTime)
      try coder.code(&endTime)
      try coder.code(&uncompressedSize)
      try coder.code(&uncompressedCRC)
      try coder.code(&compression)
      try coder.code(&compressedSize)
    }
  }

  public struct MessageIndex: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.messageIndex
    public struct Entry: Sendable, Equatable {
      public var logTime: UInt64
      /// From the start of the chunk's uncompressed records.
      public var offset: UInt64
    }
    public var channelID: UInt16 = 0
    public var entries: [Entry] = []

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&channelID)
      try coder.code(&entries)
    }
  }

  public struct ChunkIndex: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.chunkIndex
    public var startTime: UInt64 = 0
    public var endTime: UInt64 = 0
    public var offset: UInt64 = 0
    public var length: UInt64 = 0
    /// Where each channel's message index lies in the file; empty when there is none.
    public var messageIndexOffsets: [UInt16: UInt64] = [:]
    public var messageIndexLength: UInt64 = 0
    public var compression = ""
    public var compressedSize: UInt64 = 0
    public var uncompressedSize: UInt64 = 0

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&startTime)
      try coder.code(&endTime)
      try coder.code(&offset)
      try coder.code(&length)
      try coder.code(&messageIndexOffsets)
      try coder.code(&messageIndexLength)
      try coder.code(&compression)
      try coder.code(&compressedSize)
      try coder.code(&uncompressedSize)
    }
  }

  public struct Attachment: RecordFields, Sendable, Equatable {
    public var logTime: UInt64 = 0
    public var createTime: UInt64 = 0
    public var name = ""
    public var mediaType = ""
    public var data: [UInt8] = []

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&logTime)
      try coder.code(&createTime)
      try coder.code(&name)
      try coder.code(&mediaType)
      try coder.code(&data, after: UInt64.self)
    }
  }

  public struct AttachmentIndex: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.attachmentIndex
    public var offset: UInt64 = 0
    public var length: UInt64 = 0
    public var logTime: UInt64 = 0
    public var createTime: UInt64 = 0
    public var dataSize: UInt64 = 0
    public var name = ""
    public var mediaType = ""

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&offset)
      try coder.code(&length)
      try coder.code(&logTime)
      try coder.code(&createTime)
      try coder.code(&dataSize)
      try coder.code(&name)
      try coder.code(&mediaType)
    }
  }

  public struct Metadata: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.metadata
    public var name = ""
    public var values: [String: String] = [:]

    init() {}

    public init(name: String, values: [String: String]) {
      self.name = name
      self.values = values
    }

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&name)
      try coder.code(&values)
    }
  }

  public struct MetadataIndex: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.metadataIndex
    public var offset: UInt64 = 0
    public var length: UInt64 = 0
    public var name = ""

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&offset)
      try coder.code(&length)
      try coder.code(&name)
    }
  }

  public struct Statistics: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.statistics
    public var messageCount: UInt64 = 0
    public var schemaCount: UInt16 = 0
    public var channelCount: UInt32 = 0
    public var attachmentCount: UInt32 = 0
    public var metadataCount: UInt32 = 0
    public var chunkCount: UInt32 = 0
    public var startTime: UInt64 = 0
    public var endTime: UInt64 = 0
    public var channelMessageCounts: [UInt16: UInt64] = [:]

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&messageCount)
      try coder.code(&schemaCount)
      try coder.code(&channelCount)
      try coder.code(&attachmentCount)
      try coder.code(&metadataCount)
      try coder.code(&chunkCount)
      try coder.code(&startTime)
      try coder.code(&endTime)
      try coder.code(&channelMessageCounts)
    }
  }

  public struct SummaryOffset: MCAPRecord, Sendable, Equatable {
    static let opcode = Opcode.summaryOffset
    public var groupOpcode: UInt8 = 0
    public var groupStart: UInt64 = 0
    public var groupLength: UInt64 = 0

    mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure) {
      try coder.code(&groupOpcode)
      try coder.code(&groupStart)
      try coder.code(&groupLength)
    }
  }
}

extension MCAP.Message {
  /// Reads a message whose data shares the reader's memory.
  init(from reader: inout ByteReader) throws {
    do {
      channelID = try reader.integer()
      sequence = try reader.integer()
      logTime = try reader.integer()
      publishTime = try reader.integer()
      data = try reader.slice(reader.remaining)
    } catch let error as ByteError { throw RecordingError(error) }
  }
}

extension MCAP.Attachment {
  /// Everything of an attachment but its data, and how many bytes that has.
  static func fields(before reader: inout ByteReader) throws -> (attachment: MCAP.Attachment, dataSize: UInt64) {
    var head = MCAP.Attachment()
    do {
      head.logTime = try reader.integer()
      head.createTime = try reader.integer()
      head.name = try reader.string()
      head.mediaType = try reader.string()
      return (head, try reader.integer(UInt64.self))
    } catch let error as ByteError { throw RecordingError(error) }
  }

  /// Reads an attachment with the checksum after it.
  ///
  /// - Throws: ``RecordingError`` when the record carries a checksum and it does not match.
  init(verifying reader: inout ByteReader) throws {
    let start = reader.position
    try self.init(from: &reader)
    var crc = CRC32()
    reader.bytes[start..<reader.position].withUnsafeBytes { crc.update($0) }
    let expected = try reader.integer(UInt32.self)
    guard expected == 0 || expected == crc.value else {
      throw RecordingError(.corrupt, "the checksum of attachment '\(name)' does not match")
    }
  }

  /// Writes the record, its checksum at the end.
  func write(to out: inout ByteWriter) {
    out.record(.attachment) { out in
      let start = out.count
      append(to: &out)
      var crc = CRC32()
      out.bytes.withUnsafeBytes { crc.update(UnsafeRawBufferPointer(rebasing: $0[start...])) }
      out.append(crc.value)
    }
  }
}

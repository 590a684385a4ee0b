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

  public struct Header: Sendable, Equatable {
    public var profile: String
    public var library: String
  }

  public struct Footer: Sendable, Equatable {
    /// 0 when the file has no summary.
    public var summaryStart: UInt64
    public var summaryOffsetStart: UInt64
    /// 0 when not computed.
    public var summaryCRC: UInt32
  }

  public struct Schema: Sendable, Equatable {
    public var id: UInt16
    public var name: String
    public var encoding: String
    public var data: [UInt8]
  }

  public struct Channel: Sendable, Equatable {
    public var id: UInt16
    /// 0 for none.
    public var schemaID: UInt16
    public var topic: String
    public var messageEncoding: String
    public var metadata: [String: String]
  }

  public struct Message: Sendable, Equatable {
    public var channelID: UInt16
    public var sequence: UInt32
    public var logTime: UInt64
    public var publishTime: UInt64
    public var data: ArraySlice<UInt8>
  }

  /// A chunk's fields before its records.
  public struct ChunkHeader: Sendable, Equatable {
    public var startTime: UInt64
    public var endTime: UInt64
    public var uncompressedSize: UInt64
    public var uncompressedCRC: UInt32
    public var compression: String
    public var compressedSize: UInt64
  }

  public struct MessageIndex: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
      public var logTime: UInt64
      /// From the start of the chunk's uncompressed records.
      public var offset: UInt64
    }
    public var channelID: UInt16
    public var entries: [Entry]
  }

  public struct ChunkIndex: Sendable, Equatable {
    public var startTime: UInt64
    public var endTime: UInt64
    public var offset: UInt64
    public var length: UInt64
    /// Where each channel's message index lies in the file; empty when there is none.
    public var messageIndexOffsets: [UInt16: UInt64]
    public var messageIndexLength: UInt64
    public var compression: String
    public var compressedSize: UInt64
    public var uncompressedSize: UInt64
  }

  public struct Attachment: Sendable, Equatable {
    public var logTime: UInt64
    public var createTime: UInt64
    public var name: String
    public var mediaType: String
    public var data: [UInt8]
  }

  public struct AttachmentIndex: Sendable, Equatable {
    public var offset: UInt64
    public var length: UInt64
    public var logTime: UInt64
    public var createTime: UInt64
    public var dataSize: UInt64
    public var name: String
    public var mediaType: String
  }

  public struct Metadata: Sendable, Equatable {
    public var name: String
    public var values: [String: String]

    public init(name: String, values: [String: String]) {
      self.name = name
      self.values = values
    }
  }

  public struct MetadataIndex: Sendable, Equatable {
    public var offset: UInt64
    public var length: UInt64
    public var name: String
  }

  public struct Statistics: Sendable, Equatable {
    public var messageCount: UInt64 = 0
    public var schemaCount: UInt16 = 0
    public var channelCount: UInt32 = 0
    public var attachmentCount: UInt32 = 0
    public var metadataCount: UInt32 = 0
    public var chunkCount: UInt32 = 0
    public var startTime: UInt64 = 0
    public var endTime: UInt64 = 0
    public var channelMessageCounts: [UInt16: UInt64] = [:]
  }

  public struct SummaryOffset: Sendable, Equatable {
    public var groupOpcode: UInt8
    public var groupStart: UInt64
    public var groupLength: UInt64
  }
}

import Ground

/// The schemas and channels that a file declares. The first declaration of an id counts, as the format asks for equal ones.
struct Declarations {
  private(set) var schemas: [UInt16: MCAP.Schema] = [:]
  private(set) var channels: [UInt16: MCAP.Channel] = [:]
  private var bytes = 0

  /// Bytes of all declarations together: real ones take some kilobytes a topic.
  private static let maximumBytes = 64 << 20

  /// Keeps what a record declares; other records are passed over.
  ///
  /// - Throws: ``RecordingError`` when the record is damaged, or the declarations take too much memory.
  mutating func note(_ opcode: UInt8, _ content: inout ByteReader) throws {
    switch MCAP.Opcode(rawValue: opcode) {
    case .schema:
      let size = content.remaining
      let schema = try MCAP.Schema(from: &content)
      guard schema.id != 0, schemas[schema.id] == nil else { return }
      try account(size)
      schemas[schema.id] = schema
    case .channel:
      let size = content.remaining
      let channel = try MCAP.Channel(from: &content)
      guard channels[channel.id] == nil else { return }
      try account(size)
      channels[channel.id] = channel
    default: break
    }
  }

  private mutating func account(_ size: Int) throws {
    guard size <= Declarations.maximumBytes - bytes else {
      throw RecordingError(
        .tooLarge, "its topics and message types take more than \(Declarations.maximumBytes >> 20) MiB")
    }
    bytes += size
  }
}

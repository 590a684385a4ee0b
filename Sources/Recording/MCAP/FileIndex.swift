import Ground

/// Where everything lies in a file: from its summary, or from a walk over its records.
struct FileIndex {
  var schemas: [UInt16: MCAP.Schema] = [:]
  var channels: [UInt16: MCAP.Channel] = [:]
  var chunks: [MCAP.ChunkIndex] = []
  var attachments: [MCAP.AttachmentIndex] = []
  var metadata: [MCAP.MetadataIndex] = []
  var statistics: MCAP.Statistics?
  /// Messages that a walk over the file found: all of them, or those outside chunks.
  var walked: [MCAPReader.Location] = []
  /// A file without index and with more messages than this is a case for `recover`, not for memory.
  private static let maximumWalked = 8 << 20

  /// Reads the summary; nil when the file has none that serves.
  ///
  /// - Throws: ``RecordingError`` when there is one and it is damaged.
  init?(summaryOf bytes: any InputBytes) throws {
    let tail = UInt64(MCAP.footerBytes + MCAP.magic.count)
    guard bytes.count > tail + UInt64(MCAP.magic.count),
      try bytes.read(at: bytes.count - UInt64(MCAP.magic.count), count: MCAP.magic.count) == MCAP.magic
    else { throw RecordingError(.corrupt, "the file was not finished") }
    let footerStart = bytes.count - tail
    var reader = try bytes.record(.footer, at: footerStart)
    let footer = try MCAP.Footer(from: &reader)
    guard footer.summaryStart != 0 else { return nil }
    guard footer.summaryStart >= UInt64(MCAP.magic.count), footer.summaryStart <= footerStart else {
      throw RecordingError(.corrupt, "the footer points outside the file")
    }
    let length = footerStart - footer.summaryStart
    guard length <= UInt64(MCAP.maximumChunkBytes) else {
      throw RecordingError(.tooLarge, "a summary of \(length) bytes")
    }
    // The checksum also covers the footer up to the checksum itself.
    let summary = try bytes.read(at: footer.summaryStart, count: Int(length) + MCAP.footerBytes - 4)
    guard footer.summaryCRC == 0 || CRC32.of(summary) == footer.summaryCRC else {
      throw RecordingError(.corrupt, "the summary's checksum does not match")
    }
    var records = ByteReader(summary[..<Int(length)])
    while let (opcode, content) = try records.nextRecord() {
      var content = content
      try note(opcode, &content)
    }
    // Without chunk indexes the messages can only be found by a walk; a file without messages needs none.
    let countsMessages = statistics.map { $0.messageCount > 0 } ?? true
    if chunks.isEmpty && countsMessages { return nil }
    // Some writers do not repeat the channels here, although the specification asks for it where chunks are indexed.
    let named = chunks.allSatisfy { $0.messageIndexOffsets.keys.allSatisfy { channels[$0] != nil } }
    if !chunks.isEmpty && (channels.isEmpty || !named) { return nil }
    chunks.sort { ($0.startTime, $0.offset) < ($1.startTime, $1.offset) }
  }

  private mutating func note(_ opcode: UInt8, _ content: inout ByteReader) throws {
    switch MCAP.Opcode(rawValue: opcode) {
    case .schema: note(try MCAP.Schema(from: &content))
    case .channel: note(try MCAP.Channel(from: &content))
    case .statistics: statistics = try MCAP.Statistics(from: &content)
    case .chunkIndex: chunks.append(try MCAP.ChunkIndex(from: &content))
    case .attachmentIndex: attachments.append(try MCAP.AttachmentIndex(from: &content))
    case .metadataIndex: metadata.append(try MCAP.MetadataIndex(from: &content))
    default: break
    }
  }

  private mutating func note(_ schema: MCAP.Schema) {
    if schema.id != 0 && schemas[schema.id] == nil { schemas[schema.id] = schema }
  }

  private mutating func note(_ channel: MCAP.Channel) {
    if channels[channel.id] == nil { channels[channel.id] = channel }
  }

  /// Builds the index from the data itself, up to the first damage that cannot be stepped over.
  init(scanning bytes: any InputBytes, problems: inout [String]) throws {
    var scanner = RecordScanner(bytes)
    while let found = try scanner.nextPastDamage(report: { problems.append("damaged: \($0)") }) {
      if found.opcode == MCAP.Opcode.dataEnd.rawValue || found.opcode == MCAP.Opcode.footer.rawValue { break }
      do { try note(found, scanner) } catch {
        problems.append("damaged at byte \(found.offset): \(error)")
        try scanner.distrust(found)
      }
    }
  }

  private mutating func note(_ found: RecordScanner.Found, _ scanner: RecordScanner) throws {
    switch MCAP.Opcode(rawValue: found.opcode) {
    case .schema:
      var content = try scanner.content(of: found)
      note(try MCAP.Schema(from: &content))
    case .channel:
      var content = try scanner.content(of: found)
      note(try MCAP.Channel(from: &content))
    case .message:
      let fixed = min(found.contentLength, MCAP.messageHeaderBytes)
      var content = ByteReader(try scanner.bytes.read(at: found.contentOffset, count: fixed))
      let message = try MCAP.Message(from: &content)
      try walk(.init(logTime: message.logTime, channel: message.channelID, chunk: -1, offset: found.offset))
    case .chunk: try noteChunk(found, scanner)
    case .attachment: try noteAttachment(found, scanner)
    case .metadata:
      var content = try scanner.content(of: found)
      let length = UInt64(MCAP.prefixBytes + found.contentLength)
      metadata.append(.init(offset: found.offset, length: length, name: try MCAP.Metadata(from: &content).name))
    default: break
    }
  }

  private mutating func noteChunk(_ found: RecordScanner.Found, _ scanner: RecordScanner) throws {
    var content = try scanner.content(of: found)
    let length = UInt64(MCAP.prefixBytes + found.contentLength)
    let chunk = try MCAP.Chunk(from: &content)
    let before = walked.count
    do {
      try chunk.forEachRecord { opcode, offset, content in
        switch MCAP.Opcode(rawValue: opcode) {
        case .schema: note(try MCAP.Schema(from: &content))
        case .channel: note(try MCAP.Channel(from: &content))
        case .message:
          let message = try MCAP.Message(from: &content)
          try walk(
            .init(logTime: message.logTime, channel: message.channelID, chunk: chunks.count, offset: offset))
        default: break
        }
      }
    } catch {
      walked.removeLast(walked.count - before)
      throw error
    }
    chunks.append(
      MCAP.ChunkIndex(
        startTime: chunk.header.startTime, endTime: chunk.header.endTime, offset: found.offset, length: length,
        messageIndexOffsets: [:], messageIndexLength: 0, compression: chunk.header.compression,
        compressedSize: chunk.header.compressedSize, uncompressedSize: chunk.header.uncompressedSize))
  }

  private mutating func walk(_ location: MCAPReader.Location) throws {
    guard walked.count < FileIndex.maximumWalked else {
      throw RecordingError(.tooLarge, "too many messages without an index", remedy: "ocellus recover makes one")
    }
    walked.append(location)
  }

  private mutating func noteAttachment(_ found: RecordScanner.Found, _ scanner: RecordScanner) throws {
    var content = try scanner.content(of: found)
    let attachment = try MCAP.Attachment(verifying: &content)
    attachments.append(
      .init(
        offset: found.offset, length: UInt64(MCAP.prefixBytes + found.contentLength), logTime: attachment.logTime,
        createTime: attachment.createTime, dataSize: UInt64(attachment.data.count), name: attachment.name,
        mediaType: attachment.mediaType))
  }
}

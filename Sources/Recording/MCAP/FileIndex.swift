import Ground

/// Where everything lies in a file: from its summary, or from a walk over its records.
struct FileIndex {
  private(set) var declarations = Declarations()
  var schemas: [UInt16: MCAP.Schema] { declarations.schemas }
  var channels: [UInt16: MCAP.Channel] { declarations.channels }
  var chunks: [MCAP.ChunkIndex] = []
  var attachments: [MCAP.AttachmentIndex] = []
  var metadata: [MCAP.MetadataIndex] = []
  var statistics: MCAP.Statistics?
  /// Messages that a walk over the file found: all of them, or those outside chunks.
  var walked: [MessageLocation] = []
  /// A file without index and with more messages than this is a case for `recover`, not for memory.
  static let maximumMessages = 8 << 20
  /// A summary of this size describes some 100,000 chunks of a hundred topics; in memory it takes a few times as much.
  private static let maximumSummaryBytes = 128 << 20
  /// Problems that are told one by one.
  private static let toldProblems = 100
  /// Where an attachment is too long to be read: its fields before the data are looked for in so many bytes.
  private static let attachmentHeadBytes = 1 << 16

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
    guard length <= UInt64(FileIndex.maximumSummaryBytes) else {
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
    let channels = self.channels
    let named = chunks.allSatisfy { $0.messageIndexOffsets.keys.allSatisfy { channels[$0] != nil } }
    if !chunks.isEmpty && (channels.isEmpty || !named) { return nil }
    chunks.sort { $0.offset < $1.offset }
    try checkChunks(fileBytes: bytes.count)
  }

  /// Chunks lie one after the other in the file; indexes that share one would have it read and counted many times.
  private func checkChunks(fileBytes: UInt64) throws {
    var end: UInt64 = 0
    for chunk in chunks {
      guard chunk.offset >= end, chunk.offset <= fileBytes, chunk.length <= fileBytes - chunk.offset else {
        throw RecordingError(.corrupt, "two chunks lie in the same place, or one lies outside the file")
      }
      end = chunk.offset + chunk.length
    }
  }

  private mutating func note(_ opcode: UInt8, _ content: inout ByteReader) throws {
    switch MCAP.Opcode(rawValue: opcode) {
    case .schema, .channel: try declarations.note(opcode, &content)
    case .statistics: statistics = try MCAP.Statistics(from: &content)
    case .chunkIndex: chunks.append(try MCAP.ChunkIndex(from: &content))
    case .attachmentIndex: attachments.append(try MCAP.AttachmentIndex(from: &content))
    case .metadataIndex: metadata.append(try MCAP.MetadataIndex(from: &content))
    default: break
    }
  }

  /// Builds the index from the data itself, up to the first damage that cannot be stepped over.
  init(scanning bytes: any InputBytes, problems: inout [String]) throws {
    var scanner = RecordScanner(bytes)
    var untold = 0
    func report(_ problem: String) {
      if problems.count < FileIndex.toldProblems { problems.append(problem) } else { untold += 1 }
    }
    do {
      while let found = try scanner.nextPastDamage(report: { report("damaged: \($0)") }) {
        if found.opcode == MCAP.Opcode.dataEnd.rawValue || found.opcode == MCAP.Opcode.footer.rawValue { break }
        do { try note(found, scanner) } catch {
          report("damaged at byte \(found.offset): \(error)")
          try scanner.distrust(found)
        }
      }
    } catch let error as RecordingError where error.kind == .tooLarge {
      // What was found up to here stays.
      report("not read beyond byte \(scanner.offset): \(error.what)")
    }
    if untold > 0 { problems.append("\(untold) more problems") }
  }

  private mutating func note(_ found: RecordScanner.Found, _ scanner: RecordScanner) throws {
    switch MCAP.Opcode(rawValue: found.opcode) {
    case .schema, .channel:
      var content = try scanner.content(of: found)
      try declarations.note(found.opcode, &content)
    case .message:
      var content = try scanner.beginning(of: found, count: MCAP.messageHeaderBytes)
      let message = try MCAP.Message(from: &content)
      try walk(.init(logTime: message.logTime, channel: message.channelID, chunk: -1, offset: found.offset))
    case .chunk: try noteChunk(found, scanner)
    case .attachment: try noteAttachment(found, scanner)
    case .metadata:
      var content = try scanner.content(of: found)
      let length = UInt64(MCAP.prefixBytes) + UInt64(found.contentLength)
      metadata.append(.init(offset: found.offset, length: length, name: try MCAP.Metadata(from: &content).name))
    default: break
    }
  }

  private mutating func noteChunk(_ found: RecordScanner.Found, _ scanner: RecordScanner) throws {
    var content = try scanner.content(of: found)
    let length = UInt64(MCAP.prefixBytes) + UInt64(found.contentLength)
    let chunk = try MCAP.Chunk(from: &content, budget: scanner.budget)
    let before = walked.count
    do {
      try chunk.forEachRecord { opcode, offset, content in
        switch MCAP.Opcode(rawValue: opcode) {
        case .schema, .channel: try declarations.note(opcode, &content)
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

  private mutating func walk(_ location: MessageLocation) throws {
    guard walked.count < FileIndex.maximumMessages else {
      throw RecordingError(.tooLarge, "too many messages without an index", remedy: "ocellus recover makes one")
    }
    walked.append(location)
  }

  private mutating func noteAttachment(_ found: RecordScanner.Found, _ scanner: RecordScanner) throws {
    let attachment: MCAP.Attachment
    let dataSize: UInt64
    if found.contentLength <= MCAP.maximumRecordBytes {
      var content = try scanner.content(of: found)
      attachment = try MCAP.Attachment(verifying: &content)
      dataSize = UInt64(attachment.data.count)
    } else {
      var content = try scanner.beginning(of: found, count: FileIndex.attachmentHeadBytes)
      (attachment, dataSize) = try MCAP.Attachment.fields(before: &content)
    }
    attachments.append(
      .init(
        offset: found.offset, length: UInt64(MCAP.prefixBytes) + UInt64(found.contentLength),
        logTime: attachment.logTime, createTime: attachment.createTime, dataSize: dataSize, name: attachment.name,
        mediaType: attachment.mediaType))
  }
}

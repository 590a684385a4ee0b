import Ground

/// Takes everything whole out of a recording that a crash, a full disk or a failing one left behind.
///
/// Nothing is taken that cannot be vouched for: a chunk whose checksum does not match is reported, not copied.
public enum Recovery {
  /// What came of a recovery.
  public struct Report: Sendable, Equatable {
    /// A stretch of the file that could not be used.
    public struct Damage: Sendable, Equatable {
      public var offset: UInt64
      public var bytes: UInt64
      public var reason: String
    }

    public var messages: UInt64 = 0
    public var messagesByTopic: [String: UInt64] = [:]
    public var chunks: UInt64 = 0
    public var attachments: UInt64 = 0
    public var damage: [Damage] = []
    /// Whether the file ends as a finished recording does. One that does not was cut off, and what its writer held in
    /// memory at that moment is gone.
    public var wasFinished = false
    /// Nanoseconds from the first to the last message.
    public var nanoseconds: UInt64 = 0

    /// Whether nothing was lost.
    public var isComplete: Bool { wasFinished && damage.isEmpty }

    /// What was found and what was lost, a sentence a line.
    public var lines: [String] {
      var lines = [
        "\(messages) messages in \(chunks) chunks, \(DurationText.tenths(Double(nanoseconds) / 1e9)) s of recording"
      ]
      for (topic, count) in messagesByTopic.sorted(by: { $0.key < $1.key }) { lines.append("  \(topic): \(count)") }
      if !wasFinished {
        lines.append("the recording was cut off: at most its last second, not yet on the disk, is missing")
      }
      for damage in damage { lines.append("lost \(damage.bytes) bytes at byte \(damage.offset): \(damage.reason)") }
      if isComplete { lines.append("nothing was lost") }
      return lines
    }
  }

  /// Copies what is whole into a new recording.
  ///
  /// - Parameters:
  ///   - output: must not exist.
  ///   - progress: called with the share done, 0...1; false cancels.
  /// - Throws: ``RecordingError`` when the input is no recording or the output cannot be written; no output is left then.
  public static func recover(
    from input: any InputBytes, to output: String, layer: any FileLayer = SystemFileLayer(),
    progress: (Double) -> Bool = { _ in true }
  ) throws -> Report {
    var session = try RecoverySession(input, output, layer)
    do { return try session.run(progress) } catch {
      session.discard()
      throw error
    }
  }
}

/// One recovery under way.
private struct RecoverySession {
  private let input: any InputBytes
  private let writer: MCAPWriter
  private var scanner: RecordScanner
  private var report = Recovery.Report()
  private var schemas: [UInt16: MCAP.Schema] = [:]
  private var channels: [UInt16: MCAP.Channel] = [:]
  /// The output's ids of the input's channels.
  private var written: [UInt16: UInt16] = [:]
  private var first: UInt64 = .max
  private var last: UInt64 = 0

  init(_ input: any InputBytes, _ output: String, _ layer: any FileLayer) throws {
    self.input = input
    scanner = RecordScanner(input)
    var options = MCAPWriter.Options()
    options.synchronizesChunks = false
    options.library = "ocellus recover"
    let magic = MCAP.magic.count
    guard input.count >= UInt64(magic), try input.read(at: 0, count: magic) == MCAP.magic else {
      throw RecordingError(
        .notARecording, "not an MCAP recording", place: input.name, remedy: "recover reads .mcap and .mcap.active")
    }
    if var reader = try? input.record(.header, at: UInt64(magic)), let header = try? MCAP.Header(from: &reader) {
      options.profile = header.profile
    }
    // A finished file declares its channels at its end as well, which helps when its beginning is damaged.
    if let index = try? FileIndex(summaryOf: input) {
      schemas = index.schemas
      channels = index.channels
      options.compression = index.chunks.first.flatMap { MCAP.Compression(rawValue: $0.compression) } ?? .lz4
    }
    writer = try MCAPWriter(path: output, options: options, layer: layer)
  }

  func discard() { writer.discard() }

  mutating func run(_ progress: (Double) -> Bool) throws -> Recovery.Report {
    while true {
      guard progress(Double(scanner.offset) / Double(max(1, input.count))) else {
        throw RecordingError(.cancelled, "cancelled", place: input.name)
      }
      let before = scanner.offset
      var reason: String?
      let found = try scanner.nextPastDamage { reason = $0 }
      if let reason {
        let end = found?.offset ?? input.count
        report.damage.append(.init(offset: before, bytes: end - before, reason: reason))
      }
      guard let found else { break }
      if found.opcode == MCAP.Opcode.dataEnd.rawValue || found.opcode == MCAP.Opcode.footer.rawValue {
        noteEnd(found)
        break
      }
      do { try copy(found) } catch let error as RecordingError
        where error.kind != .fileFailed && error.kind != .diskFull
      {
        try scanner.distrust(found)
        report.damage.append(
          .init(offset: found.offset, bytes: scanner.offset - found.offset, reason: error.what))
      }
    }
    try writer.finish()
    report.nanoseconds = last > first ? last - first : 0
    return report
  }

  /// The data is over; the rest must be a whole summary for the file to count as finished.
  private mutating func noteEnd(_ found: RecordScanner.Found) {
    do {
      _ = try FileIndex(summaryOf: input)
      report.wasFinished = true
    } catch {
      report.damage.append(
        .init(offset: found.offset, bytes: input.count - found.offset, reason: "the index: \(error)"))
    }
  }

  private mutating func copy(_ found: RecordScanner.Found) throws {
    switch MCAP.Opcode(rawValue: found.opcode) {
    case .chunk:
      var content = try scanner.content(of: found)
      let chunk = try MCAP.Chunk(from: &content)
      // Every record is read before any is copied, so that a chunk that breaks off half way leaves nothing behind.
      var messages: [MCAP.Message] = []
      try chunk.forEachRecord { opcode, _, content in
        if opcode == MCAP.Opcode.message.rawValue {
          messages.append(try MCAP.Message(from: &content))
        } else {
          try declare(opcode, &content)
        }
      }
      for message in messages { try copy(message) }
      report.chunks += 1
    case .message:
      var content = try scanner.content(of: found)
      try copy(try MCAP.Message(from: &content))
    case .attachment:
      var content = try scanner.content(of: found)
      let attachment = try MCAP.Attachment(verifying: &content)
      try writer.attach(
        name: attachment.name, mediaType: attachment.mediaType, data: attachment.data, logTime: attachment.logTime,
        createTime: attachment.createTime)
      report.attachments += 1
    case .metadata:
      var content = try scanner.content(of: found)
      try writer.add(try MCAP.Metadata(from: &content))
    default:
      var content = try scanner.content(of: found)
      try declare(found.opcode, &content)
    }
  }

  private mutating func declare(_ opcode: UInt8, _ content: inout ByteReader) throws {
    switch MCAP.Opcode(rawValue: opcode) {
    case .schema:
      let schema = try MCAP.Schema(from: &content)
      if schemas[schema.id] == nil { schemas[schema.id] = schema }
    case .channel:
      let channel = try MCAP.Channel(from: &content)
      if channels[channel.id] == nil { channels[channel.id] = channel }
    default: break
    }
  }

  private mutating func copy(_ message: MCAP.Message) throws {
    guard let channel = channels[message.channelID] else {
      throw RecordingError(.corrupt, "messages of a channel whose declaration is lost")
    }
    let id = try written[channel.id] ?? write(channel)
    try writer.append(
      channel: id, sequence: message.sequence, logTime: message.logTime, publishTime: message.publishTime
    ) { $0.append(message.data) }
    report.messages += 1
    report.messagesByTopic[channel.topic, default: 0] += 1
    first = min(first, message.logTime)
    last = max(last, message.logTime)
  }

  private mutating func write(_ channel: MCAP.Channel) throws -> UInt16 {
    var schemaID: UInt16 = 0
    if let schema = schemas[channel.schemaID] {
      schemaID = try writer.addSchema(name: schema.name, encoding: schema.encoding, data: schema.data)
    }
    let id = try writer.addChannel(
      topic: channel.topic, schema: schemaID, encoding: channel.messageEncoding, metadata: channel.metadata)
    written[channel.id] = id
    return id
  }
}

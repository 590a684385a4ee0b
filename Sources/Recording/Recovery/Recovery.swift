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
  private var declarations = Declarations()
  /// The output's ids of the input's channels, and of its schemas.
  private var written: [UInt16: UInt16] = [:]
  private var writtenSchemas: [UInt16: UInt16] = [:]
  private var first: UInt64 = .max
  private var last: UInt64 = 0

  init(_ input: any InputBytes, _ output: String, _ layer: any FileLayer) throws {
    self.input = input
    scanner = RecordScanner(input)
    var options = MCAPWriter.Options()
    options.synchronizesChunks = false
    // By size alone: times of a damaged file may jump with every message.
    options.chunkNanoseconds = .max
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
      declarations = index.declarations
      options.compression = index.chunks.first.flatMap { MCAP.Compression(rawValue: $0.compression) } ?? .lz4
    }
    writer = try MCAPWriter(
      path: output, workingPath: WholeFile.workingName(of: output), options: options, layer: layer)
  }

  func discard() { writer.discard() }

  mutating func run(_ progress: (Double) -> Bool) throws -> Recovery.Report {
    while true {
      guard progress(Double(scanner.offset) / Double(max(1, input.count))) else {
        throw RecordingError(.cancelled, "cancelled", place: input.name)
      }
      guard let found = try next() else { break }
      if found.opcode == MCAP.Opcode.dataEnd.rawValue || found.opcode == MCAP.Opcode.footer.rawValue {
        noteEnd(found)
        break
      }
      try checkBorneOut(found)
      do { try copy(found) } catch let error as RecordingError where error.isOfTheFile {
        try stepOver(found, error)
      }
    }
    try writer.finish()
    report.nanoseconds = last > first ? last - first : 0
    return report
  }

  /// The next record; what lies before it and is none is noted as damage.
  private mutating func next() throws -> RecordScanner.Found? {
    let before = scanner.offset
    var reason: String?
    var found: RecordScanner.Found?
    do { found = try scanner.nextPastDamage { reason = $0 } } catch let error as RecordingError where error.isOfTheFile
    {
      reason = error.what
    }
    if let reason { note(.init(offset: before, bytes: (found?.offset ?? input.count) - before, reason: reason)) }
    return found
  }

  /// Refuses a file that claims more than it holds: a record whose content is a hole, which costs nothing on the disk and
  /// would be everything in memory, or in the output.
  private func checkBorneOut(_ found: RecordScanner.Found) throws {
    guard found.contentLength > MCAP.maximumRecordBytes else { return }
    let probe = found.contentOffset + UInt64(MCAP.maximumRecordBytes / 2)
    guard input.firstData(from: probe) > probe else { return }
    throw RecordingError(
      .notARecording, "a record of \(found.contentLength) bytes at byte \(found.offset) is a hole in the file",
      place: input.name, remedy: "cut the file off there (truncate), and recover what is before it")
  }

  /// Goes on behind a record that cannot be copied.
  private mutating func stepOver(_ found: RecordScanner.Found, _ error: RecordingError) throws {
    do {
      try scanner.distrust(found)
      note(.init(offset: found.offset, bytes: scanner.offset - found.offset, reason: error.what))
    } catch let second as RecordingError where second.isOfTheFile {
      // The rest is given up; what was copied stays.
      note(.init(offset: found.offset, bytes: input.count - found.offset, reason: "\(error.what); \(second.what)"))
      scanner.giveUp()
    }
  }

  /// Neighbouring stretches with one reason are one.
  private mutating func note(_ damage: Recovery.Report.Damage) {
    if let last = report.damage.last, last.reason == damage.reason, last.offset + last.bytes == damage.offset {
      report.damage[report.damage.count - 1].bytes += damage.bytes
    } else {
      report.damage.append(damage)
    }
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
      let chunk = try MCAP.Chunk(from: &content, budget: scanner.budget)
      // Every record is read before any is copied, so that a chunk that breaks off half way leaves nothing behind.
      try chunk.forEachRecord { opcode, _, content in
        if opcode == MCAP.Opcode.message.rawValue {
          try requireChannel(of: try MCAP.Message(from: &content))
        } else {
          try declarations.note(opcode, &content)
        }
      }
      try chunk.forEachRecord { opcode, _, content in
        if opcode == MCAP.Opcode.message.rawValue { try copy(try MCAP.Message(from: &content)) }
      }
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
      try declarations.note(found.opcode, &content)
    }
  }

  @discardableResult
  private func requireChannel(of message: MCAP.Message) throws -> MCAP.Channel {
    guard let channel = declarations.channels[message.channelID] else {
      throw RecordingError(.corrupt, "messages of a channel whose declaration is lost")
    }
    return channel
  }

  private mutating func copy(_ message: MCAP.Message) throws {
    let channel = try requireChannel(of: message)
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
    var schemaID = writtenSchemas[channel.schemaID] ?? 0
    if schemaID == 0, let schema = declarations.schemas[channel.schemaID] {
      schemaID = try writer.addSchema(name: schema.name, encoding: schema.encoding, data: schema.data)
      writtenSchemas[channel.schemaID] = schemaID
    }
    let id = try writer.addChannel(
      topic: channel.topic, schema: schemaID, encoding: channel.messageEncoding, metadata: channel.metadata)
    written[channel.id] = id
    return id
  }
}

extension RecordingError {
  /// Whether the input is at fault, and not the disk that it is copied to.
  fileprivate var isOfTheFile: Bool {
    switch kind {
    case .corrupt, .unsupported, .tooLarge: true
    case .notARecording, .fileFailed, .diskFull, .floorReached, .badArgument, .nothingToDo, .toolMissing, .cancelled:
      false
    }
  }
}

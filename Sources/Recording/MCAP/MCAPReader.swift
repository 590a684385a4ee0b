public import Capture
import Ground

/// Reads an MCAP file anywhere in it, by its index or, where it has none or a damaged one, by one built from the data.
///
/// Made for files that are not trusted: sizes are checked before anything is allocated, a damaged chunk costs its own messages
/// only. Thread-safe.
public final class MCAPReader: RecordingReader {
  /// Where a message lies.
  public typealias Location = MessageLocation

  public let name: String
  public let byteCount: UInt64
  public let header: MCAP.Header
  public let schemas: [UInt16: MCAP.Schema]
  public let channels: [UInt16: MCAP.Channel]
  public let chunks: [MCAP.ChunkIndex]
  public let attachments: [MCAP.AttachmentIndex]
  public let metadata: [MCAP.Metadata]
  /// As the file says, or nil.
  public let statistics: MCAP.Statistics?
  /// What to take from log times for the monotonic clock of the machine that recorded; nil where the file does not say, or
  /// says it more than once and differently, as merged files do.
  let monotonicOffset: Int64?
  /// What was wrong with the file and did not stop it from being read, a sentence each.
  public let problems: [String]
  /// Whether the index is the file's own.
  public let isIndexed: Bool
  /// Messages that are listed for a set of channels: those of a camera over two days.
  private static let maximumLocations = 4 << 20
  private static let maximumMetadataBytes = 32 << 20

  private let bytes: any InputBytes
  private let walked: [Location]
  private let cache: ChunkCache

  /// Opens a file.
  ///
  /// - Throws: ``RecordingError`` when it is no MCAP file, or nothing in it can be read.
  public init(_ bytes: any InputBytes) throws {
    self.bytes = bytes
    name = bytes.name
    byteCount = bytes.count
    let magicBytes = MCAP.magic.count
    guard bytes.count > UInt64(magicBytes), try bytes.read(at: 0, count: magicBytes) == MCAP.magic else {
      throw RecordingError(
        .notARecording, "not an MCAP recording", place: bytes.name, remedy: "ocellus reads .mcap files")
    }
    do {
      var reader = try bytes.record(.header, at: UInt64(magicBytes))
      header = try MCAP.Header(from: &reader)
    } catch let error as RecordingError { throw error.at(bytes.name) }
    var problems: [String] = []
    var found: FileIndex?
    do { found = try FileIndex(summaryOf: bytes) } catch { problems.append("the index is unusable: \(error)") }
    isIndexed = found != nil
    let index = try found ?? FileIndex(scanning: bytes, problems: &problems)
    schemas = index.schemas
    channels = index.channels
    chunks = index.chunks
    attachments = index.attachments
    statistics = index.statistics
    walked = index.walked
    metadata = MCAPReader.metadata(index.metadata, of: bytes, &problems)
    let offsets = Set(metadata.filter { $0.name == "ocellus.session" }.map { $0.values["monotonic_offset_ns"] })
    monotonicOffset = offsets.count == 1 ? offsets.first.flatMap { $0 }.flatMap { Int64($0) } : nil
    cache = ChunkCache(bytes, chunks: index.chunks)
    self.problems = problems
  }

  /// Opens the file at `path`.
  public convenience init(path: String) throws { try self.init(try FileBytes(path: path)) }

  /// The channels whose schema has the given name ("sensor_msgs/msg/Image"); ROS 1's spelling without "/msg" matches too.
  public func channels(ofType name: String) -> [MCAP.Channel] {
    channels.values.filter { channel in
      guard let schema = schemas[channel.schemaID] else { return false }
      return schema.name == name || schema.name == name.replacing("/msg/", with: "/", maxReplacements: 1)
    }.sorted { $0.id < $1.id }
  }

  public func recordedTime(of location: Location) -> RecordedTime {
    let logTime = location.logTime
    let monotonic = monotonicOffset.flatMap { offset in
      Int64(exactly: logTime).map { $0.subtractingReportingOverflow(offset) }
    }
    return RecordedTime(wall: logTime, monotonic: monotonic.flatMap { $0.overflow ? nil : $0.partialValue })
  }

  /// The metadata records of an index, as far as they can be read. Entries may share a record: it is read once.
  private static func metadata(
    _ entries: [MCAP.MetadataIndex], of bytes: any InputBytes, _ problems: inout [String]
  ) -> [MCAP.Metadata] {
    var seen: Set<UInt64> = []
    var left = MCAPReader.maximumMetadataBytes
    var found: [MCAP.Metadata] = []
    for entry in entries where seen.insert(entry.offset).inserted {
      do {
        let length = try bytes.recordPrefix(at: entry.offset).length
        guard length <= left else {
          problems.append("metadata of more than \(MCAPReader.maximumMetadataBytes >> 20) MiB is left out")
          break
        }
        left -= length
        var reader = try bytes.record(.metadata, at: entry.offset)
        found.append(try MCAP.Metadata(from: &reader))
      } catch { problems.append("metadata at byte \(entry.offset) cannot be read: \(error)") }
    }
    return found
  }

  /// Every message of the given channels, in the order of their log times; messages of equal times in the order of the
  /// file.
  ///
  /// - Parameter damaged: gets a sentence for each chunk that is left out because it is damaged, and where there are more
  ///   messages than fit the memory.
  public func locations(of wanted: Set<UInt16>, damaged: (String) -> Void) -> [Location] {
    var found = walked.filter { wanted.contains($0.channel) }
    let budget = ReadBudget(fileBytes: byteCount)
    // A walk has been through all chunks already.
    for (number, chunk) in chunks.enumerated() where isIndexed {
      guard found.count < MCAPReader.maximumLocations else {
        damaged("more than \(MCAPReader.maximumLocations) messages; the rest is left out")
        break
      }
      do {
        try appendLocations(ofChunk: number, chunk, wanted, budget, to: &found)
      } catch {
        damaged("the chunk at byte \(chunk.offset) is damaged: \(error)")
      }
    }
    let isSorted = zip(found, found.dropFirst()).allSatisfy { !isBefore($1, $0) }
    if !isSorted { found.sort(by: isBefore) }
    return found
  }

  private func isBefore(_ a: Location, _ b: Location) -> Bool {
    (a.logTime, filePlace(a), a.offset) < (b.logTime, filePlace(b), b.offset)
  }

  private func filePlace(_ location: Location) -> UInt64 {
    location.isInChunk ? chunks[location.chunk].offset : location.offset
  }

  private func appendLocations(
    ofChunk number: Int, _ chunk: MCAP.ChunkIndex, _ wanted: Set<UInt16>, _ budget: ReadBudget,
    to found: inout [Location]
  ) throws {
    let before = found.count
    do {
      if chunk.messageIndexOffsets.isEmpty { throw RecordingError(.corrupt, "no message index") }
      for (channel, offset) in chunk.messageIndexOffsets.sorted(by: { $0.key < $1.key }) where wanted.contains(channel)
      {
        for entry in try messageIndex(of: channel, at: offset, chunk).entries
        where found.count < MCAPReader.maximumLocations {
          found.append(Location(logTime: entry.logTime, channel: channel, chunk: number, offset: entry.offset))
        }
      }
    } catch {
      // The data itself knows better than a missing or damaged index.
      found.removeLast(found.count - before)
      try budget.spend(unpacking: chunk.uncompressedSize)
      try self.chunk(number).forEachRecord { opcode, offset, content in
        guard opcode == MCAP.Opcode.message.rawValue, found.count < MCAPReader.maximumLocations else { return }
        let message = try MCAP.Message(from: &content)
        guard wanted.contains(message.channelID) else { return }
        found.append(Location(logTime: message.logTime, channel: message.channelID, chunk: number, offset: offset))
      }
    }
  }

  /// A chunk's index of one channel, which cannot have more entries than the chunk has room for messages.
  private func messageIndex(of channel: UInt16, at offset: UInt64, _ chunk: MCAP.ChunkIndex) throws -> MCAP.MessageIndex
  {
    let fields = 6
    let length = try bytes.recordPrefix(at: offset).length
    let messages = chunk.uncompressedSize / UInt64(MCAP.prefixBytes + MCAP.messageHeaderBytes)
    guard length >= fields, UInt64(length - fields) / 16 <= messages else {
      throw RecordingError(.corrupt, "a message index has more entries than its chunk has messages")
    }
    var reader = try bytes.record(.messageIndex, at: offset)
    let index = try MCAP.MessageIndex(from: &reader)
    guard index.channelID == channel else {
      throw RecordingError(.corrupt, "a message index belongs to another channel")
    }
    return index
  }

  /// As the file's own statistics say, or by a pass over it.
  public func messageCounts(damaged: (String) -> Void) -> MessageCounts {
    var counts = MessageCounts()
    if let statistics {
      counts.byChannel = statistics.channelMessageCounts
      if statistics.messageCount > 0, statistics.startTime <= statistics.endTime {
        counts.times = statistics.startTime...statistics.endTime
      }
      if !counts.byChannel.isEmpty || statistics.messageCount == 0 { return counts }
    }
    let all = locations(of: Set(channels.keys), damaged: damaged)
    for location in all { counts.byChannel[location.channel, default: 0] += 1 }
    if let first = all.first, let last = all.last {
      let range = first.logTime...last.logTime
      counts.times =
        counts.times.map { min($0.lowerBound, range.lowerBound)...max($0.upperBound, range.upperBound) } ?? range
    }
    return counts
  }

  public var storage: RecordingStorage {
    var storage = RecordingStorage()
    storage.profile = header.profile
    storage.library = header.library
    storage.isFinished = isIndexed
    storage.chunks = chunks.count
    storage.compression =
      Set(chunks.map { MCAP.Compression(rawValue: $0.compression)?.name ?? $0.compression }).sorted()
    storage.attachments = attachments.map(\.name)
    storage.problems = problems
    return storage
  }

  /// The message at a location.
  public func message(at location: Location) throws -> MCAP.Message {
    do {
      if location.chunk < 0 {
        var reader = try bytes.record(.message, at: location.offset)
        return try MCAP.Message(from: &reader)
      }
      let chunk = try chunk(location.chunk)
      var message = try chunk.message(at: location.offset)
      guard message.channelID == location.channel else {
        throw RecordingError(.corrupt, "the index confuses two channels")
      }
      // A message in use must not keep a large chunk in memory beside the next one.
      if chunk.records.count > ChunkCache.largeChunkBytes { message.data = Array(message.data)[...] }
      return message
    } catch let error as RecordingError { throw error.at(name) }
  }

  /// The chunk of ``chunks`` with the given number, unpacked and verified.
  func chunk(_ number: Int) throws -> MCAP.Chunk { try cache.chunk(number) }

  /// Says that reading goes on somewhere else: chunks may be unpacked again from here on.
  public func beginPass() { cache.beginPass() }

  /// The attachment of an index entry, its checksum verified.
  public func attachment(_ entry: MCAP.AttachmentIndex) throws -> MCAP.Attachment {
    var reader = try bytes.record(.attachment, at: entry.offset)
    return try MCAP.Attachment(verifying: &reader)
  }
}

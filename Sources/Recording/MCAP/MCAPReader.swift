import Ground
import Synchronization

/// Reads an MCAP file anywhere in it, by its index or, where it has none or a damaged one, by one built from the data.
///
/// Made for files that are not trusted: sizes are checked before anything is allocated, a damaged chunk costs its own messages
/// only. Thread-safe.
public final class MCAPReader: Sendable {
  /// Where a message lies.
  public struct Location: Sendable, Equatable {
    public var logTime: UInt64
    public var channel: UInt16
    /// Which of ``chunks``; -1 for a message outside chunks.
    var chunk: Int
    /// In the unpacked chunk, or of the record in the file.
    var offset: UInt64

    /// Whether the message lies in a chunk, whose checksum vouches for it.
    public var isInChunk: Bool { chunk >= 0 }
  }

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
  /// What was wrong with the file and did not stop it from being read, a sentence each.
  public let problems: [String]
  /// Whether the index is the file's own.
  public let isIndexed: Bool

  private let bytes: any InputBytes
  private let walked: [Location]
  /// The chunks used last, newest first.
  private let cache = Mutex<[(index: Int, chunk: MCAP.Chunk)]>([])
  private static let cachedChunks = 3

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
    metadata = index.metadata.compactMap { entry in
      guard var reader = try? bytes.record(.metadata, at: entry.offset) else { return nil }
      return try? MCAP.Metadata(from: &reader)
    }
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

  /// Every message of the given channels, in the order of their log times.
  ///
  /// Damaged chunks are left out and reported through `damaged`.
  public func locations(of wanted: Set<UInt16>, damaged: (String) -> Void = { _ in }) -> [Location] {
    var found = walked.filter { wanted.contains($0.channel) }
    // A walk has been through all chunks already.
    for (number, chunk) in chunks.enumerated() where isIndexed {
      do {
        try appendLocations(ofChunk: number, chunk, wanted, to: &found)
      } catch {
        damaged("the chunk at byte \(chunk.offset) is damaged: \(error)")
      }
    }
    var sorted = true
    for index in found.indices.dropFirst() where found[index].logTime < found[index - 1].logTime { sorted = false }
    if !sorted {
      found.sort { ($0.logTime, $0.chunk, $0.offset) < ($1.logTime, $1.chunk, $1.offset) }
    }
    return found
  }

  private func appendLocations(
    ofChunk number: Int, _ chunk: MCAP.ChunkIndex, _ wanted: Set<UInt16>, to found: inout [Location]
  ) throws {
    let before = found.count
    do {
      if chunk.messageIndexOffsets.isEmpty { throw RecordingError(.corrupt, "no message index") }
      for (channel, offset) in chunk.messageIndexOffsets.sorted(by: { $0.key < $1.key }) where wanted.contains(channel)
      {
        var reader = try bytes.record(.messageIndex, at: offset)
        let index = try MCAP.MessageIndex(from: &reader)
        guard index.channelID == channel else {
          throw RecordingError(.corrupt, "a message index belongs to another channel")
        }
        for entry in index.entries {
          found.append(Location(logTime: entry.logTime, channel: channel, chunk: number, offset: entry.offset))
        }
      }
    } catch {
      // The data itself knows better than a missing or damaged index.
      found.removeLast(found.count - before)
      try self.chunk(number).forEachRecord { opcode, offset, content in
        guard opcode == MCAP.Opcode.message.rawValue else { return }
        let message = try MCAP.Message(from: &content)
        guard wanted.contains(message.channelID) else { return }
        found.append(Location(logTime: message.logTime, channel: message.channelID, chunk: number, offset: offset))
      }
    }
  }

  /// The message at a location.
  public func message(at location: Location) throws -> MCAP.Message {
    do {
      if location.chunk < 0 {
        var reader = try bytes.record(.message, at: location.offset)
        return try MCAP.Message(from: &reader)
      }
      let message = try chunk(location.chunk).message(at: location.offset)
      guard message.channelID == location.channel else {
        throw RecordingError(.corrupt, "the index confuses two channels")
      }
      return message
    } catch let error as RecordingError { throw error.at(name) }
  }

  /// The chunk of ``chunks`` with the given number, unpacked and verified.
  func chunk(_ number: Int) throws -> MCAP.Chunk {
    let cached = cache.withLock { cache -> MCAP.Chunk? in
      guard let place = cache.firstIndex(where: { $0.index == number }) else { return nil }
      let entry = cache.remove(at: place)
      cache.insert(entry, at: 0)
      return entry.chunk
    }
    if let cached { return cached }
    var reader = try bytes.record(.chunk, at: chunks[number].offset)
    let chunk = try MCAP.Chunk(from: &reader)
    cache.withLock { cache in
      cache.insert((number, chunk), at: 0)
      if cache.count > MCAPReader.cachedChunks { cache.removeLast() }
    }
    return chunk
  }

  /// The attachment of an index entry, its checksum verified.
  public func attachment(_ entry: MCAP.AttachmentIndex) throws -> MCAP.Attachment {
    var reader = try bytes.record(.attachment, at: entry.offset)
    return try MCAP.Attachment(verifying: &reader)
  }
}

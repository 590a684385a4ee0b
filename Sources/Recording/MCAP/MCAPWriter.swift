import Glibc
public import Ground

/// Writes one MCAP file: chunked, indexed, with checksums and a summary.
///
/// The file appears under a working name (``workingSuffix`` appended) and gets its own only when it is whole; a crash
/// leaves the working file, every finished chunk of which can be recovered. One thread.
public final class MCAPWriter {
  public struct Options: Sendable, Equatable {
    public var profile = "ros2"
    public var library = "ocellus"
    public var compression = MCAP.Compression.lz4
    /// A chunk is closed when its records reach this size.
    public var chunkBytes = 4 << 20
    /// A chunk is closed when its messages span this time in nanoseconds, which bounds what a crash can cost.
    public var chunkNanoseconds: UInt64 = 500_000_000
    /// Whether every closed chunk is forced to the disk.
    public var synchronizesChunks = true

    public init() {}
  }

  /// The ending of a file that is being written, or that a crash left.
  public static let workingSuffix = ".active"

  /// The name the file gets when it is whole.
  public let path: String
  public var workingPath: String { file.path }
  /// Bytes written to the file; what the open chunk holds comes on top.
  public var bytesWritten: UInt64 { file.count }
  /// Bytes of the open chunk, before compression.
  public var pendingBytes: Int { chunk.records.count }
  public var pendingMessages: UInt64 { chunk.messageCount }
  /// About how many bytes completing the file takes beside the open chunk: schemas and channels again, and the indexes.
  var summaryBytes: UInt64 {
    let declared = schemas.reduce(0) { $0 + $1.data.count + $1.name.utf8.count } + declaredChannelBytes
    return UInt64(declared + chunkIndexes.count * (120 + channels.count * 10) + metadataIndexes.count * 64 + 4096)
  }
  public private(set) var statistics = MCAP.Statistics()

  private let options: Options
  private let layer: any FileLayer
  private let file: OutputFile
  private let compressor: ChunkCompressor
  private var chunk: ChunkBuilder
  private var schemas: [MCAP.Schema] = []
  /// Where the schemas of a name stand in ``schemas``.
  private var schemaPlaces: [String: [Int]] = [:]
  private var channels: [MCAP.Channel] = []
  private var declaredChannelBytes = 0
  private var chunkIndexes: [MCAP.ChunkIndex] = []
  private var attachmentIndexes: [MCAP.AttachmentIndex] = []
  private var metadataIndexes: [MCAP.MetadataIndex] = []
  private var scratch = ByteWriter(capacity: 4096)
  private var finished = false
  private var isGrouping = false
  /// Whether the file ends in half a record that could not be truncated.
  private var isTorn = false

  /// Creates the working file and writes its start.
  ///
  /// - Throws: ``RecordingError`` when either name is taken or the disk refuses.
  ///
  /// - Parameter workingPath: the name while it is written, if another than the usual; a file of that name that no process
  ///   has open is written over.
  public init(
    path: String, workingPath: String? = nil, options: Options = Options(), layer: any FileLayer = SystemFileLayer()
  ) throws {
    self.path = path
    self.options = options
    self.layer = layer
    guard !layer.exists(path) else {
      throw RecordingError(.fileFailed, "the file exists already", place: path, remedy: "choose another name")
    }
    if let workingPath {
      file = try OutputFile(overStale: workingPath, layer: layer)
    } else {
      file = try OutputFile(path + MCAPWriter.workingSuffix, layer: layer)
    }
    compressor = ChunkCompressor(options.compression)
    chunk = ChunkBuilder(capacity: min(options.chunkBytes, 8 << 20) + (1 << 16))
    scratch.append(MCAP.magic)
    MCAP.Header(profile: options.profile, library: options.library).write(to: &scratch)
    do { try writeScratch() } catch {
      // A file without even a beginning is no recording that could be recovered.
      discard()
      throw error
    }
  }

  private func writeScratch() throws {
    defer { scratch.clear() }
    try file.write(scratch.bytes)
  }

  /// Declares a schema; equal schemas share an id.
  public func addSchema(name: String, encoding: String, data: [UInt8]) throws -> UInt16 {
    let sameName = schemaPlaces[name, default: []]
    if let known = sameName.first(where: { schemas[$0].encoding == encoding && schemas[$0].data == data }) {
      return schemas[known].id
    }
    // Id 0 means no schema, so the first is 1.
    let schema = MCAP.Schema(id: try nextID(schemas.count + 1), name: name, encoding: encoding, data: data)
    schemaPlaces[name, default: []].append(schemas.count)
    schemas.append(schema)
    statistics.schemaCount += 1
    schema.write(to: &scratch)
    try writeScratch()
    return schema.id
  }

  /// Declares a channel: a topic with its encoding.
  public func addChannel(topic: String, schema: UInt16, encoding: String, metadata: [String: String]) throws -> UInt16 {
    let channel = MCAP.Channel(
      id: try nextID(channels.count), schemaID: schema, topic: topic, messageEncoding: encoding, metadata: metadata)
    channels.append(channel)
    statistics.channelCount += 1
    channel.write(to: &scratch)
    declaredChannelBytes += scratch.count
    try writeScratch()
    return channel.id
  }

  private func nextID(_ value: Int) throws -> UInt16 {
    guard let id = UInt16(exactly: value) else {
      throw RecordingError(.tooLarge, "more than 65535 topics or message types", place: path)
    }
    return id
  }

  /// Adds a message whose data `body` writes. Times are nanoseconds.
  public func append(
    channel: UInt16, sequence: UInt32, logTime: UInt64, publishTime: UInt64, _ body: (inout ByteWriter) -> Void
  ) throws {
    chunk.append(channel: channel, sequence: sequence, logTime: logTime, publishTime: publishTime, body)
    if !isGrouping { try closeFullChunk() }
  }

  private func closeFullChunk() throws {
    if chunk.records.count >= options.chunkBytes || chunk.span >= options.chunkNanoseconds { try closeChunk() }
  }

  /// Keeps the messages that `body` appends together in one chunk, so that a crash keeps all of them or none.
  public func group(_ body: () throws -> Void) throws {
    isGrouping = true
    defer { isGrouping = false }
    try body()
    try closeFullChunk()
  }

  /// Writes the open chunk with its indexes and, unless told otherwise, waits until it is on the disk.
  ///
  /// When the disk refuses, the file is brought back to the end of the chunk before (as far as the disk lets it), and
  /// the chunk's messages are lost: see ``pendingMessages`` before the call.
  public func closeChunk() throws {
    guard !chunk.isEmpty else { return }
    noteChunk(
      try whole {
        let index = try writeChunk()
        if options.synchronizesChunks { try file.synchronize() }
        return index
      })
  }

  /// Writes everything that `body` writes, or, as far as the disk lets it, nothing.
  private func whole<Result>(_ body: () throws -> Result) throws -> Result {
    let mark = file.mark
    do { return try body() } catch {
      do { try file.rewind(to: mark) } catch { isTorn = true }
      throw error
    }
  }

  private func noteChunk(_ index: MCAP.ChunkIndex) {
    let first = statistics.messageCount == 0
    statistics.startTime = first ? chunk.startTime : min(statistics.startTime, chunk.startTime)
    statistics.endTime = max(statistics.endTime, chunk.endTime)
    statistics.messageCount += chunk.messageCount
    statistics.chunkCount += 1
    for (channel, entries) in chunk.index where !entries.isEmpty {
      statistics.channelMessageCounts[channel, default: 0] += UInt64(entries.count)
    }
    chunkIndexes.append(index)
    chunk.clear()
  }

  private func writeChunk() throws -> MCAP.ChunkIndex {
    let start = file.count
    let records = chunk.records.bytes
    let crc = CRC32.of(records)
    let compressedSize = try compressor.compress(records) { packed in
      scratch.record(.chunk) { out in
        MCAP.ChunkHeader(
          startTime: chunk.startTime, endTime: chunk.endTime, uncompressedSize: UInt64(records.count),
          uncompressedCRC: crc, compression: options.compression.rawValue, compressedSize: UInt64(packed.count)
        ).append(to: &out)
      }
      // The packed records follow from where they lie.
      scratch.patch(UInt64(scratch.count - MCAP.prefixBytes + packed.count), at: 1)
      try writeScratch()
      try file.write(packed)
      return UInt64(packed.count)
    }
    let end = file.count
    var offsets: [UInt16: UInt64] = [:]
    for (channel, entries) in chunk.index.sorted(by: { $0.key < $1.key }) where !entries.isEmpty {
      offsets[channel] = end + UInt64(scratch.count)
      MCAP.MessageIndex(channelID: channel, entries: entries).write(to: &scratch)
    }
    try writeScratch()
    return MCAP.ChunkIndex(
      startTime: chunk.startTime, endTime: chunk.endTime, offset: start, length: end - start,
      messageIndexOffsets: offsets, messageIndexLength: file.count - end, compression: options.compression.rawValue,
      compressedSize: compressedSize, uncompressedSize: UInt64(records.count))
  }

  /// Embeds a file. Closes the open chunk first, so that the order in the file is the order of the calls.
  public func attach(name: String, mediaType: String, data: [UInt8], logTime: UInt64, createTime: UInt64) throws {
    try closeChunk()
    let offset = file.count
    MCAP.Attachment(logTime: logTime, createTime: createTime, name: name, mediaType: mediaType, data: data)
      .write(to: &scratch)
    try whole { try writeScratch() }
    statistics.attachmentCount += 1
    attachmentIndexes.append(
      .init(
        offset: offset, length: file.count - offset, logTime: logTime, createTime: createTime,
        dataSize: UInt64(data.count), name: name, mediaType: mediaType))
  }

  /// Adds key-value pairs under a name.
  public func add(_ metadata: MCAP.Metadata) throws {
    try closeChunk()
    let offset = file.count
    metadata.write(to: &scratch)
    try whole { try writeScratch() }
    statistics.metadataCount += 1
    metadataIndexes.append(.init(offset: offset, length: file.count - offset, name: metadata.name))
  }

  /// Waits until everything written so far is on the disk.
  public func synchronize() throws { try file.synchronize() }

  /// Writes the rest: open chunk, end of data, summary, footer; then gives the file its name. Idempotent.
  public func finish() throws {
    guard !finished else { return }
    guard !isTorn else {
      throw RecordingError(
        .fileFailed, "part of a chunk could not be taken back", place: workingPath,
        remedy: "'ocellus recover' makes it whole")
    }
    try closeChunk()
    try whole {
      try writeEnd()
      try file.synchronize()
    }
    do throws(SystemError) { try layer.rename(workingPath, to: path) } catch {
      throw OutputFile.explain(error, "rename to \(fileName(of: path))", workingPath)
    }
    finished = true
    file.close()
  }

  private func writeEnd() throws {
    let dataCRC = file.crc.value
    scratch.record(.dataEnd) { $0.append(dataCRC) }
    try writeScratch()
    let summaryStart = file.count
    var summary = ByteWriter(capacity: 4096 + chunkIndexes.count * 160)
    var groups: [MCAP.SummaryOffset] = []
    func group(_ opcode: MCAP.Opcode, _ body: (inout ByteWriter) -> Void) {
      let start = summary.count
      body(&summary)
      guard summary.count > start else { return }
      groups.append(
        .init(
          groupOpcode: opcode.rawValue, groupStart: summaryStart + UInt64(start),
          groupLength: UInt64(summary.count - start)))
    }
    group(.schema) { out in schemas.forEach { $0.write(to: &out) } }
    group(.channel) { out in channels.forEach { $0.write(to: &out) } }
    group(.statistics) { out in statistics.write(to: &out) }
    group(.chunkIndex) { out in chunkIndexes.forEach { $0.write(to: &out) } }
    group(.attachmentIndex) { out in attachmentIndexes.forEach { $0.write(to: &out) } }
    group(.metadataIndex) { out in metadataIndexes.forEach { $0.write(to: &out) } }
    let offsetStart = summaryStart + UInt64(summary.count)
    groups.forEach { $0.write(to: &summary) }
    summary.append(MCAP.Opcode.footer.rawValue)
    summary.append(UInt64(20))
    summary.append(summaryStart)
    summary.append(offsetStart)
    summary.append(CRC32.of(summary.bytes))
    summary.append(MCAP.magic)
    try file.write(summary.bytes)
  }

  /// Forgets the open chunk: after an error, so that the rest can be completed.
  public func dropChunk() { chunk.clear() }

  /// Closes the file and leaves it under its working name, recoverable. After an error.
  public func abandon() { file.close() }

  /// Closes and removes a file that holds nothing worth keeping.
  public func discard() {
    file.close()
    try? layer.remove(workingPath)
  }
}

import Ground
import Recording
import Testing

@Suite struct MCAPTests {
  @Test(arguments: MCAP.Compression.allCases) func writtenFileReadsBack(_ compression: MCAP.Compression) throws {
    let bytes = try sampleRecording(compression)
    let reader = try MCAPReader(MemoryBytes(bytes))
    #expect(reader.isIndexed && reader.problems.isEmpty)
    #expect(reader.header.profile == "ros2" && reader.header.library == "ocellus")
    #expect(reader.statistics?.messageCount == 40)
    #expect(reader.statistics?.chunkCount == UInt32(reader.chunks.count))
    #expect(reader.chunks.count > 2)
    #expect(Set(reader.chunks.map(\.compression)) == [compression.rawValue])
    #expect(reader.metadata == [.init(name: "session", values: ["host": "robot", "model": "m"])])
    #expect(try reader.attachment(reader.attachments[0]).data == [1, 2, 3])
    let messages = try allMessages(reader)
    #expect(messages.map(\.sequence) == (0..<40).map { UInt32($0) })
    #expect(messages.enumerated().allSatisfy { Array($0.element.data) == sampleData($0.offset) })
  }

  @Test(arguments: MCAP.Compression.allCases) func unfinishedFileReadsByScanning(_ compression: MCAP.Compression) throws
  {
    let reader = try MCAPReader(MemoryBytes(try sampleRecording(compression, finished: false)))
    #expect(!reader.isIndexed)
    #expect(try allMessages(reader).count == 40)
    #expect(reader.attachments.count == 1 && reader.metadata.count == 1)
  }

  @Test func everyTruncationReadsAPrefix() throws {
    let bytes = try sampleRecording(.lz4)
    let whole = try allMessages(try MCAPReader(MemoryBytes(bytes)))
    var longest = 0
    for length in stride(from: 60, to: bytes.count, by: 7) {
      let messages = (try? MCAPReader(MemoryBytes(Array(bytes[..<length])))).map { try? allMessages($0) } ?? []
      let count = messages?.count ?? 0
      let isPrefix = messages ?? [] == Array(whole[..<count])
      #expect(isPrefix, "cut at \(length)")
      #expect(count >= longest)
      longest = max(longest, count)
    }
    #expect(longest == whole.count)
  }

  @Test func checksumIsThatOfZip() {
    #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
    var parts = CRC32()
    parts.update(Array("1234567".utf8))
    parts.update(Array("89".utf8))
    #expect(parts.value == 0xCBF4_3926)
  }

  @Test(arguments: [MCAP.Compression.zstd, .lz4]) func chunkThatLiesAboutItsSizeIsRefused(
    _ compression: MCAP.Compression
  ) throws {
    var bytes = try sampleRecording(compression, finished: false)
    let reader = try MCAPReader(MemoryBytes(bytes))
    let chunk = reader.chunks[0]
    // The uncompressed size follows two times of eight bytes.
    let place = Int(chunk.offset) + 9 + 16
    for claim in [UInt64(400 << 20), 1 << 62, chunk.uncompressedSize - 1, chunk.uncompressedSize + 1] {
      for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: claim >> (8 * UInt64(index))) }
      let damaged = try MCAPReader(MemoryBytes(bytes))
      #expect(damaged.problems.count == 2)
      #expect(damaged.chunks.count == reader.chunks.count - 1)
    }
  }

  @Test func emptyRecordingIsValid() throws {
    let disk = ScriptedDisk()
    try MCAPWriter(path: "e.mcap", layer: disk).finish()
    let reader = try MCAPReader(MemoryBytes(disk.contents("e.mcap") ?? []))
    #expect(reader.isIndexed && reader.statistics?.messageCount == 0)
    #expect(disk.names == ["e.mcap"])
  }

  @Test func aTakenNameIsNotOverwritten() throws {
    let disk = ScriptedDisk()
    try MCAPWriter(path: "e.mcap", layer: disk).finish()
    #expect(throws: RecordingError.self) { try MCAPWriter(path: "e.mcap", layer: disk) }
  }

  @Test func shortAndInterruptedWritesChangeNothing() throws {
    let usual = try sampleRecording(.none)
    let disk = ScriptedDisk()
    disk.set {
      $0.writeLimit = 7
      $0.interrupts = true
    }
    let file = try MCAPWriter(path: "s.mcap", options: .init(), layer: disk)
    let schema = try file.addSchema(name: "x", encoding: "ros2msg", data: [])
    let channel = try file.addChannel(topic: "/a", schema: schema, encoding: "cdr", metadata: [:])
    try file.append(channel: channel, sequence: 1, logTime: 1, publishTime: 1) { $0.append(usual) }
    try file.finish()
    let reader = try MCAPReader(MemoryBytes(disk.contents("s.mcap") ?? []))
    #expect(reader.isIndexed)
    #expect(try allMessages(reader).map { Array($0.data) } == [usual])
  }

  @Test func notARecordingIsSaidInALine() {
    let error = #expect(throws: RecordingError.self) { try MCAPReader(MemoryBytes(Array("hello, robot".utf8))) }
    #expect(error?.line == "memory: not an MCAP recording (ocellus reads .mcap files)")
  }
}

import Ground
import Recording
import Testing

@Suite struct RecoveryTests {
  private func recover(_ bytes: [UInt8]) throws -> (Recovery.Report, MCAPReader) {
    let disk = ScriptedDisk()
    let report = try Recovery.recover(from: MemoryBytes(bytes), to: "out.mcap", layer: disk)
    #expect(disk.names == ["out.mcap"])
    return (report, try MCAPReader(MemoryBytes(disk.contents("out.mcap") ?? [])))
  }

  @Test func wholeFileLosesNothing() throws {
    let bytes = try sampleRecording(.zstd)
    let (report, reader) = try recover(bytes)
    #expect(report.isComplete && report.messages == 40)
    #expect(try allMessages(reader).map { Array($0.data) } == (0..<40).map(sampleData))
    #expect(reader.metadata.count == 1 && reader.attachments.count == 1)
    #expect(report.messagesByTopic == ["/a": 26, "/b": 14])
  }

  @Test func cutOffFileKeepsItsWholeChunks() throws {
    let bytes = try sampleRecording(.lz4, finished: false)
    let (report, reader) = try recover(Array(bytes.dropLast(700)))
    #expect(!report.isComplete && !report.wasFinished)
    let messages = try allMessages(reader)
    #expect(messages.count > 20 && messages.count < 40)
    #expect(messages.enumerated().allSatisfy { Array($0.element.data) == sampleData($0.offset) })
  }

  @Test func aDamagedChunkCostsOnlyItself() throws {
    var bytes = try sampleRecording(.none)
    let chunk = try MCAPReader(MemoryBytes(bytes)).chunks[2]
    bytes[Int(chunk.offset) + 200] ^= 0x10
    let (report, reader) = try recover(bytes)
    #expect(report.damage.count == 1)
    #expect(report.damage.first?.offset == chunk.offset)
    #expect(report.wasFinished && !report.isComplete)
    let kept = try allMessages(reader).map { Int($0.sequence) }
    #expect(kept.count < 40 && kept.first == 0 && kept.last == 39)
    #expect(try allMessages(reader).allSatisfy { Array($0.data) == sampleData(Int($0.sequence)) })
  }

  @Test func zerosInTheMiddleAreSteppedOver() throws {
    // What a power cut leaves where the file had grown and its data had not arrived.
    var bytes = try sampleRecording(.lz4, finished: false)
    let chunk = try MCAPReader(MemoryBytes(bytes)).chunks[1]
    for index in Int(chunk.offset)..<Int(chunk.offset + chunk.length) { bytes[index] = 0 }
    let (report, reader) = try recover(bytes)
    #expect(report.damage.count == 1)
    #expect(try allMessages(reader).last?.sequence == 39)
  }

  @Test func aLostBeginningIsMadeUpFromTheSummary() throws {
    var bytes = try sampleRecording(.lz4)
    for index in 30..<140 { bytes[index] = 0xff }
    let (report, reader) = try recover(bytes)
    #expect(!report.isComplete)
    #expect(try allMessages(reader).count == 40)
  }

  @Test func cancellingLeavesNothing() throws {
    let disk = ScriptedDisk()
    let bytes = try sampleRecording(.lz4)
    #expect(throws: RecordingError.self) {
      try Recovery.recover(from: MemoryBytes(bytes), to: "out.mcap", layer: disk) { $0 < 0.5 }
    }
    #expect(disk.names.isEmpty)
  }

  @Test func aFullDiskLeavesNothing() throws {
    let disk = ScriptedDisk()
    disk.set { $0.capacity = 900 }
    let bytes = try sampleRecording(.none)
    let error = #expect(throws: RecordingError.self) {
      try Recovery.recover(from: MemoryBytes(bytes), to: "out.mcap", layer: disk)
    }
    #expect(error?.kind == .diskFull)
    #expect(disk.names.isEmpty)
  }
}

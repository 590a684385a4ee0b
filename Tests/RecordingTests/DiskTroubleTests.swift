import Capture
import Glibc
import Ground
import Pipeline
import Recording
import TestSupport
import Testing

/// Disks that fill, fail and vanish under a recording.
@Suite struct DiskTroubleTests {
  private struct Outcome {
    var disk: ScriptedDisk
    var log: EventLog
    var status: RecordingStatus
  }

  /// Records sixty frames a third of a second apart in recorder time, on a disk that turns bad.
  private func record(_ trouble: @Sendable (inout ScriptedDisk.State) -> Void) -> Outcome {
    let disk = ScriptedDisk()
    disk.set(trouble)
    let log = EventLog()
    let recorder = Recorder(RecordingConfiguration(directory: "d"), layer: disk) { log.add($0) }
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<120 {
      recorder.receive(Scene.result(number, start: start, jpeg: Scene.opaque(number, bytes: 20_000)))
      _ = eventually {
        if case .failed = recorder.status.state { return true }
        return recorder.status.frames > UInt64(number)
      }
    }
    let status = recorder.status
    recorder.close()
    return Outcome(disk: disk, log: log, status: status)
  }

  private func expectReadable(_ outcome: Outcome, atLeast: Int) throws {
    #expect(outcome.disk.names.count == 1)
    let name = try #require(outcome.disk.names.first)
    let bytes = try #require(outcome.disk.contents(name))
    let reader = try MCAPReader(MemoryBytes(bytes))
    let id = try #require(reader.channels.values.first { $0.topic == "/ocellus/detections" }).id
    #expect(reader.locations(of: [id]).count >= atLeast)
    // What is there under the final name is whole.
    if !name.hasSuffix(".active") { #expect(reader.isIndexed && reader.problems.isEmpty) }
    let out = ScriptedDisk()
    let report = try Recovery.recover(from: MemoryBytes(bytes), to: "o.mcap", layer: out)
    // A disk that no longer even shortens files leaves the chunk that broke off.
    #expect(report.damage.count <= 1)
    #expect(report.messages > 0)
  }

  @Test func aFullDiskEndsTheRecordingWhole() throws {
    let outcome = record { $0.capacity = 1_000_000 }
    #expect(outcome.log.errors.count == 1)
    #expect(outcome.log.errors.first?.contains("the disk is full") ?? false)
    guard case .failed = outcome.status.state else {
      Issue.record("not failed: \(outcome.status.state)")
      return
    }
    try expectReadable(outcome, atLeast: 15)
    #expect(outcome.disk.names.first?.hasSuffix(".mcap") ?? false)
  }

  @Test(arguments: [EIO, EROFS, ENODEV]) func aFailingDiskLeavesWhatItHas(_ code: Int32) throws {
    let outcome = record { $0.failure = (1_000_000, code) }
    #expect(outcome.log.errors.count == 1)
    #expect(outcome.log.errors.first?.contains("recover") ?? false)
    try expectReadable(outcome, atLeast: 15)
  }

  @Test func dataThatNeverReachesTheDiskIsNoticed() {
    let outcome = record { $0.synchronizeFailure = EIO }
    #expect(outcome.log.errors.count == 1)
    #expect(outcome.log.errors.first?.contains("the disk failed") ?? false)
  }

  @Test func theFloorOfFreeSpaceStops() {
    let outcome = record { $0.free = 100 << 20 }
    #expect(outcome.log.errors.count == 1)
    #expect(outcome.log.errors.first?.contains("only 100 MiB are free") ?? false)
    #expect(outcome.disk.names.isEmpty)
  }

  @Test func recordingAgainWorksOnceThereIsRoom() throws {
    let disk = ScriptedDisk()
    disk.set { $0.free = 1 << 20 }
    let log = EventLog()
    let recorder = Recorder(RecordingConfiguration(directory: "d"), layer: disk) { log.add($0) }
    recorder.setRecording(true)
    #expect(eventually { !log.errors.isEmpty })
    disk.set { $0.free = 1 << 40 }
    recorder.setRecording(true)
    recorder.receive(Scene.result(0, start: .now))
    recorder.close()
    #expect(disk.names.count == 1)
  }

  /// An empty file would be taken for a recording that was cut off, for ever.
  @Test func aDiskThatIsFullFromTheStartKeepsNothing() throws {
    let disk = ScriptedDisk()
    disk.set { $0.capacity = 0 }
    #expect(throws: RecordingError.self) { try MCAPWriter(path: "d/x.mcap", layer: disk) }
    #expect(disk.names == [])
    let outcome = record { $0.capacity = 0 }
    #expect(outcome.disk.names == [])
    #expect(outcome.log.errors.count == 1)
  }

  @Test func realDiskRoundTrip() throws {
    let folder = try TemporaryFolder()
    var configuration = RecordingConfiguration(directory: folder.path + "/new/deeper")
    configuration.splitSeconds = 1
    let recorder = Recorder(configuration)
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<60 { recorder.receive(Scene.result(number, start: start, jpeg: Scene.jpeg(number))) }
    recorder.close()
    let layer = SystemFileLayer()
    let names = layer.files(in: configuration.directory).map(\.name).sorted()
    #expect(names.count == 2)
    #expect(names.allSatisfy { $0.hasSuffix(".mcap") })
    var frames = 0
    for name in names {
      let path = configuration.directory + "/" + name
      let source = try RecordingSource(try Recordings.open(path, withParts: false))
      frames += Int(saturating: (source.status.duration ?? 0) * 30 + 1.5)
      source.close()
      try layer.remove(path)
    }
    rmdir(configuration.directory)
    rmdir(folder.path + "/new")
    #expect(frames == 60)
  }
}

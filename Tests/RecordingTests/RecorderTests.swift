import Capture
import Glibc
import Ground
import Perception
import Pipeline
import Recording
import Synchronization
import TestSupport
import Testing
import Vision

@Suite struct RecorderTests {
  private func reader(_ disk: ScriptedDisk, _ name: String? = nil) throws -> MCAPReader {
    let chosen = try #require(name ?? disk.names.first)
    return try MCAPReader(MemoryBytes(try #require(disk.contents(chosen)), name: chosen))
  }

  private func count(_ reader: MCAPReader, _ topic: String) -> Int {
    let ids = reader.channels.values.filter { $0.topic == topic }.map(\.id)
    return reader.locations(of: Set(ids)).count
  }

  @Test func everythingOfAFrameIsRecorded() throws {
    let log = EventLog()
    let disk = record(30, RecordingConfiguration(directory: "d"), log: log)
    #expect(disk.names.count == 1)
    let reader = try reader(disk)
    #expect(reader.isIndexed && reader.problems.isEmpty && reader.header.profile == "ros2")
    for topic in [
      "/camera/image_raw/compressed", "/ocellus/detections", "/ocellus/classification", "/ocellus/annotations",
      "/ocellus/results", "/diagnostics",
    ] { #expect(count(reader, topic) == 30, "\(topic)") }
    #expect(count(reader, "/rosout") >= 1)
    #expect(reader.channels.values.allSatisfy { $0.messageEncoding == "cdr" })
    #expect(reader.schemas.values.allSatisfy { $0.encoding == "ros2msg" && !$0.data.isEmpty })
    #expect(reader.metadata.contains { $0.name == "ocellus.session" })
    #expect(log.errors.isEmpty)
    #expect(log.messages.contains { $0.hasPrefix("recorded 30 frames to d/ocellus-") })
  }

  /// A file played as fast as it goes, with a clock of its own: nothing is dropped, and times are the file's.
  @Test func framesOfAFileWaitForRoomAndKeepTheirTimes() throws {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.queuedPictures = 2
    configuration.queuedResults = 3
    let (disk, log) = (ScriptedDisk(), EventLog())
    let recorder = Recorder(configuration, layer: disk) { log.add($0) }
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<60 {
      var result = Scene.result(number, start: start, jpeg: Scene.jpeg(number))
      result.frame.mediaTime = Double(number) / 30
      recorder.receive(result)
      if number == 40 { recorder.receive(SessionEvent(severity: .info, message: "half")) }
    }
    recorder.close()
    let reader = try reader(disk)
    #expect(count(reader, "/camera/image_raw/compressed") == 60)
    #expect(log.messages.contains { $0.hasPrefix("recorded 60 frames") && !$0.contains("dropped") })
    func times(_ topic: String) -> [UInt64] {
      reader.locations(of: Set(reader.channels.values.filter { $0.topic == topic }.map(\.id))).map(\.logTime)
    }
    let pictures = times("/ocellus/results")
    #expect(pictures.last.map { $0 - pictures[0] } == 59 * 33_333_333)
    #expect(times("/rosout").contains(pictures[40]), "the event is beside the frame that it came after")
  }

  @Test func cameraJPEGIsKeptByteForByte() throws {
    let source = try RecordingSource(try reader(record(12, RecordingConfiguration(directory: "d"))))
    defer { source.close() }
    source.setSpeed(64)
    for number in 0..<12 {
      guard case .frame(let frame) = try source.next(timeout: 1000) else {
        Issue.record("no frame \(number)")
        return
      }
      let expected = Scene.jpeg(number)
      let jpeg = try #require(frame.jpeg)
      #expect(Array(jpeg.storage.bytes[..<jpeg.count]) == Array(expected.storage.bytes[..<expected.count]))
      #expect(frame.sequence == UInt64(number))
    }
    guard case .end = try source.next(timeout: 100) else {
      Issue.record("the recording does not end")
      return
    }
  }

  @Test func uncompressedPicturesAreEncoded() throws {
    let source = try RecordingSource(try reader(record(3, RecordingConfiguration(directory: "d"), jpegs: false)))
    defer { source.close() }
    #expect(source.description.width == Scene.width && source.description.height == Scene.height)
  }

  @Test func recordedResultsAreThoseOfTheFrame() throws {
    let source = try RecordingSource(try reader(record(10, RecordingConfiguration(directory: "d"))))
    defer { source.close() }
    for number in 0..<10 {
      let result = try #require(source.recordedResult(at: number))
      #expect(result.detector == "finder")
      let detection = try #require(result.findings.detections.first)
      let expected = Scene.detection(number)
      #expect(detection.label == expected.label && detection.classID == expected.classID)
      #expect(detection.track == expected.track && detection.classes == expected.classes)
      #expect(abs(detection.box.x - expected.box.x) < 0.01 && abs(detection.box.width - expected.box.width) < 0.01)
      #expect(result.times.inference == 12_000_000)
    }
    #expect(source.recordedResult(at: 10) == nil && source.recordedResult(at: -1) == nil)
  }

  @Test func splitsLoseNoMessage() throws {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.splitSeconds = 0.5
    let disk = record(100, configuration)
    #expect(disk.names.count >= 6)
    var sequences: [UInt32] = []
    var numbers: [UInt64] = []
    for name in disk.names {
      let reader = try reader(disk, name)
      let id = try #require(reader.channels.values.first { $0.topic == "/ocellus/detections" }).id
      let locations = reader.locations(of: [id])
      sequences += try locations.map { try reader.message(at: $0).sequence }
      numbers += locations.map(\.logTime)
      #expect(count(reader, "/camera/image_raw/compressed") == locations.count)
    }
    #expect(numbers.count == 100)
    #expect(numbers == numbers.sorted() && Set(numbers).count == 100)
    #expect(sequences.count == 100)
  }

  /// A month of ten minutes each is thousands of parts.
  @Test func theRingTakesTheOldestPartFirst() throws {
    let disk = ScriptedDisk()
    let names = ["", "_001", "_999", "_1000", "_1001"].map { "d/ocellus-20260101-000000\($0).mcap" }
    disk.set { state in for name in names { state.files[name] = [UInt8](repeating: 0, count: 1 << 20) } }
    var configuration = RecordingConfiguration(directory: "d")
    configuration.totalBytes = 2 << 20
    _ = record(1, configuration, disk: disk)
    #expect(names.filter { disk.contents($0) != nil } == Array(names.suffix(disk.names.count - 1)))
    #expect(disk.contents(names[4]) != nil)
    #expect(disk.contents(names[2]) == nil)
  }

  /// A machine without a clock of its own begins at the same moment each time it starts.
  @Test func aNameWhoseFirstPartIsGoneIsTaken() throws {
    let disk = ScriptedDisk()
    let now = time(nil)
    for moment in now...now + 20 {
      let stamp = FileStamp.text(moment)
      disk.set { $0.files["d/ocellus-\(stamp)_001.mcap"] = [1] }
    }
    let before = Set(disk.names)
    var configuration = RecordingConfiguration(directory: "d")
    configuration.splitSeconds = 1
    let log = EventLog()
    _ = record(60, configuration, disk: disk, log: log)
    #expect(log.errors == [])
    let made = disk.names.filter { !before.contains($0) }
    #expect(made.count == 2)
    #expect(made.allSatisfy { $0.contains("-2.mcap") || $0.contains("-2_001.mcap") }, "\(made)")
  }

  /// The clock is set, or the machine wakes up after an hour: what comes then has its own file with the right time.
  @Test func aClockThatIsSetBeginsANewFile() throws {
    let disk = ScriptedDisk()
    let log = EventLog()
    let offset = Mutex<Int64>(1_700_000_000_000_000_000 - MonotonicTime.now.nanoseconds)
    var configuration = RecordingConfiguration(directory: "d")
    configuration.wallClockOffset = { offset.withLock { $0 } }
    let recorder = Recorder(configuration, layer: disk) { log.add($0) }
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<10 { recorder.receive(Scene.result(number, start: start, jpeg: Scene.jpeg(number))) }
    #expect(eventually { recorder.status.frames == 10 })
    offset.withLock { $0 += 3_600_000_000_000 }
    #expect(eventually { disk.names.count == 2 })
    for number in 10..<20 { recorder.receive(Scene.result(number, start: start, jpeg: Scene.jpeg(number))) }
    // A second jump right after the first is not followed.
    offset.withLock { $0 -= 3_600_000_000_000 }
    recorder.close()
    #expect(disk.names.count == 2)
    #expect(log.messages.contains { $0.contains("the clock went on by 3600 s") }, "\(log.messages)")
    let files = try disk.names.map { RecordingInfo(try reader(disk, $0)) }.sorted { $0.start_ns < $1.start_ns }
    #expect(files.allSatisfy { $0.finished && $0.seconds < 60 })
    #expect(files[1].start_ns > files[0].start_ns + 3_590_000_000_000)
    #expect(files.reduce(0) { $0 + ($1.topics.first { $0.topic.hasPrefix("/camera") }?.messages ?? 0) } == 20)
  }

  @Test func theRingKeepsTheTotalInBounds() throws {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.totalBytes = 3 << 20
    configuration.compression = .none
    let disk = ScriptedDisk()
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<120 {
      recorder.receive(Scene.result(number, start: start, jpeg: Scene.opaque(number, bytes: 100_000)))
      let wanted = UInt64(number + 1)
      _ = eventually { recorder.status.frames + recorder.status.dropped >= wanted }
    }
    #expect(recorder.status.dropped == 0)
    recorder.close()
    let total = disk.names.reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
    // One file may have grown since the last look.
    #expect(total <= 5 << 20)
    #expect(disk.names.count >= 2)
    #expect(!disk.names.contains { $0.hasSuffix(".active") })
  }

  @Test func secondsBeforeAreInTheFile() throws {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.preTriggerSeconds = 1
    let disk = ScriptedDisk()
    let recorder = Recorder(configuration, layer: disk)
    let start = MonotonicTime.now
    for number in 0..<90 {
      recorder.receive(Scene.result(number, start: start, jpeg: Scene.opaque(number, bytes: 800)))
    }
    recorder.setRecording(true)
    for number in 90..<100 {
      recorder.receive(Scene.result(number, start: start, jpeg: Scene.opaque(number, bytes: 800)))
    }
    recorder.close()
    let reader = try reader(disk)
    let frames = count(reader, "/ocellus/detections")
    #expect((40...41).contains(frames), "a second before is thirty frames, then ten: \(frames)")
  }

  @Test func aTriggerRecordsAroundItsDetections() throws {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.trigger = try RecordingTrigger(parsing: "person:0.6")
    configuration.holdSeconds = 0.5
    configuration.preTriggerSeconds = 0.2
    let disk = ScriptedDisk()
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<200 {
      var result = Scene.result(number, start: start, jpeg: Scene.opaque(number, bytes: 800))
      result.findings.detections[0].label = "person"
      // Seen from 60 to 69 and from 140 to 149; sure enough only then.
      result.findings.detections[0].confidence = (60..<70).contains(number) || (140..<150).contains(number) ? 0.7 : 0.5
      recorder.receive(result)
      if number % 30 == 0 { _ = eventually { disk.names.count >= 0 } }
    }
    recorder.close()
    #expect(disk.names.count == 2)
    for name in disk.names {
      let frames = count(try reader(disk, name), "/ocellus/detections")
      // 0.2 s before, ten frames, 0.5 s after.
      #expect((29...33).contains(frames), "\(frames)")
    }
  }

  @Test func overloadDropsPicturesBeforeResultsAndCounts() throws {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.queuedPictures = 4
    let disk = ScriptedDisk()
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    let start = MonotonicTime.now
    for number in 0..<1500 { recorder.receive(Scene.result(number, start: start)) }
    recorder.close()
    let reader = try reader(disk)
    let pictures = count(reader, "/camera/image_raw/compressed")
    #expect(count(reader, "/ocellus/detections") == 1500)
    #expect(pictures < 1500)
    #expect(recorder.status.dropped == UInt64(1500 - pictures))
  }

  @Test func tenMinutesWithoutALostMessage() throws {
    let disk = ScriptedDisk()
    var configuration = RecordingConfiguration(directory: "d")
    configuration.compression = .zstd
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    let start = MonotonicTime.now
    let frames = 18_000
    for number in 0..<frames {
      recorder.receive(Scene.result(number, start: start, jpeg: Scene.opaque(1, bytes: 64)))
      // As fast as the recorder takes them.
      if number % 30 == 29 { _ = eventually { recorder.status.frames + 30 > UInt64(number) } }
    }
    recorder.close()
    #expect(recorder.status.dropped == 0)
    let reader = try reader(disk)
    for topic in ["/camera/image_raw/compressed", "/ocellus/detections", "/ocellus/results", "/diagnostics"] {
      #expect(count(reader, topic) == frames)
    }
    #expect(reader.chunks.allSatisfy { $0.endTime - $0.startTime <= 1_000_000_000 })
  }

  @Test func nothingIsRecordedUnasked() {
    let disk = ScriptedDisk()
    let recorder = Recorder(RecordingConfiguration(directory: "d"), layer: disk)
    recorder.receive(Scene.result(1, start: .now))
    recorder.receive(SessionEvent(severity: .info, message: "x"))
    recorder.close()
    #expect(disk.names.isEmpty && recorder.status.state == .idle)
  }
}

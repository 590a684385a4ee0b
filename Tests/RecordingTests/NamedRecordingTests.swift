import Capture
import Foundation
import Ground
import Pipeline
import Recording
import Testing
import Vision

/// Recordings into another folder and under a name, and recordings of several cameras from a moment on.
@Suite struct NamedRecordingTests {
  private func feed(_ recorder: Recorder, _ count: Int) {
    let start = MonotonicTime.now
    for number in 0..<count { recorder.receive(Scene.result(number, start: start, jpeg: Scene.jpeg(number))) }
  }

  @Test func anotherFolderCompletesWhatRuns() throws {
    let (disk, log) = (ScriptedDisk(), EventLog())
    let recorder = Recorder(RecordingConfiguration(directory: "d"), layer: disk) { log.add($0) }
    recorder.setRecording(true)
    feed(recorder, 5)
    recorder.record(to: "e/mine.mcap")
    feed(recorder, 7)
    recorder.record(to: "f")
    feed(recorder, 3)
    // Told again, it records to the same folder under a name of its own.
    recorder.setRecording(false)
    let outcome = recorder.close()
    #expect(outcome.frames == 15 && outcome.files.count == 3 && outcome.failure == nil, "\(outcome)")
    #expect(outcome.files[0].hasPrefix("d/ocellus-") && outcome.files[1] == "e/mine.mcap", "\(outcome.files)")
    #expect(outcome.files[2].hasPrefix("f/ocellus-"))
    for file in outcome.files {
      #expect(try !MCAPReader(MemoryBytes(try #require(disk.contents(file)), name: file)).channels.isEmpty, "\(file)")
    }
  }

  @Test func whatIsThereStays() throws {
    let (disk, log) = (ScriptedDisk(), EventLog())
    let recorder = Recorder(RecordingConfiguration(directory: "d"), layer: disk) { log.add($0) }
    recorder.record(to: "mine.mcap")
    feed(recorder, 5)
    recorder.setRecording(false)
    recorder.record(to: "./mine.mcap")
    feed(recorder, 2)
    let outcome = recorder.close()
    #expect(outcome.frames == 5 && outcome.files == ["./mine.mcap"], "\(outcome)")
    #expect(log.messages.contains { $0.contains("is there already") })
  }

  /// The other camera of a bag, from the moment where the first one was left.
  @Test func aReplayBeginsAtAMomentOnAnyTopic() throws {
    let bag = try Bag()
    let start: UInt64 = 1_700_000_000_000_000_000
    for number in 0..<20 {
      try bag.picture("/front", level: 10 + number, stamp: start, at: start + UInt64(number) * 100_000_000)
      try bag.picture("/back", level: 100 + number, stamp: start, at: start + UInt64(number) * 100_000_000 + 30_000_000)
    }
    let bytes = try bag.bytes()
    var options = RecordingSource.Options()
    options.topic = "/front"
    let front = try RecordingSource(MCAPReader(MemoryBytes(bytes, name: "bag.mcap")), options: options)
    defer { front.close() }
    #expect(front.status.topics == ["/back", "/front"] && front.status.topic == "/front")
    front.seek(to: 1.2)
    var moment: UInt64 = 0
    for _ in 0..<20 where moment == 0 { if case .frame = try front.next(timeout: 1000) { moment = front.logTime } }
    #expect(moment == start + 1_200_000_000)
    for (begin, level) in [(moment, 111), (moment + 30_000_000, 112), (0, 100), (.max, 119)] as [(UInt64, Int)] {
      options.topic = "/back"
      options.begin = begin
      options.isStopped = true
      let back = try RecordingSource(MCAPReader(MemoryBytes(bytes, name: "bag.mcap")), options: options)
      defer { back.close() }
      var shown: [Int] = []
      for _ in 0..<4 {
        guard case .frame(let frame) = try back.next(timeout: 50) else { continue }
        let picture = frame.image.rgb24()
        shown.append(withExtendedLifetime(picture) { Int(picture.storage.bytes[0]) })
      }
      #expect(shown == [level], "one picture, and it stands: \(shown)")
      #expect(!back.status.isPlaying)
    }
  }
}

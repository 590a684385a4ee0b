import Capture
import Foundation
import Ground
import Pipeline
import Recording
import TestSupport
import Testing

/// One moment in every output: replays, exports and lines of JSON say the same time of a frame.
@Suite struct RecordedTimeTests {
  private static let offset: Int64 = 1_700_000_000_123_000_000

  /// A machine that had been up for a minute.
  private func recording() throws -> MCAPReader {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.wallClockOffset = { Self.offset }
    let disk = ScriptedDisk()
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    let start = MonotonicTime(nanoseconds: 60_000_000_000)
    for number in 0..<5 { recorder.receive(Scene.result(number, start: start, jpeg: Scene.jpeg(number))) }
    recorder.close()
    let name = try #require(disk.names.first)
    return try MCAPReader(MemoryBytes(try #require(disk.contents(name)), name: name))
  }

  private func monotonic(_ number: Int) -> Int64 { 60_000_000_000 + Int64(number) * 33_333_333 }

  private func export(_ reader: MCAPReader, _ format: RecordingExport.Format, _ file: String = "") throws -> String {
    let folder = try TemporaryFolder()
    _ = try RecordingExport(reader).write(format, to: folder.file("out"))
    return try String(contentsOfFile: folder.file("out") + file, encoding: .utf8)
  }

  private func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func everyOutputSaysTheRecordingsTimes() throws {
    let reader = try recording()
    let lines = try objects(try export(reader, .jsonl))
    let coco = try objects(try export(reader, .coco, "/annotations.json"))[0]["images"] as? [[String: Any]]
    let table = try export(reader, .csv).split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    var options = RecordingSource.Options()
    options.speed = 0
    let source = try RecordingSource(reader, options: options)
    defer { source.close() }
    for number in 0..<5 {
      let wall = UInt64(monotonic(number) + Self.offset)
      let time = UTCText.milliseconds(wall)
      #expect(lines[number]["timestamp_ns"] as? Int64 == monotonic(number) && lines[number]["time"] as? String == time)
      #expect(coco?[number]["timestamp_ns"] as? UInt64 == wall && coco?[number]["time"] as? String == time)
      #expect(table[number][2] == String(wall) && table[number].last == time)
      guard case .frame(let frame) = try source.next(timeout: 5000) else {
        Issue.record("no frame")
        return
      }
      let result = FrameResult(
        number: 1, frame: frame, source: "s", detector: "d", findings: Scene.result(0, start: .now).findings)
      let record = FrameRecord(result)
      #expect(record.timestamp == monotonic(number) && record.wall == wall)
      // A recording of the replay is dated as it is made.
      let again = FrameRecord(result, datedBy: WallClock(offset: 5))
      #expect(again.timestamp == frame.timestamp.nanoseconds && again.wall == UInt64(frame.timestamp.nanoseconds + 5))
    }
    let info = RecordingInfo(reader)
    #expect(info.start == UTCText.milliseconds(info.start_ns))
  }

  @Test func linesOfLiveSourcesHaveBothClocks() throws {
    let before = WallClock.now.wall(.now)
    let record = FrameRecord(Scene.result(0, start: .now))
    let wall = try #require(record.wall)
    #expect(wall >= before && wall - before < 60_000_000_000)
    let line = try record.jsonLine()
    #expect(line.contains("\"time\":\"\(UTCText.milliseconds(wall))\""))
    let read = try FrameRecord(parsing: line)
    #expect(read.wall == wall / 1_000_000 * 1_000_000 && read.timestamp == record.timestamp)
  }

  /// Other programs' recordings have one clock.
  @Test func foreignRecordingsSayTheWallClockTwice() throws {
    let bag = try Bag()
    let time: UInt64 = 1_700_000_000_250_000_000
    try bag.picture("/cam", level: 50, stamp: time, at: time)
    try bag.found("/found", ["bus"], stamp: time, at: time)
    let reader = try bag.reader()
    let line = try #require(try objects(try export(reader, .jsonl)).first)
    #expect(line["timestamp_ns"] as? UInt64 == time && line["time"] as? String == "2023-11-14T22:13:20.250Z")
    let source = try RecordingSource(reader)
    defer { source.close() }
    guard case .frame(let frame) = try source.next(timeout: 5000) else {
      Issue.record("no frame")
      return
    }
    #expect(frame.recorded?.wall == time && frame.recorded?.monotonic == nil)
  }
}

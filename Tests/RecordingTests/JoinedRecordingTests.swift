import Capture
import Foundation
import Ground
import Pipeline
import Recording
import TestSupport
import Testing

/// Several files as one recording.
@Suite struct JoinedRecordingTests {
  /// The parts of a split recording, on the disk, and all results in one file beside them.
  private func split(_ frames: Int, in folder: TemporaryFolder) throws -> [String] {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.splitSeconds = 0.5
    let disk = record(frames, configuration)
    for name in disk.names {
      try folder.write(String(name.dropFirst(2)), try #require(disk.contents(name)))
    }
    return disk.names.map { String($0.dropFirst(2)) }
  }

  private func sequences(_ reader: any RecordingReader) throws -> [UInt64] {
    var options = RecordingSource.Options()
    options.speed = 0
    let source = try RecordingSource(reader, options: options)
    defer { source.close() }
    var labels: [UInt64] = []
    while true {
      switch try source.next(timeout: 5000) {
      case .frame(let frame):
        let result = try #require(source.recordedResult(at: Int(frame.sequence)))
        let record = try #require(result.line.flatMap { FrameRecord(jsonLine: $0) })
        #expect(frame.recorded?.monotonic == record.timestamp)
        labels.append(record.frame)
      case .end: return labels
      default: continue
      }
    }
  }

  @Test func theFirstPartOpensAllAndALaterOneItself() throws {
    let folder = try TemporaryFolder()
    let names = try split(60, in: folder)
    #expect(names.count >= 3)
    let all = (1...60).map { UInt64($0) }
    #expect(try sequences(try Recordings.open(folder.file(names[0]))) == all)
    #expect(try sequences(try Recordings.open(folder.path)) == all)
    let alone = try sequences(try Recordings.open(folder.file(names[0]), withParts: false))
    #expect(alone.count < 20 && alone == Array(all.prefix(alone.count)))
    let second = try sequences(try Recordings.open(folder.file(names[1])))
    #expect(second == Array(all.dropFirst(alone.count).prefix(second.count)) && second.count < 30)
    // The ring has taken the first part: the rest is still one recording.
    try FileManager.default.removeItem(atPath: folder.file(names[0]))
    #expect(try sequences(try Recordings.open(folder.path)) == Array(all.dropFirst(alone.count)))
  }

  @Test func thePartsAreExportedAsOne() throws {
    let folder = try TemporaryFolder()
    let names = try split(60, in: folder)
    let report = try RecordingExport(path: folder.file(names[0])).write(.jsonl, to: folder.file("out.jsonl"))
    #expect(report.frames == 60)
    let info = RecordingInfo(try Recordings.open(folder.path))
    #expect(info.topics.count == 7 && info.topics.first { $0.topic == "/ocellus/results" }?.messages == 60)
    #expect(info.files?.count == names.count && info.finished)
  }

  @Test func severalRecordingsAreNotOne() throws {
    let folder = try TemporaryFolder()
    let names = try split(20, in: folder)
    try FileManager.default.copyItem(
      atPath: folder.file(names[0]), toPath: folder.file("ocellus-20200101-000000.mcap"))
    do {
      _ = try Recordings.open(folder.path)
      Issue.record("opened")
    } catch let error as RecordingError {
      #expect(error.what == "the folder holds 2 recordings" && error.remedy.contains("ocellus-20200101-000000.mcap"))
    }
    // Names that only look alike are none of its parts.
    let other = try TemporaryFolder()
    let first = try split(20, in: other)[0]
    let stem = String(first.dropLast(5))
    for name in ["\(stem)-2_001.mcap", "\(stem)_x.mcap", "\(stem)_001.mcap.txt"] {
      try FileManager.default.copyItem(atPath: other.file(first), toPath: other.file(name))
    }
    #expect(try sequences(try Recordings.open(other.file(first))).count <= 20)
  }

  /// A message of a joined recording is the one of its part, also where a part declares one channel twice.
  @Test func channelsOfAllPartsKeepTheirMessages() throws {
    let folder = try TemporaryFolder()
    for part in 0..<3 {
      let bag = try Bag()
      // Each part declares its topics in another order, one of them by two publishers.
      for topic in part == 1 ? ["/b", "/a"] : ["/a", "/b"] {
        for number in 0..<4 {
          let time = UInt64(1_700_000_000_000_000_000 + part * 1_000_000_000 + number * 10_000_000)
          try bag.picture(
            topic, level: 20 + part * 60 + number * 10, stamp: time, at: time, frame: topic, publisher: number % 2)
        }
      }
      try folder.write("run_\(part).mcap", try bag.bytes())
    }
    let reader = try Recordings.open(folder.path)
    for topic in ["/a", "/b"] {
      let levels = try played(reader, topic: topic).map(\.level)
      let wanted = (0..<12).map { 20 + $0 / 4 * 60 + $0 % 4 * 10 }
      #expect(zip(levels, wanted).allSatisfy { abs($0 - $1) <= 2 } && levels.count == 12, "\(levels)")
    }
    #expect(RecordingInfo(reader).messages == 24)
  }
}

import Foundation
import Glibc
import Ground
import Perception
import Pipeline
import ROS
import Recording
import TestSupport
import Testing
import Vision

/// Files that claim more than they pay for.
@Suite struct BudgetTests {
  private struct Section {
    var out = ByteWriter()

    mutating func record(_ opcode: UInt8, _ content: [UInt8], claiming length: UInt64? = nil) {
      out.append(opcode)
      out.append(length ?? UInt64(content.count))
      out.append(content)
    }
  }

  private func fields(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var out = ByteWriter()
    body(&out)
    return out.bytes
  }

  private func text(_ text: String, _ out: inout ByteWriter) {
    out.append(UInt32(text.utf8.count))
    out.append(Array(text.utf8))
  }

  /// The start of a file: magic, header, one channel of strings.
  private func beginning() -> Section {
    var section = Section()
    section.out.append(MCAP.magic)
    section.record(
      1,
      fields {
        text("ros2", &$0)
        text("", &$0)
      })
    section.record(
      3,
      fields {
        $0.append(UInt16(1))
        text(StringMessage.typeName, &$0)
        text("ros2msg", &$0)
        text("string data", &$0)
      })
    section.record(
      4,
      fields {
        $0.append(UInt16(1))
        $0.append(UInt16(1))
        text("/text", &$0)
        text("cdr", &$0)
        $0.append(UInt32(0))
      })
    return section
  }

  private func message(_ data: [UInt8], at time: UInt64 = 5) -> [UInt8] {
    fields {
      $0.append(UInt16(1))
      $0.append(UInt32(0))
      $0.append(time)
      $0.append(time)
      $0.append(data)
    }
  }

  /// Records of thirty gigabytes in a sparse file of a few kilobytes.
  @Test(arguments: [3, 4, 5, 6, 9, 12] as [UInt8]) func holesAreNotReadIntoMemory(_ opcode: UInt8) throws {
    let folder = try TemporaryFolder()
    var section = beginning()
    section.record(5, message([1, 2, 3]))
    let claimed: UInt64 = 30 << 30
    section.record(opcode, [], claiming: claimed)
    let path = try folder.write("sparse.mcap", section.out.bytes)
    #expect(truncate(path, off_t(UInt64(section.out.count) + claimed + 100)) == 0)
    let reader = try MCAPReader(path: path)
    #expect(!reader.isIndexed && !reader.problems.isEmpty)
    let locations = reader.locations(of: [1])
    #expect(try reader.message(at: try #require(locations.first)).data == [1, 2, 3])
    #expect(RecordingInfo(reader).messages >= 1)
    let error = #expect(throws: RecordingError.self) {
      try Recovery.recover(from: FileBytes(path: path), to: folder.file("out.mcap"))
    }
    #expect(error?.line.contains("hole") ?? false)
    #expect(SystemFileLayer().files(in: folder.path).map(\.name) == ["sparse.mcap"])
  }

  @Test func dataBehindAHoleIsFound() throws {
    let folder = try TemporaryFolder()
    let sample = try sampleRecording(.lz4, finished: false)
    let path = try folder.write("gap.mcap", sample)
    let first = try MCAPReader(MemoryBytes(sample)).chunks[0]
    // A hole in place of the second half, then the first chunk once more.
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.truncate(atOffset: first.offset + first.length)
    try file.seek(toOffset: 8 << 30)
    try file.write(contentsOf: sample[Int(first.offset)..<Int(first.offset + first.length)])
    try file.close()
    let reader = try MCAPReader(path: path)
    let once = try MCAPReader(MemoryBytes(Array(sample[..<Int(first.offset + first.length)])))
    #expect(try allMessages(reader).count == 2 * (try allMessages(once).count))
  }

  /// Chunk indexes that share a chunk, and so its messages.
  @Test(.timeLimit(.minutes(5))) func sharedIndexesDoNotMultiply() throws {
    var section = beginning()
    let record = fields {
      $0.append(UInt8(5))
      $0.append(UInt64(25))
      $0.append(message([1, 2, 3]))
    }
    let chunk = fields {
      for number in [5, 5, UInt64(record.count)] { $0.append(number) }
      $0.append(UInt32(0))
      text("", &$0)
      $0.append(UInt64(record.count))
      $0.append(record)
    }
    let offset = UInt64(section.out.count)
    section.record(6, chunk)
    let length = UInt64(section.out.count) - offset
    let indexOffset = UInt64(section.out.count)
    section.record(
      7,
      fields {
        $0.append(UInt16(1))
        $0.append(UInt32(16 * 20_000))
        for _ in 0..<20_000 {
          $0.append(UInt64(5))
          $0.append(UInt64(0))
        }
      })
    let indexLength = UInt64(section.out.count) - indexOffset
    section.record(15, [0, 0, 0, 0])
    for copies in [1, 3000] {
      var file = section
      let summary = UInt64(file.out.count)
      file.out.append(Array(beginning().out.bytes.dropFirst(MCAP.magic.count + 21)))
      for _ in 0..<copies {
        file.record(
          8,
          fields {
            for number in [5, 5, offset, length] { $0.append(number) }
            $0.append(UInt32(10))
            $0.append(UInt16(1))
            $0.append(indexOffset)
            $0.append(indexLength)
            text("", &$0)
            $0.append(UInt64(record.count))
            $0.append(UInt64(record.count))
          })
      }
      file.record(
        2,
        fields {
          $0.append(summary)
          $0.append(UInt64(0))
          $0.append(UInt32(0))
        })
      file.out.append(MCAP.magic)
      let reader = try MCAPReader(MemoryBytes(file.out.bytes))
      #expect(reader.locations(of: [1]).count == 1, "\(copies)")
      #expect(RecordingInfo(reader).messages == 1)
    }
  }

  /// Chunks within their limit that are too much together.
  @Test(.timeLimit(.minutes(5))) func chunksThatUnpackToFarMoreAreRefused() throws {
    let disk = ScriptedDisk()
    var options = MCAPWriter.Options()
    options.compression = .zstd
    options.chunkBytes = 1
    let writer = try MCAPWriter(path: "b.mcap", options: options, layer: disk)
    let schema = try writer.addSchema(name: "a", encoding: "", data: [])
    let channel = try writer.addChannel(topic: "/a", schema: schema, encoding: "", metadata: [:])
    let zeros = [UInt8](repeating: 0, count: 20 << 20)
    try writer.append(channel: channel, sequence: 0, logTime: 0, publishTime: 0) { $0.append(zeros) }
    try writer.closeChunk()
    let bytes = disk.contents("b.mcap.active") ?? []
    let chunk = try #require(try MCAPReader(MemoryBytes(bytes)).chunks.first)
    var copied = Array(bytes[Int(chunk.offset)...])
    // No checksum, which would take most of the time: it stands behind the prefix, two times and the size.
    for index in 33..<37 { copied[index] = 0 }
    let reader = try MCAPReader(MemoryBytes(bytes + (0..<150).flatMap { _ in copied }))
    #expect(reader.problems.contains { $0.contains("unpack to far more") })
    #expect((90...110).contains(reader.chunks.count))
  }

  private func mask(_ runs: [Int], _ size: Int) -> RunLengthMask {
    var text: [UInt8] = []
    for run in runs {
      var rest = run
      while true {
        let low = rest & 31
        rest >>= 5
        let isLast = rest == 0 && low & 16 == 0
        text.append(UInt8((isLast ? low : low | 32) + 48))
        if isLast { break }
      }
    }
    var mask = RunLengthMask(
      Mask(region: Box(x: 0, y: 0, width: 1, height: 1), columns: 1, rows: 1, bits: [0]), frameWidth: size,
      frameHeight: size)
    mask.counts = String(decoding: text, as: UTF8.self)
    return mask
  }

  /// Run lengths of a few bytes that stand for a quarter of a billion pixels.
  @Test(.timeLimit(.minutes(5))) func masksCostWhatIsSetInThem() throws {
    let side = 16384
    #expect(mask([side * side], side).mask()?.bits == [0])
    let corner = try #require(mask([5, 3, side * side - 8], side).mask())
    #expect(corner.region == Box(x: 0, y: 5, width: 1, height: 3) && corner.bits == [1, 1, 1])
    #expect(mask([0, side * side], side).mask() == nil)
    #expect(mask([0, 1, side * side - 2, 1], side).mask() == nil)
    let budget = CellBudget(10)
    #expect(mask([0, 6, side * side - 6], side).mask(budget) != nil)
    #expect(mask([0, 6, side * side - 6], side).mask(budget) == nil)
    // What is set comes back where it was, from any mask.
    var random = SeededGenerator(4)
    for _ in 0..<200 {
      let (width, height) = (Int.random(in: 1...20, using: &random), Int.random(in: 1...20, using: &random))
      let bits = (0..<width * height).map { _ in UInt8(Int.random(in: 0..<8, using: &random) == 0 ? 1 : 0) }
      let whole = Box(x: 0, y: 0, width: Float(width), height: Float(height))
      let runs = RunLengthMask(
        Mask(region: whole, columns: width, rows: height, bits: bits), frameWidth: width, frameHeight: height)
      let again = try #require(runs.mask())
      #expect(RunLengthMask(again, frameWidth: width, frameHeight: height) == runs)
      #expect(again.bits.reduce(0) { $0 + Int($1) } == bits.reduce(0) { $0 + Int($1) })
    }
  }

  private func line(_ detection: String, count: Int, size: Int = 64, more: String = "") -> String {
    let list = repeatElement(detection, count: count).joined(separator: ",")
    return "{\"width\":\(size),\"height\":\(size),\"detections\":[\(list)]\(more)}"
  }

  @Test(.timeLimit(.minutes(5))) func linesOfJSONAreBounded() throws {
    let side = 16384
    let full = mask([0, side * side], side).counts
    let object = "{\"label\":\"a\",\"class_id\":0,\"confidence\":0.9,\"box\":[1,1,2,2]}"
    let masked =
      "{\"label\":\"a\",\"class_id\":0,\"confidence\":0.9,\"box\":[1,1,2,2],\"masks\":[{\"size\":[\(side),\(side)],"
      + "\"counts\":\"\(full.replacing("\\", with: "\\\\"))\"}]}"
    #expect(throws: DecodingError.self) { try FrameRecord(parsing: line(masked, count: 40, size: side)) }
    let many = try FrameRecord(parsing: line(object, count: 20_000))
    #expect(many.findings.detections.count == Suppression.largestLimit)
    #expect(throws: DecodingError.self) { try FrameRecord(parsing: line(object, count: 400_000)) }
    let map =
      "{\"kind\":\"segmentation\",\"stage\":\"s\",\"columns\":10,\"rows\":10,\"labels\":[],\"runs\":[[0,100]]}"
    for (count, isAllowed) in [(2, true), (3, false)] {
      let maps = repeatElement(map, count: count).joined(separator: ",")
      let decoder = JSONDecoder()
      decoder.userInfo[.cellBudget] = CellBudget(250)
      let data = Data(line(object, count: 1, more: ",\"layers\":[\(maps)]").utf8)
      if isAllowed {
        #expect(try decoder.decode(FrameRecord.self, from: data).findings.layers.count == count)
      } else {
        #expect(throws: DecodingError.self) { try decoder.decode(FrameRecord.self, from: data) }
      }
    }
  }

  /// Every object with a label of its own, over many frames.
  @Test(.timeLimit(.minutes(5))) func labelsAreNumberedInLittleTime() throws {
    let bag = try Bag()
    for frame in 0..<60 {
      let time = UInt64(frame + 1) * 1_000_000
      try bag.picture("/cam", level: 40, stamp: time, at: time)
      try bag.found("/found", (0..<1500).map { "l\(frame)-\($0)" }, stamp: time, at: time)
    }
    let folder = try TemporaryFolder()
    let report = try RecordingExport(try bag.reader()).write(.csv, to: folder.file("x.csv"))
    #expect(report.detections == 90_000)
  }

  /// Tens of thousands of channels with a message each.
  @Test(.timeLimit(.minutes(5))) func channelsAreNotSearchedOneByOne() throws {
    let bag = try Bag()
    for channel in 0..<20_000 {
      try bag.add(
        "/c\(channel)", StringMessage(data: "x"), type: StringMessage.typeName, at: UInt64(channel))
    }
    try bag.picture("/cam", level: 40, stamp: 1, at: 1)
    let bytes = try bag.bytes()
    let info = RecordingInfo(try MCAPReader(MemoryBytes(Array(bytes.dropLast(8)))))
    #expect(info.topics.count == 20_001 && info.messages == 20_001 && !info.finished)
    #expect(try played(try MCAPReader(MemoryBytes(bytes))).count == 1)
    let disk = ScriptedDisk()
    #expect(try Recovery.recover(from: MemoryBytes(bytes), to: "o.mcap", layer: disk).messages == 20_001)
  }
}

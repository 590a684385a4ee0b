import Capture
import Glibc
import Ground
import Perception
import Pipeline
import ROS
import Recording
import TestSupport
import Testing
import Vision

/// Files that are sound as files, and say what cannot be.
@Suite struct HostileValueTests {
  /// A recording of one picture at each of the given times, in nanoseconds, with detections beside it.
  private func recording(_ times: [UInt64], detections: [UInt8]? = nil) throws -> MCAPReader {
    let sample = record(1, RecordingConfiguration(directory: "d"))
    let name = try #require(sample.names.first)
    let reader = try MCAPReader(MemoryBytes(try #require(sample.contents(name))))
    let disk = ScriptedDisk()
    let writer = try MCAPWriter(path: "h.mcap", layer: disk)
    for (type, replacement) in [
      ("sensor_msgs/msg/CompressedImage", nil), ("vision_msgs/msg/Detection2DArray", detections),
    ] {
      let channel = try #require(reader.channels(ofType: type).first)
      let location = try #require(reader.locations(of: [channel.id]).first)
      let recorded = try reader.message(at: location)
      let data = replacement ?? Array(recorded.data)
      let schema = try writer.addSchema(name: type, encoding: "ros2msg", data: [])
      let copy = try writer.addChannel(topic: channel.topic, schema: schema, encoding: "cdr", metadata: [:])
      for time in times {
        try writer.append(channel: copy, sequence: 0, logTime: time, publishTime: time) { $0.append(data) }
      }
    }
    try writer.finish()
    return try MCAPReader(MemoryBytes(try #require(disk.contents("h.mcap")), name: "h.mcap"))
  }

  private static let times: [[UInt64]] = [[0, .max], [0, 1 << 63, (1 << 63) + 5], [.max - 1, .max], [5, 5, 5]]

  @Test(arguments: times)
  func timesFarApart(times: [UInt64]) throws {
    let reader = try recording(times)
    #expect(RecordingInfo(reader).lines.contains { $0.contains("length") })
    for speed in [1, 0.000_001, 64] {
      var options = RecordingSource.Options()
      options.speed = speed
      let source = try RecordingSource(reader, options: options)
      defer { source.close() }
      for _ in 0..<3 { _ = try source.next(timeout: 10) }
      source.seek(to: 1e300)
      _ = try source.next(timeout: 10)
      source.step(by: -.max)
      _ = try source.next(timeout: 10)
      #expect(source.status.position >= 0)
    }
    let folder = try TemporaryFolder()
    #expect(try RecordingExport(reader).write(.csv, to: folder.file("x.csv")).frames == times.count)
  }

  /// A Detection2DArray with one hypothesis a detection: score, centre, angle, size.
  private func detections(_ rows: [[Double]]) -> [UInt8] {
    var out = ByteWriter()
    out.append(UInt32(0x0000_0100))
    func align(_ size: Int) { while (out.count - 4) % size != 0 { out.append(UInt8(0)) } }
    func number(_ value: UInt32) {
      align(4)
      out.append(value)
    }
    func real(_ value: Double) {
      align(8)
      out.append(value.bitPattern)
    }
    func text(_ value: String) {
      number(UInt32(value.utf8.count + 1))
      out.append(Array(value.utf8) + [0])
    }
    func header() {
      number(0)
      number(0)
      text("camera")
    }
    header()
    number(UInt32(rows.count))
    for row in rows {
      header()
      number(1)
      text("thing")
      real(row[0])
      for _ in 0..<43 { real(0) }
      for value in row.dropFirst() { real(value) }
      text("7")
    }
    return out.bytes
  }

  @Test func detectionsThatLieNowhere() throws {
    let (nan, inf) = (Double.nan, Double.infinity)
    let message = detections([
      [nan, 10, 10, 0, 5, 5], [0.9, nan, 10, 0, 5, 5], [0.9, 10, 10, 0, inf, 5], [0.9, 1e300, 10, 0, 5, 5],
      [1e300, 10, 10, 0, 5, 5], [0.75, 10, 12, nan, 4, 6],
    ])
    let source = try RecordingSource(try recording([1000], detections: message))
    defer { source.close() }
    let found = try #require(source.recordedResult(at: 0)).findings.detections
    #expect(found.count == 1)
    #expect(found.first?.box == .init(x: 8, y: 9, width: 4, height: 6))
    #expect(found.first?.angle == nil)
    #expect(found.first?.track == 7)
  }

  /// Opening a pipe would wait for somebody to write into it.
  @Test func aNamedPipeIsNoRecording() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.file("pipe.mcap"), 0o600) == 0)
    let error = #expect(throws: RecordingError.self) { try MCAPReader(path: folder.file("pipe.mcap")) }
    #expect(error?.kind == .notARecording)
  }
}

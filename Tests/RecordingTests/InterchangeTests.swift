import Capture
import Foundation
import Glibc
import Ground
import Perception
import Pipeline
import Recording
import Testing
import Vision

/// Files for other readers, and files of other writers: `make test-recordings` gives the folders.
@Suite struct InterchangeTests {
  private static func folder(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
  private static let out = folder("OCELLUS_RECORDINGS_OUT")
  private static let foreign = folder("OCELLUS_FOREIGN_RECORDINGS")

  private struct Expected: Encodable {
    var frames: Int
    var files: [String]
    var labels: [String]
    var boxes: [[Double]]
    var confidences: [Double]
    var tracks: [String]
    var pictureBytes: [Int]
  }

  @Test(.enabled(if: InterchangeTests.out != nil, "only with OCELLUS_RECORDINGS_OUT"))
  func writesFilesForOtherReaders() throws {
    let out = try #require(InterchangeTests.out)
    let frames = 45
    var files: [String] = []
    func keep(_ disk: ScriptedDisk, _ label: String) throws {
      for (number, name) in disk.names.enumerated() {
        let file = "\(label)_\(number).mcap"
        try Data(disk.contents(name) ?? []).write(to: URL(fileURLWithPath: out + "/" + file))
        files.append(file)
      }
    }
    for compression in MCAP.Compression.allCases {
      var configuration = RecordingConfiguration(directory: "d")
      configuration.compression = compression
      configuration.metadata = { ["host": "robot"] }
      configuration.describeModel = { _ in ["sha256": "00ff"] }
      try keep(record(frames, configuration), "plain-\(compression.name)")
      configuration.splitSeconds = 0.5
      try keep(record(frames, configuration), "split-\(compression.name)")
    }
    // Recovered: a recording without its last third.
    let disk = record(frames, RecordingConfiguration(directory: "d"))
    let name = try #require(disk.names.first)
    let whole = try #require(disk.contents(name))
    let recovered = ScriptedDisk()
    let report = try Recovery.recover(
      from: MemoryBytes(Array(whole.dropLast(whole.count / 3))), to: "r.mcap", layer: recovered)
    #expect(!report.isComplete)
    try keep(recovered, "recovered-cut")
    let detections = (0..<frames).map(Scene.detection)
    let expected = Expected(
      frames: frames, files: files, labels: detections.map(\.label),
      boxes: detections.map { [$0.box.centerX, $0.box.centerY, $0.box.width, $0.box.height].map(Double.init) },
      confidences: detections.map { Double($0.confidence) }, tracks: detections.map { String($0.track ?? -1) },
      pictureBytes: (0..<frames).map { Scene.jpeg($0).count })
    try JSONEncoder().encode(expected).write(to: URL(fileURLWithPath: out + "/expected.json"))
  }

  /// A robot's uncompressed pictures, in every encoding that is known: the four quarters have their colours.
  @Test(.enabled(if: InterchangeTests.foreign != nil, "only with OCELLUS_FOREIGN_RECORDINGS"))
  func playsTheBagsOfARobot() throws {
    let folder = try #require(InterchangeTests.foreign)
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/robot.json"))
    let expected = try JSONDecoder().decode([String: [[Int]]].self, from: data)
    #expect(expected.count >= 14)
    for (name, quarters) in expected {
      var options = RecordingSource.Options()
      options.speed = 0
      let source = try RecordingSource(path: folder + "/" + name, options: options)
      defer { source.close() }
      #expect(source.description.width == 64 && source.description.height == 48 && !source.hasResults, "\(name)")
      for number in 0..<10 {
        guard case .frame(let frame) = try source.next(timeout: 2000) else {
          Issue.record("\(name) has no picture \(number)")
          return
        }
        let picture = frame.image.rgb24()
        for (quarter, color) in quarters.enumerated() {
          let (x, y) = (16 + quarter % 2 * 32, 12 + quarter / 2 * 24)
          let pixel = (0..<3).map { Int(picture.storage.bytes[(y * 64 + x) * 3 + $0]) }
          let isNear = zip(pixel, color).allSatisfy { abs($0 - $1) <= 4 }
          #expect(isNear, "\(name): quarter \(quarter) is \(pixel), not \(color)")
        }
      }
      guard case .end = try source.next(timeout: 100) else {
        Issue.record("\(name) does not end")
        return
      }
    }
  }

  private struct ForeignFile: Decodable {
    var messages: [ForeignMessage]
    var attachments: Int
    var metadata: Int
  }

  private struct ForeignMessage: Decodable {
    var topic: String
    var time: UInt64
    var data: [UInt8]
  }

  /// Every combination of chunks, compression, indexes, summaries and checksums that PyPI's `mcap` writes.
  @Test(.enabled(if: InterchangeTests.foreign != nil, "only with OCELLUS_FOREIGN_RECORDINGS"))
  func readsFilesOfOtherWriters() throws {
    let folder = try #require(InterchangeTests.foreign)
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json"))
    let expected = try JSONDecoder().decode([String: ForeignFile].self, from: data)
    #expect(expected.count > 20)
    for (name, file) in expected {
      let reader = try MCAPReader(path: folder + "/" + name)
      let locations = reader.locations(of: Set(reader.channels.keys))
      let found = try locations.map { location in
        let message = try reader.message(at: location)
        return (reader.channels[message.channelID]?.topic, message.logTime, Array(message.data))
      }
      #expect(found.map(\.0) == file.messages.map(\.topic), "\(name)")
      #expect(found.map(\.1) == file.messages.map(\.time), "\(name)")
      #expect(found.map(\.2) == file.messages.map(\.data), "\(name)")
      let disk = ScriptedDisk()
      let report = try Recovery.recover(from: try FileBytes(path: folder + "/" + name), to: "o.mcap", layer: disk)
      #expect(report.messages == UInt64(file.messages.count) && report.damage.isEmpty, "\(name): \(report.lines)")
      #expect(report.attachments == UInt64(file.attachments), "\(name)")
    }
  }
}

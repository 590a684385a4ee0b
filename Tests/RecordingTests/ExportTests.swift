import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Recording
import TestSupport
import Testing
import Vision

@Suite struct ExportTests {
  private func recording(_ frames: Int = 12) throws -> MCAPReader {
    let disk = record(frames, RecordingConfiguration(directory: "d"))
    let name = try #require(disk.names.first)
    return try MCAPReader(MemoryBytes(try #require(disk.contents(name)), name: name))
  }

  private struct COCO: Decodable {
    struct Picture: Decodable {
      var id: Int
      var file_name: String
      var width: Int
    }
    struct Annotation: Decodable {
      var image_id: Int
      var category_id: Int
      var bbox: [Double]
      var score: Double
    }
    struct Category: Decodable {
      var id: Int
      var name: String
    }
    var images: [Picture]
    var annotations: [Annotation]
    var categories: [Category]
  }

  @Test func cocoHoldsTheBoxesThatJSONShows() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("coco")
    defer { try? FileManager.default.removeItem(atPath: out) }
    let report = try RecordingExport(try recording()).write(.coco, to: out)
    #expect(report.frames == 12 && report.detections == 12 && report.damaged == 0)
    let data = try Data(contentsOf: URL(fileURLWithPath: out + "/annotations.json"))
    let coco = try JSONDecoder().decode(COCO.self, from: data)
    #expect(coco.images.count == 12 && Set(coco.categories.map(\.name)) == ["person", "pallet"])
    for (number, annotation) in coco.annotations.enumerated() {
      // The same box, through the record that `detect` and `run` print.
      let line = try DetectionRecord(
        Scene.detection(number), frameWidth: Scene.width, frameHeight: Scene.height
      ).jsonLine()
      let shown = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(shown["box"] as? [Double] == annotation.bbox)
      #expect(shown["confidence"] as? Double == annotation.score)
      #expect(annotation.image_id == number + 1)
      let picture = try Data(contentsOf: URL(fileURLWithPath: out + "/" + coco.images[number].file_name))
      let expected = Scene.jpeg(number)
      #expect(Array(picture) == Array(expected.storage.bytes[..<expected.count]))
    }
  }

  @Test func jsonLinesAreThoseOfTheSession() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.jsonl")
    _ = try RecordingExport(try recording(3)).write(.jsonl, to: out)
    let lines = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 3)
    let first = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
    #expect(first["model"] as? String == "finder" && first["frame"] as? Int == 1)
  }

  @Test func csvHasALineADetection() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.csv")
    _ = try RecordingExport(try recording(4)).write(.csv, to: out)
    let lines = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[0].hasPrefix("frame,seconds,timestamp_ns,track,label"))
    #expect(lines[2].contains(",pallet,1,0.51,1.25,5.5,20.13,30.0,open,0.75") || lines[2].contains(",pallet,1,0.51,"))
  }

  private static let hasFFmpeg = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(.enabled(if: ExportTests.hasFFmpeg, "ffmpeg is not installed")) func videoIsMadeWhole() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.mp4")
    #expect(try RecordingExport(try recording(10)).write(.video, to: out).frames == 10)
    let head = try Data(contentsOf: URL(fileURLWithPath: out)).prefix(12)
    #expect(head.suffix(8).starts(with: Array("ftyp".utf8)))
    #expect(SystemFileLayer().files(in: folder.path).map(\.name) == ["out.mp4"])
  }

  @Test func cancelledAndTakenOutputsLeaveNothing() throws {
    let folder = try TemporaryFolder()
    let export = RecordingExport(try recording(4))
    for format in [RecordingExport.Format.coco, .csv, .frames, .jsonl] {
      let out = folder.file("x-\(format.rawValue)")
      #expect(throws: RecordingError.self) { try export.write(format, to: out) { _ in false } }
      #expect(!FileManager.default.fileExists(atPath: out))
      #expect(!SystemFileLayer().files(in: folder.path).contains { $0.name.hasPrefix("x-\(format.rawValue)") })
      _ = FileManager.default.createFile(atPath: out, contents: Data([1]))
      #expect(throws: RecordingError.self) { try export.write(format, to: out) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: out)) == Data([1]))
    }
  }

  /// What lies beside the output is somebody's, whatever it is called.
  @Test func neighboursStay() throws {
    let folder = try TemporaryFolder()
    let export = RecordingExport(try recording(2))
    try FileManager.default.createDirectory(atPath: folder.file("a.part"), withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: folder.file("a.part/precious"), contents: Data([1]))
    _ = FileManager.default.createFile(atPath: folder.file("b.part"), contents: Data([1]))
    _ = try export.write(.frames, to: folder.file("a"))
    _ = try export.write(.csv, to: folder.file("b"))
    #expect(FileManager.default.fileExists(atPath: folder.file("a.part/precious")))
    #expect(FileManager.default.fileExists(atPath: folder.file("b.part")))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", "a.part", "b", "b.part"])
  }

  @Test func infoCountsEverything() throws {
    let info = RecordingInfo(try recording(6))
    #expect(info.finished && info.problems.isEmpty && info.profile == "ros2")
    #expect(info.topics.first { $0.topic == "/ocellus/detections" }?.messages == 6)
    #expect(info.lines.contains { $0.contains("sensor_msgs/msg/CompressedImage") })
  }

  @Test func masksSurviveTheirRunLengths() {
    var random = SeededGenerator(5)
    for _ in 0..<50 {
      let bits = (0..<16 * 12).map { _ in UInt8.random(in: 0...1, using: &random) }
      let mask = Mask(region: Box(x: 0, y: 0, width: 16, height: 12), columns: 16, rows: 12, bits: bits)
      #expect(RunLengthMask(mask, frameWidth: 16, frameHeight: 12).mask() == mask)
    }
    var broken = RunLengthMask(
      Mask(region: Box(x: 0, y: 0, width: 4, height: 4), columns: 1, rows: 1, bits: [1]), frameWidth: 4, frameHeight: 4)
    broken.counts = "zzzz~~"
    #expect(broken.mask() == nil)
  }
}

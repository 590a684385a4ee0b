import Foundation
import Ground
import Perception
import Pipeline
import ROS
import Recording
import TestSupport
import Testing
import Vision

/// Data sets of parts of recordings, and of several.
@Suite struct DataSetExportTests {
  private static let start: UInt64 = 1_700_000_000_000_000_000

  /// A recording of 40 frames, ten a second: a person on even frames, a pallet on odd ones, each with a second object.
  private func recording(_ labels: [String] = ["person", "pallet"], frames: Int = 40) throws -> MCAPReader {
    let bag = try Bag()
    for number in 0..<frames {
      let time = Self.start + UInt64(number) * 100_000_000
      try bag.picture("/cam", level: 20 + number * 5, stamp: time, at: time)
      try bag.found("/found", [labels[number % labels.count]], stamp: time, at: time)
    }
    return try bag.reader()
  }

  private func options(_ change: (inout RecordingExport.Options) -> Void) -> RecordingExport.Options {
    var options = RecordingExport.Options()
    change(&options)
    return options
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }
  private func name(_ index: Int, _ ending: String) -> String { String(format: "frame_%06d.%@", index + 1, ending) }

  // MARK: Moments

  @Test(arguments: [
    ("90", RecordingMoment.seconds(90)), ("90s", .seconds(90)), ("2m", .seconds(120)), ("1:30", .seconds(90)),
    ("1:02:03.5", .seconds(3723.5)), ("0:00", .seconds(0)), ("2023-11-14T22:13:20Z", .wall(start)),
  ])
  func momentsAreRead(_ text: String, _ moment: RecordingMoment) throws {
    #expect(try RecordingMoment(parsing: text) == moment)
  }

  @Test(arguments: ["", "1:", ":30", "1:60", "1:2:3:4", "-5", "1:-5", "noon", "1:nan", "1:+5", "2023-11-14"])
  func otherTextsAreRefused(_ text: String) {
    #expect(throws: RecordingError.self) { try RecordingMoment(parsing: text) }
  }

  // MARK: Selections

  @Test func rangesAndStepsChooseTheSameFramesInEveryFormat() throws {
    let folder = try TemporaryFolder()
    let options = options {
      $0.selection.from = .seconds(1)
      $0.selection.to = .wall(Self.start + 2_900_000_000)
      $0.selection.every = 3
    }
    // Frames 10 to 29, every third of them.
    let wanted = Array(stride(from: 10, through: 29, by: 3))
    for format in RecordingExport.Format.allCases where format != .video {
      let report = try RecordingExport(try recording(), options: options).write(
        format, to: folder.file(format.rawValue))
      #expect(report.frames == wanted.count, "\(format)")
    }
    let pictures = wanted.map { name($0, "jpg") }
    #expect(try names(folder.file("frames")) == pictures && names(folder.file("coco/images")) == pictures)
    #expect(try names(folder.file("yolo/images/train")) + names(folder.file("yolo/images/val")) == pictures)
    let rows = try text(folder.file("csv")).split(separator: "\n").dropFirst()
    #expect(rows.map { Int($0.prefix { $0 != "," }) } == wanted.map { $0 + 1 })
    #expect(try text(folder.file("jsonl")).split(separator: "\n").count == wanted.count)
  }

  @Test func aLabelChoosesFramesAndObjects() throws {
    let folder = try TemporaryFolder()
    let options = options { $0.selection.labels = ["pallet"] }
    for format in [RecordingExport.Format.coco, .yolo, .csv, .frames, .jsonl] {
      let report = try RecordingExport(try recording(), options: options).write(
        format, to: folder.file(format.rawValue))
      #expect(report.frames == 20, "\(format)")
    }
    #expect(try names(folder.file("frames")) == (0..<20).map { name($0 * 2 + 1, "jpg") })
    #expect(!(try text(folder.file("csv")).contains("person")))
    // The list of classes is whole all the same.
    #expect(try text(folder.file("yolo/data.yaml")).contains("  0: \"pallet\"\n  1: \"person\"\n"))
  }

  @Test func nothingChosenIsAnError() throws {
    let folder = try TemporaryFolder()
    for change: (inout RecordingExport.Options) -> Void in [
      { $0.selection.from = .seconds(100) }, { $0.selection.labels = ["zebra"] }, { $0.selection.to = .wall(5) },
    ] {
      for format in RecordingExport.Format.allCases {
        #expect(throws: RecordingError.self, "\(format)") {
          try RecordingExport(try recording(frames: 4), options: options(change)).write(format, to: folder.file("out"))
        }
        #expect(try names(folder.path).isEmpty)
      }
    }
  }

  // MARK: YOLO

  @Test func yoloHasTheBoxesAsSharesAndTheLastPartForValidation() throws {
    let folder = try TemporaryFolder()
    let report = try RecordingExport(try recording(), options: options { $0.validation = 0.25 })
      .write(.yolo, to: folder.file("y"))
    #expect(report.frames == 40 && report.detections == 40)
    // 3.9 seconds: what is later than 2.925 is for validation, and nothing of it lies among the rest.
    let (train, validation) = (try names(folder.file("y/labels/train")), try names(folder.file("y/labels/val")))
    #expect(train == (0..<30).map { name($0, "txt") } && validation == (30..<40).map { name($0, "txt") })
    #expect(try names(folder.file("y/images/val")) == (30..<40).map { name($0, "jpg") })
    // A box of 4x4 about (8, 8) in 32x32.
    #expect(try text(folder.file("y/labels/train/\(name(0, "txt"))")) == "1 0.25 0.25 0.125 0.125\n")
    #expect(try text(folder.file("y/labels/val/\(name(31, "txt"))")) == "0 0.25 0.25 0.125 0.125\n")
    #expect(
      try text(folder.file("y/data.yaml"))
        == "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: \"pallet\"\n  1: \"person\"\n")
  }

  @Test func boxesEndAtThePictureAndNamesAreQuoted() throws {
    var configuration = RecordingConfiguration(directory: "d")
    configuration.describeModel = { _ in ["labels": "[\"a \\\"b\\\": c\",\"x\",\"\\\\\"]"] }
    let disk = ScriptedDisk()
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    var result = Scene.result(0, start: .now, jpeg: Scene.jpeg(0))
    result.findings.detections[0].stage = "detector"
    result.findings.detections[0].label = "x"
    result.findings.detections[0].classID = 1
    result.findings.detections[0].box = Box(x: -16, y: 24, width: 32, height: 100)
    var outside = result.findings.detections[0]
    outside.box = Box(x: 100, y: 0, width: 10, height: 10)
    result.findings.detections.append(outside)
    recorder.receive(result)
    recorder.close()
    let reader = try MCAPReader(MemoryBytes(try #require(disk.contents(disk.names[0])), name: "r.mcap"))
    let folder = try TemporaryFolder()
    _ = try RecordingExport(reader).write(.yolo, to: folder.file("y"))
    // 64x48: from 0 to 16, from 24 to 48.
    #expect(try text(folder.file("y/labels/train/\(name(0, "txt"))")) == "1 0.125 0.75 0.25 0.5\n")
    #expect(try text(folder.file("y/data.yaml")).hasSuffix("  0: \"a \\\"b\\\": c\"\n  1: \"x\"\n  2: \"\\\\\"\n"))
  }

  // MARK: Several recordings

  @Test func severalRecordingsAreOneDataSetWithOneList() throws {
    let folder = try TemporaryFolder()
    let exports = [
      RecordingExport(try recording(["truck", "bus"], frames: 10)),
      RecordingExport(try recording(["person", "bus"], frames: 10)),
    ]
    let report = try RecordingExport.write(exports, .coco, to: folder.file("c"))
    #expect(report.frames == 20)
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("c/annotations.json")))
    let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let categories = try #require(document["categories"] as? [[String: Any]])
    #expect(categories.compactMap { $0["name"] as? String } == ["bus", "person", "truck"])
    let annotations = try #require(document["annotations"] as? [[String: Any]])
    #expect(annotations.map { $0["category_id"] as? Int } == (0..<20).map { $0 % 2 == 1 ? 0 : $0 < 10 ? 2 : 1 })
    #expect(annotations.map { $0["image_id"] as? Int } == (1...20).map { $0 })
    #expect(try names(folder.file("c/images")).count == 20)
    _ = try RecordingExport.write(exports, .yolo, to: folder.file("y"))
    // The end of each recording is for validation.
    #expect(
      try names(folder.file("y/images/val"))
        == [1, 2].flatMap { part in
          (8..<10).map { "recording_\(part)_" + name($0, "jpg") }
        })
    for format in [RecordingExport.Format.csv, .jsonl, .frames, .video] {
      #expect(throws: RecordingError.self) { try RecordingExport.write(exports, format, to: folder.file("x")) }
    }
  }

  // MARK: Video

  private static let hasFFmpeg = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// Frames of a video, as packed RGB.
  private func frames(of path: String, side: Int) throws -> [[UInt8]] {
    let process = Process()
    let output = Foundation.Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    process.standardOutput = output
    try process.run()
    let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    let size = side * side * 3
    return stride(from: 0, to: bytes.count - size + 1, by: size).map { Array(bytes[$0..<$0 + size]) }
  }

  @Test(.enabled(if: DataSetExportTests.hasFFmpeg, "ffmpeg is not installed"))
  func boxesAreDrawnIntoVideosWhenAsked() throws {
    let folder = try TemporaryFolder()
    let bag = try Bag()
    for number in 0..<8 {
      let time = Self.start + UInt64(number) * 100_000_000
      try bag.picture("/cam", level: 60, stamp: time, at: time, size: (128, 128))
      let found = Detection2DArray(
        header: ROSHeader(stamp: time, frameID: "cam"),
        detections: number < 4
          ? [.init(results: [.init(classID: "bus", score: 0.9)], centerX: 64, centerY: 80, width: 60, height: 40)] : [])
      try bag.add("/found", found, type: Detection2DArray.typeName, at: time)
    }
    let reader = try bag.reader()
    for (name, isAnnotated) in [("plain.mp4", false), ("drawn.mp4", true)] {
      let report = try RecordingExport(reader, options: options { $0.isAnnotated = isAnnotated })
        .write(.video, to: folder.file(name))
      #expect(report.frames == 8)
      let frames = try frames(of: folder.file(name), side: 128)
      #expect(frames.count == 8)
      for (number, frame) in frames.enumerated() {
        // Grey all over, or with the colour of a box somewhere.
        let isDrawn = stride(from: 0, to: frame.count, by: 3).contains {
          abs(Int(frame[$0]) - Int(frame[$0 + 2])) > 40 || frame[$0] > 150
        }
        #expect(isDrawn == (isAnnotated && number < 4), "\(name) \(number)")
      }
    }
    let options = options {
      $0.selection.from = .seconds(0.2)
      $0.selection.to = .seconds(0.6)
    }
    #expect(try RecordingExport(reader, options: options).write(.video, to: folder.file("short.mp4")).frames == 5)
    #expect(try frames(of: folder.file("short.mp4"), side: 128).count == 5)
  }
}

import Foundation
import Glibc
import TestSupport
import Testing
import Vision

/// The commands about recordings, from the outside: how they end, what they leave, what goes in comes out.
@Suite struct RecordingCommandTests {
  private struct Info: Decodable {
    struct Topic: Decodable {
      var topic: String
      var messages: Int
    }
    var finished: Bool
    var compression: [String]
    var seconds: Double
    var topics: [Topic]
    var metadata: [String: [String: String]]
    var problems: [String]

    func count(_ topic: String) -> Int { topics.first { $0.topic == topic }?.messages ?? 0 }
  }

  private func info(_ path: String) throws -> Info {
    let outcome = try Program.run(["info", path, "--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder().decode(Info.self, from: Data(outcome.output.utf8))
  }

  private func recordings(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains(".mcap") }.sorted()
      .map { folder + "/" + $0 }
  }

  private func size(of file: String) -> Int {
    ((try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int) ?? 0
  }

  /// A recording of the demo scene of so many frames.
  private func record(_ frames: Int, in scratch: TemporaryFolder, _ more: [String] = []) throws -> String {
    let folder = scratch.file("rec-\(frames)")
    let outcome = try Program.run(
      ["record", "--source", "demo:seed=7", "--record", folder, "--frames", String(frames)] + more)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let files = try recordings(folder)
    #expect(outcome.output.contains("recorded \(frames) frames to \(files.joined(separator: ", "))"))
    return try #require(files.first)
  }

  /// A photo's colours have half its resolution; they are brought to its size in the same way when the recording is replayed.
  @Test func aReplayedPhotoGivesThePhotosNumbers() throws {
    let scratch = try TemporaryFolder()
    var random = SeededGenerator(5)
    var canvas = Canvas(width: 97, height: 61)
    for y in 0..<61 {
      for x in 0..<97 {
        let levels = (0..<3).map { _ in UInt8.random(in: 0...255, using: &random) }
        canvas.fill(x: x, y: y, width: 1, height: 1, .init(levels[0], levels[1], levels[2]))
      }
    }
    let photo = scratch.file("noise.jpg")
    try ImageFile.save(#require(canvas.image), to: photo)
    let model = ["--model", "ocellus-classifier"]
    let made = try Program.run(
      ["record", "--source", photo, "--frames", "1", "--record", scratch.file("rec"), "--compression", "none"] + model)
    #expect(made.status == 0, "\(made.errors)")
    let file = try #require(try recordings(scratch.file("rec")).first)
    func classes(_ arguments: [String]) throws -> [String] {
      let outcome = try Program.run(arguments + model)
      let text = try #require(outcome.output.split(separator: "\n").first, "\(outcome.errors)")
      let line = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      return try #require(line["classes"] as? [[String: Any]]).map { "\($0["label"] ?? "") \($0["confidence"] ?? "")" }
    }
    let photos = try classes(["detect", photo, "--json"])
    let replayed = try classes(["replay", "--headless", "--json", file])
    #expect(!photos.isEmpty && photos == replayed)
  }

  @Test func whatWasRecordedIsDescribed() throws {
    let scratch = try TemporaryFolder()
    let info = try info(try record(20, in: scratch, ["--compression", "zstd", "--confidence", "0.3"]))
    #expect(info.finished && info.problems.isEmpty && info.compression == ["zstd"])
    #expect(info.count("/ocellus/results") == 20 && info.count("/camera/image_raw/compressed") == 20)
    let session = try #require(info.metadata["ocellus.session"])
    #expect(session["confidence"] == "0.3" && session["source"] == "demo:seed=7")
    #expect(session["host"]?.isEmpty == false && session["program"]?.hasPrefix("ocellus ") == true)
    for stage in ["detector", "classifier", "sequence"] { #expect(session[stage + ".sha256"]?.count == 64, "\(stage)") }
    let models = try #require(info.metadata["ocellus.models"])
    #expect(models["detector.sha256"] == session["detector.sha256"] && models["classifier.sha256"]?.count == 64)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalCompletesTheFile(_ signal: Int32) throws {
    let scratch = try TemporaryFolder()
    // Whoever runs the tests may have SIGHUP ignored, which is passed on, and respected.
    let before = Glibc.signal(SIGHUP, SIG_DFL)
    let process = try Program.start(
      ["record", "--source", "demo", "--record", scratch.file("r"), "--json"], into: scratch)
    _ = Glibc.signal(SIGHUP, before)
    eventually(every: 20) { frameLines((try? String(contentsOfFile: scratch.file("out"), encoding: .utf8)) ?? "") >= 5 }
    kill(process.processIdentifier, signal)
    let outcome = try Program.end(process, scratch)
    // On a machine that is far too busy pictures are dropped, which it says.
    let file = try #require(try recordings(scratch.file("r")).first)
    let lines = outcome.errors.split(separator: "\n")
    // Where it records, and in the end that it has; standard output is for frames alone.
    #expect(outcome.status == 0 && lines.first == "recording to \(file)", "\(outcome.errors)")
    #expect(
      lines.last?.hasPrefix("recorded \(frameLines(outcome.output)) frames to \(file)") == true, "\(outcome.errors)")
    let isClean = lines.dropFirst().dropLast().allSatisfy { $0.hasPrefix("ocellus: recorded ") }
    #expect(isClean, "\(outcome.errors)")
    let info = try info(file)
    #expect(info.finished && info.count("/ocellus/results") == frameLines(outcome.output))
  }

  /// How many of the lines are frames.
  private func frameLines(_ output: String) -> Int {
    output.split(separator: "\n").count { $0.contains("\"detections\":") }
  }

  @Test func aPlaceThatCannotBeWrittenIsSaidInALine() throws {
    for folder in ["/proc/recordings", "/dev/null/recordings"] {
      let outcome = try Program.run(["record", "--source", "demo", "--record", folder])
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.errors.contains(folder), "\(outcome.errors)")
    }
  }

  @Test func aFolderThatIsDeletedEndsTheRecording() throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("r")
    let process = try Program.start(["record", "--source", "demo", "--record", folder], into: scratch)
    // Deleted in the middle of the recording: more than its first records are in the file.
    #expect(eventually(every: 20) { (try? recordings(folder))?.contains { size(of: $0) > 10_000 } == true })
    try FileManager.default.removeItem(atPath: folder)
    let outcome = try Program.end(process, scratch)
    #expect(outcome.status == 1 && outcome.errors.contains("vanished"), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count { !$0.hasPrefix("recording to ") } == 1)
  }

  @Test func theConfigurationIsUsedAndFlagsGoBeforeIt() throws {
    let scratch = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: scratch.file("ocellus"), withIntermediateDirectories: true)
    _ = try scratch.write(
      "ocellus/config.toml",
      """
      [recording]
      folder = "\(scratch.file("configured"))"
      compression = "none"
      split = "1s"
      quality = 300
      """)
    let environment = ["XDG_CONFIG_HOME": scratch.path]
    let arguments = ["record", "--source", "demo", "--duration", "2.5s"]
    let outcome = try Program.run(arguments, environment: environment)
    #expect(outcome.status == 0 && outcome.errors.contains("recording.quality"), "\(outcome.errors)")
    let files = try recordings(scratch.file("configured"))
    #expect(files.count >= 2)
    #expect(try info(try #require(files.first)).compression == ["none"])
    _ = try Program.run(
      arguments + ["--record", scratch.file("flag"), "--compression", "lz4", "--split", "none"],
      environment: environment)
    let flagged = try recordings(scratch.file("flag"))
    #expect(flagged.count == 1)
    #expect(try info(try #require(flagged.first)).compression == ["lz4"])
    for wrong in [
      ["--quality", "0"], ["--split", "x"], ["--on", "person:7"], ["--floor", "-1"], ["--duration", "soon"],
    ] {
      #expect(try Program.run(["record"] + wrong).status == 64, "\(wrong)")
    }
  }

  /// Two recordings of one folder begin in the same second, and each is whole.
  @Test func recordersOfOneFolderDoNotDisturbEachOther() throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("r")
    let runs = try (0..<3).map { number in
      let own = try TemporaryFolder()
      let arguments = [
        "record", "--source", "demo:seed=\(number)", "--pace", "fast", "--frames", "15", "--record", folder,
      ]
      return (try Program.start(arguments, into: own), own)
    }
    for (process, own) in runs { #expect(try Program.end(process, own).status == 0) }
    let files = try recordings(folder)
    #expect(files.count == 3)
    for file in files { #expect(try info(file).count("/ocellus/results") == 15) }
  }

  /// Files of the size that was asked for, whatever the ring keeps; the list names those that are there.
  @Test(arguments: [nil, "3MB"]) func partsAreAsLongAsAsked(_ cap: String?) throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("r")
    let outcome = try Program.run(
      ["record", "--source", "demo:seed=7", "--pace", "fast", "--frames", "240", "--record", folder, "--split", "1MB"]
        + (cap.map { ["--cap", $0] } ?? []))
    #expect(outcome.status == 0, "\(outcome.errors)")
    let files = try recordings(folder)
    let sizes = files.map { size(of: $0) }
    #expect(sizes.count >= 3 && sizes.dropLast().allSatisfy { (900_000...1_120_000).contains($0) }, "\(sizes)")
    let named = try #require(outcome.output.firstMatch(of: /recorded 240 frames to ([^;\n]*)/)).output.1
    #expect(named.split(separator: ", ").map(String.init) == files)
    if cap != nil {
      #expect(sizes.reduce(0, +) <= 3_000_000, "\(sizes)")
      #expect(outcome.output.contains(" earlier files were removed by --cap"))
    }
  }

  @Test func aTriggerThatCanNeverComeIsRefused() throws {
    let scratch = try TemporaryFolder()
    let arguments = [
      "record", "--source", "demo:seed=7", "--pace", "fast", "--frames", "5", "--record", scratch.file("r"),
    ]
    let misspelt = try Program.run(arguments + ["--on", "perso:0.5"])
    #expect(misspelt.status == 1 && misspelt.output.isEmpty)
    #expect(misspelt.errors.contains("'perso' is not a label of ocellus-detector (did you mean 'person'?)"))
    #expect(misspelt.errors.split(separator: "\n").count == 1)
    let strange = try Program.run(arguments + ["--on", "zeppelin"])
    #expect(strange.status == 1 && strange.errors.contains("'ocellus models show ocellus-detector' lists the labels"))
    #expect(!FileManager.default.fileExists(atPath: scratch.file("r")))
  }

  @Test func aRecordingOfNothingSaysSo() throws {
    let scratch = try TemporaryFolder()
    let arguments = [
      "record", "--source", "demo:seed=7", "--pace", "fast", "--frames", "5", "--record", scratch.file("r"),
    ]
    let none = try Program.run(arguments + ["--on", "person:1"])
    #expect(none.status == 0 && none.output.contains("nothing was recorded: no person of 1.0 or more was seen"))
    #expect(none.errors == "recording in \(scratch.file("r")) starts at the next person of 1.0 or more\n")
    let low = try Program.run(arguments + ["--on", "*:0.2", "--confidence", "0.4"])
    #expect(low.errors.contains("none between 0.2 and 0.4 starts a recording"), "\(low.errors)")
  }

  @Test func aRecordingShowsHowItStands() throws {
    let scratch = try TemporaryFolder()
    let run = try TerminalRun(["record", "--source", "demo:seed=7", "--record", scratch.file("r"), "--duration", "4s"])
    #expect(run.wait { $0.shows("recording to ") }, "\(run.screen.text)")
    #expect(run.wait { $0.shows(" frames  ") && $0.shows(" MB") }, "\(run.screen.text)")
    #expect(run.wait { $0.status != nil } && run.exitCode == 0)
    #expect(run.shows("recorded ") && !run.shows(" frames  "), "\(run.screen.text)")
  }

  /// Other programs keep whole documents in their metadata.
  @Test func longMetadataIsShortenedInTheTable() throws {
    let scratch = try TemporaryFolder()
    let file = try record(5, in: scratch, ["--model", "ocellus-detector"])
    let table = try Program.run(["info", file]).output
    #expect(table.split(separator: "\n").allSatisfy { $0.count < 260 }, "\(table)")
    #expect(try info(file).metadata["ocellus.models"]?["detector.labels"]?.contains("\"person\"") == true)
  }

  private struct COCO: Decodable {
    struct Picture: Decodable {
      var id: Int
      var file_name: String
    }
    struct Annotation: Decodable {
      var image_id: Int
      var bbox: [Double]
      var score: Double
    }
    var images: [Picture]
    var annotations: [Annotation]
  }

  private struct Line: Decodable {
    struct Object: Decodable {
      var box: [Double]
      var confidence: Double
    }
    var image: String
    var detections: [Object]
  }

  /// A recording of pictures that came as JPEG, exported, and every exported picture looked at again.
  @Test func cocoAndBackThroughDetectGivesTheSameBoxes() throws {
    let scratch = try TemporaryFolder()
    let first = try record(24, in: scratch)
    #expect(try Program.run(["export", first, "--to", "frames", "--output", scratch.file("photos")]).status == 0)
    // JPEG photos are recorded byte for byte, as a camera's are.
    let again = try Program.run(
      [
        "run", "--headless", "--source", scratch.file("photos"), "--fps", "60", "--model", "ocellus-detector",
        "--classifier", "none", "--record", scratch.file("again"),
      ])
    #expect(again.status == 0, "\(again.errors)")
    let second = try #require(try recordings(scratch.file("again")).first)
    let folder = scratch.file("coco")
    #expect(try Program.run(["export", second, "--to", "coco", "--output", folder]).status == 0)
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/annotations.json"))
    let coco = try JSONDecoder().decode(COCO.self, from: data)
    #expect(coco.images.count == 24 && coco.annotations.count > 24)
    let detected = try Program.run(
      ["detect", "--json", "--model", "ocellus-detector", "--classifier", "none", "--confidence", "0.4"]
        + coco.images.map { folder + "/" + $0.file_name })
    #expect(detected.status == 0, "\(detected.errors)")
    let lines = try detected.output.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    #expect(lines.count == coco.images.count)
    for (line, picture) in zip(lines, coco.images) {
      let wanted = coco.annotations.filter { $0.image_id == picture.id }.sorted { $0.bbox[0] < $1.bbox[0] }
      let found = line.detections.sorted { $0.box[0] < $1.box[0] }
      #expect(found.map(\.box) == wanted.map(\.bbox), "\(picture.file_name)")
      // A session's tracker smooths confidences from frame to frame; the first frame has nothing before it.
      if picture.id == 1 { #expect(found.map(\.confidence) == wanted.map(\.score)) }
    }
  }

  @Test func nothingIsOverwrittenAndNothingHalfIsLeft() throws {
    let scratch = try TemporaryFolder()
    let file = try record(10, in: scratch)
    for format in ["coco", "csv", "jsonl", "frames", "video"] {
      let output = try scratch.write("taken-\(format).mp4", "mine")
      let refused = try Program.run(["export", file, "--to", format, "--output", output])
      #expect(refused.status == 1 && refused.errors.contains("exists already"), "\(format): \(refused.errors)")
      #expect(try String(contentsOfFile: output, encoding: .utf8) == "mine")
      let unwritable = try Program.run(["export", file, "--to", format, "--output", "/proc/out.mp4"])
      #expect(unwritable.status == 1 && unwritable.errors.split(separator: "\n").count == 1, "\(unwritable.errors)")
    }
    let refused = try Program.run(["recover", file, try scratch.write("taken.mcap", "mine")])
    #expect(refused.status == 1 && refused.errors.contains("exists"), "\(refused.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.contains(".part") }
    #expect(left.isEmpty)
  }

  private static let foreign = getenv("OCELLUS_FOREIGN_RECORDINGS").map { String(cString: $0) }

  @Test(.enabled(if: RecordingCommandTests.foreign != nil, "only with OCELLUS_FOREIGN_RECORDINGS"))
  func theBagsOfARobotAreDetectedOn() throws {
    let folder = try #require(Self.foreign)
    let bags = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("robot_") }
    for bag in bags where bag.hasSuffix(".mcap") {
      let outcome = try Program.run([
        "replay", folder + "/" + bag, "--headless", "--json", "--speed", "0", "--model", "ocellus-detector",
      ])
      #expect(outcome.status == 0 && frameLines(outcome.output) == 10, "\(bag): \(outcome.errors)")
    }
  }

  @Test func twoDetectorsAreCounted() throws {
    let scratch = try TemporaryFolder()
    let file = try record(20, in: scratch)
    let recorded = try Program.run(
      ["replay", file, "--headless", "--speed", "0", "--compare", "ocellus-detector"])
    #expect(recorded.status == 0 && recorded.output.contains("on 20 frames"), "\(recorded.output)")
    let itself = try Program.run(
      [
        "replay", file, "--headless", "--speed", "0", "--model", "recorded", "--compare", "recorded",
        "--confidence", "0.5",
      ])
    #expect(itself.output.contains("on 20 frames, 0 differ"), "\(itself.output)\(itself.errors)")
  }

  @Test func aReplayFollowsItsKeys() throws {
    let scratch = try TemporaryFolder()
    let file = try record(90, in: scratch)
    let run = try TerminalRun(["replay", file, "--loop", "--compare", "ocellus-detector"], columns: 160, rows: 44)
    #expect(run.wait { $0.shows("playing 1x") && $0.shows("recorded") && $0.shows("B ocellus-detector") })
    #expect(run.wait { $0.shows("frames 0,") || $0.shows("only A") }, "\(run.screen.text)")
    run.send(">")
    #expect(run.wait { $0.shows("playing 2x") })
    run.send("<<")
    #expect(run.wait { $0.shows("playing 0.50x") })
    run.send(" ")
    #expect(run.wait { $0.shows("stopped") })
    run.send("[,.")
    #expect(run.wait { $0.shows("0:00.0") && $0.shows("stopped") })
    run.send(" ")
    #expect(run.wait { $0.shows("playing") })
    run.send("q")
    #expect(run.wait { $0.status != nil } && run.exitCode == 0)
    run.expectRestored("replay")
  }

  @Test func longWorkShowsHowFarItIs() throws {
    let scratch = try TemporaryFolder()
    let file = try record(150, in: scratch)
    let run = try TerminalRun(["export", file, "--to", "frames", "--output", scratch.file("frames")])
    #expect(run.wait { $0.shows("exporting") || $0.status != nil } && run.wait { $0.status != nil })
    #expect(run.exitCode == 0 && run.shows("150 frames"))
  }
}

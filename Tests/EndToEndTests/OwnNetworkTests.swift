import Foundation
import Glibc
import TestSupport
import Testing
import Vision

/// Which network looks at a source where the user names none: never the demo's on anything but the demo.
@Suite struct OwnNetworkTests {
  private static let advice = "no network for this source: ocellus models pull yolox-nano, or --model best.onnx"

  /// A machine of its own: a photo, folders for models and state.
  private struct Place {
    let scratch: TemporaryFolder
    let photo: String
    let photos: String
    var environment: [String: String] {
      [
        "XDG_DATA_HOME": scratch.file("data"), "XDG_STATE_HOME": scratch.file("state"),
        "XDG_CONFIG_HOME": scratch.file("config"),
      ]
    }

    init() throws {
      scratch = try TemporaryFolder()
      photos = scratch.file("photos")
      for folder in [photos, scratch.file("data/ocellus/models"), scratch.file("config/ocellus")] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      }
      photo = photos + "/cat.png"
      try ImageFile.save(greyPicture(160, 120), to: photo)
      try ImageFile.save(greyPicture(80, 60, shade: 200), to: photos + "/zebra.png")
    }

    /// Installs one of the demo's networks as one of the user's own. `age` in seconds.
    func install(_ name: String, as shipped: String = "detector", age: Int = 0) throws {
      let path = scratch.file("data/ocellus/models/\(name).onnx")
      try FileManager.default.copyItem(atPath: Program.root + "/models/ocellus-\(shipped).onnx", toPath: path)
      if shipped == "detector" {
        let manifest = "task = \"detection\"\ndecoder = \"yolov8\"\n"
        try manifest.write(
          toFile: scratch.file("data/ocellus/models/\(name).toml"), atomically: true, encoding: .utf8)
      }
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -Double(age))], ofItemAtPath: path)
    }

    func configure(_ text: String) throws {
      try text.write(toFile: scratch.file("config/ocellus/config.toml"), atomically: true, encoding: .utf8)
    }

    func run(_ arguments: [String]) throws -> Program.Outcome {
      try Program.run(arguments, environment: environment)
    }

    /// The model that serves in a run over a source, by its JSON lines.
    func model(_ arguments: [String]) throws -> String? {
      let outcome = try run(["run", "--headless", "--json", "--frames", "1"] + arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let line = try #require(outcome.output.split(separator: "\n").first)
      return (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["model"] as? String
    }
  }

  @Test func withoutOneThePictureIsShownAndALineSaysHowToGetOne() throws {
    let place = try Place()
    let outcome = try place.run(["run", "--headless", "--json", "--pace", "fast", "--source", place.photos])
    #expect(outcome.status == 0)
    // Once; grey pictures are complained about as well.
    #expect(outcome.errors.split(separator: "\n").count { $0 == "ocellus: \(Self.advice)" } == 1, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
    }
    #expect(lines.map { $0["file"] as? String } == ["cat.png", "zebra.png"])
    #expect(lines.allSatisfy { $0["model"] as? String == "" && ($0["detections"] as? [Any])?.isEmpty == true })
    let photo = try place.run(["detect", place.photo])
    #expect(photo.status == 1 && photo.output.isEmpty && photo.errors == "Error: \(Self.advice)\n", "\(photo.errors)")
    let recorded = try place.run([
      "record", "--source", place.photos, "--pace", "fast", "--record", place.scratch.file("r"),
    ])
    #expect(recorded.status == 0 && recorded.errors.contains(Self.advice))
  }

  @Test func theDemoKeepsItsOwn() throws {
    let place = try Place()
    #expect(try place.model(["--source", "demo:seed=3"]) == "ocellus-detector")
    #expect(try place.model(["--source", "demo:fault=freeze@5"]) == "ocellus-detector")
    try place.install("mine")
    #expect(try place.model(["--source", "demo"]) == "ocellus-detector")
    // By name it works everywhere.
    #expect(try place.model(["--source", place.photo, "--model", "ocellus-detector"]) == "ocellus-detector")
    #expect(try place.run(["detect", place.photo, "--model", "ocellus-detector"]).status == 0)
  }

  @Test func theNewestThatFindsObjectsIsTheUsualOne() throws {
    let place = try Place()
    try place.install("kinds", as: "classifier")
    #expect(try place.model(["--source", place.photo]) == "kinds", "the only one")
    try place.install("older", age: 5000)
    #expect(try place.model(["--source", place.photo]) == "older", "one that finds objects comes first")
    try place.install("newer", age: 60)
    #expect(try place.model(["--source", place.photo]) == "newer")
    try "broken".write(
      toFile: place.scratch.file("data/ocellus/models/broken.onnx"), atomically: true, encoding: .utf8)
    #expect(try place.model(["--source", place.photo]) == "newer", "one that cannot be read is left out")
    let seen = try place.run(["detect", place.photo, "--json"])
    #expect(seen.status == 0 && seen.output.contains("\"model\":\"newer\""))
  }

  @Test func theConfigurationNamesTheUsualOne() throws {
    let place = try Place()
    try place.install("older", age: 5000)
    try place.install("newer")
    try place.configure("[models]\ndefault = \"older\"\n")
    #expect(try place.model(["--source", place.photo]) == "older")
    #expect(try place.model(["--source", place.photo, "--model", "newer"]) == "newer")
    try place.configure("\n[models]\ndefault = 7\n")
    let odd = try place.run(["detect", place.photo])
    #expect(odd.status == 0 && odd.errors.contains("config.toml:3: default in [models] takes a model's name"))
    try place.configure("[models]\ndefault = \"oldr\"\n")
    let unknown = try place.run(["detect", place.photo])
    #expect(unknown.status == 1 && unknown.errors.contains("did you mean 'older'?"), "\(unknown.errors)")
  }

  @Test func theDashboardSaysItInThePictureAndInTheHeader() throws {
    let place = try Place()
    let run = try TerminalRun(["--source", place.photo], environment: place.environment)
    #expect(run.wait { $0.shows("no network for this source") && $0.screen.line(0).contains("no network") })
    #expect(run.screen.line(0).contains("cat.png 160x120"), "\(run.screen.line(0))")
    // The demo's networks are no choice here.
    run.send("m")
    #expect(run.wait { $0.shows("no other detector: run") })
    #expect(!run.screen.text.contains("ocellus-detector"))
    run.send("q")
    #expect(run.wait { $0.status == 0 })
  }

  @Test func whatWasUsedLastOnASourceIsUsedAgain() throws {
    let place = try Place()
    try place.install("older", age: 5000)
    try place.install("newer")
    let other = place.photos + "/zebra.png"
    let run = try TerminalRun(
      ["--source", place.photo, "--model", "older"], columns: 180, rows: 60, environment: place.environment)
    // One that is still loading was not used.
    #expect(run.wait { $0.screen.line(0).contains("older") && $0.shows("older ready in") }, "\(run.screen.text)")
    run.send("q")
    #expect(run.wait { $0.status == 0 })
    #expect(try place.model(["--source", place.photo]) == "older")
    #expect(try place.model(["--source", other]) == "newer", "another source")
    try FileManager.default.removeItem(atPath: place.scratch.file("data/ocellus/models/older.onnx"))
    try FileManager.default.removeItem(atPath: place.scratch.file("data/ocellus/models/older.toml"))
    #expect(try place.model(["--source", place.photo]) == "newer", "it is gone")
  }

  @Test func aStillCostsNextToNothing() throws {
    let place = try Place()
    let run = try TerminalRun(
      ["--source", place.photo, "--model", "ocellus-detector"], environment: place.environment)
    #expect(run.wait { $0.screen.line(0).contains("cat.png") && $0.screen.line(0).contains("ocellus-detector") })
    /// Seconds of the processor that the program has taken: fields 14 and 15 of proc(5)'s stat.
    func taken() throws -> Double {
      let text = try String(contentsOfFile: "/proc/\(run.pid)/stat", encoding: .utf8)
      let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ").dropFirst()
      return Double(fields.dropFirst(11).prefix(2).compactMap { Int($0) }.reduce(0, +))
        / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
    run.pass(2)
    let before = try taken()
    run.pass(3)
    // Looking at it 30 times a second takes more than half of a core; drawing the panes takes a few hundredths.
    #expect(try taken() - before < 0.45)
    run.send("q")
    #expect(run.wait { $0.status == 0 })
  }
}

extension TerminalRun {
  /// Reads what the program draws for some seconds.
  fileprivate func pass(_ seconds: Double) {
    let end = Date(timeIntervalSinceNow: seconds)
    while Date.now < end { pump(milliseconds: 50) }
  }
}

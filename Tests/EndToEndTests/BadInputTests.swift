import Foundation
import TestSupport
import Testing
import Vision

/// Whatever the world hands us: one clear line on standard error, exit status 1, nothing half-done.
@Suite struct BadInputTests {
  /// Asserts the shape of a failure and that its line says each of `words`.
  private func fails(_ arguments: [String], saying words: [String], in folder: String = Program.root) throws {
    let outcome = try Program.run(arguments, folder: folder)
    let command = arguments.joined(separator: " ")
    #expect(outcome.status == 1, "\(command): \(outcome.errors)")
    #expect(outcome.output.isEmpty, "\(command)")
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(command): \(outcome.errors)")
    for word in words { #expect(outcome.errors.contains(word), "\(command): \(outcome.errors)") }
  }

  @Test func missingSource() throws {
    try fails(["run", "--headless", "--source", "/nowhere/camera.jpg"], saying: ["/nowhere/camera.jpg"])
    try fails(["run", "--headless", "--source", "/dev/video99"], saying: ["/dev/video99"])
  }

  /// Names in other encodings than UTF-8 are said to be so, typed or found in a folder.
  @Test func namesThatAreNotUTF8() throws {
    let scratch = try TemporaryFolder()
    try ImageFile.save(greyPicture(64, 48), to: scratch.file("a.png"))
    let script =
      "cd \"$0\" && mkdir d && mv a.png \"$(printf 'd/b\\374.png')\" && exec \"$@\" \"$(printf 'd/b\\374.png')\""
    let typed = try shell(script, scratch, ["detect"])
    #expect(typed.status == 1 && typed.errors.contains("rename it"), "\(typed.errors)")
    try fails(["run", "--headless", "--source", scratch.file("d")], saying: ["rename it"])
  }

  /// A limit of the size of files ends the recording with a line, not the program by a signal (SIGXFSZ).
  @Test func aLimitOfTheSizeOfFiles() throws {
    let scratch = try TemporaryFolder()
    let outcome = try shell(
      "cd \"$0\" && ulimit -f 64 && exec \"$@\"", scratch,
      ["record", "--source", "demo", "--frames", "60", "--record", "rec", "--compression", "none"])
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.errors.contains("File too large"), "\(outcome.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.file("rec"))
    let info = try Program.run(["info", scratch.file("rec/" + (names.first ?? ""))])
    #expect(names.count == 1 && info.output.contains("/camera/image_raw/compressed"), "\(names) \(info.errors)")
  }

  /// Runs a script whose `$0` is the folder and whose arguments are the program and its own.
  private func shell(_ script: String, _ scratch: TemporaryFolder, _ arguments: [String]) throws -> Program.Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script, scratch.path, Program.path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["XDG_CONFIG_HOME": scratch.path, "XDG_STATE_HOME": scratch.path]) { _, new in new }
    for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: scratch.file(name), contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: scratch.file("out"))
    process.standardError = FileHandle(forWritingAtPath: scratch.file("err"))
    try process.run()
    return try Program.end(process, scratch, of: arguments)
  }

  @Test func truncatedPhoto() throws {
    let scratch = try TemporaryFolder()
    let path = scratch.file("cut.jpg")
    try Data([0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46]).write(to: URL(fileURLWithPath: path))
    try fails(["detect", path], saying: ["cut.jpg"])
    try fails(["run", "--headless", "--frames", "1", "--source", path], saying: ["cut.jpg"])
  }

  @Test func textFileNamedOnnx() throws {
    let scratch = try TemporaryFolder()
    let path = try scratch.write("note.onnx", "this is not a network\n")
    try fails(["infer", path, "--output-dir", scratch.file("out")], saying: ["note.onnx"])
    try fails(["bench", path], saying: ["note.onnx"])
    try fails(["run", "--headless", "--source", "demo", "--model", path], saying: ["note.onnx"])
  }

  /// A file beside the network that cannot be used: the network runs without it, and one line says so.
  @Test func unusableFilesBesideANetworkAreSaid() throws {
    let scratch = try TemporaryFolder()
    let network = scratch.file("model.onnx")
    try FileManager.default.copyItem(atPath: Program.root + "/models/ocellus-classifier.onnx", toPath: network)
    try scratch.write("config.json", #"{"model_type": "vit"}"#)
    try scratch.write("preprocessor_config.json", #"{"size": 224, "image_mean": [0.5, }"#)
    let photo = scratch.file("grey.png")
    try ImageFile.save(greyPicture(64, 48), to: photo)
    let runs: [[String]] = [
      ["detect", photo, "--model", network], ["detect", photo, photo, "--json", "--model", network],
      ["run", "--headless", "--source", "demo:seed=7", "--frames", "2", "--json", "--model", network],
      ["detect", photo, "--model", "ocellus-detector", "--classifier", network],
    ]
    for arguments in runs {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 0 && !outcome.output.isEmpty, "\(arguments): \(outcome.errors)")
      let lines = outcome.errors.split(separator: "\n")
      #expect(lines.count == 1, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains("preprocessor_config.json is not used"), "\(arguments): \(outcome.errors)")
    }
  }

  @Test func manifestWithAWrongField() throws {
    let scratch = try TemporaryFolder()
    let path = try scratch.write(
      "mine.toml", "task = \"detection\"\nfile = \"mine.onnx\"\ntreshold = 0.5\n")
    try fails(["run", "--headless", "--source", "demo", "--model", path], saying: ["mine.toml", "treshold", "3"])
  }

  @Test func noTerminal() throws {
    try fails(["run", "--source", "demo"], saying: ["terminal", "--headless"])
  }

  @Test func wrongUsageIsStatus64() throws {
    for arguments in [
      ["run", "--frames"], ["run", "--size", "wide"], ["frobnicate", "--x"], ["infer"],
      ["infer", "x.onnx", "--input", "a=", "--output-dir", "o"], ["record", "--duration", "0s"],
      ["bench", "x.onnx", "--shape", "a=1x"], ["bench", "x.onnx", "--engine", "ocelus"],
      ["detect", "x.jpg", "--engine", ":cuda"],
    ] {
      #expect(try Program.run(arguments).status == 64, "\(arguments)")
    }
  }

  @Test func anUnknownEngineIsNamedWithItsNeighbour() throws {
    let outcome = try Program.run(["bench", "x.onnx", "--engine", "ocelus"])
    #expect(outcome.errors.contains("did you mean 'ocellus'?"))
  }

  @Test func enginesAreListed() throws {
    struct Row: Decodable {
      var name: String
      var version: String
      var runs_on: String
      var available: Bool
      var reason: String?
    }
    let outcome = try Program.run(["engines", "--json"])
    let rows = try JSONDecoder().decode([Row].self, from: Data(outcome.output.utf8))
    let first = try #require(rows.first)
    #expect(first.name == "ocellus" && first.available && first.reason == nil)
    #expect(first.runs_on.hasPrefix("CPU (") && !first.version.isEmpty)
    #expect(outcome.output.contains("\"reason\":null"))
    #expect(try Program.run(["engines"]).output.contains("available"))
  }

  @Test func helpHasExamples() throws {
    for command in [
      [], ["run"], ["detect"], ["infer"], ["bench"], ["models"], ["devices"], ["themes"], ["engines"], ["doctor"],
      ["record"], ["replay"], ["recover"], ["info"], ["export"],
    ] {
      let outcome = try Program.run(command + ["--help"])
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("EXAMPLES"), "\(command)")
    }
  }
}

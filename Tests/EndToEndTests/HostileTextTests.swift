import Foundation
import Ground
import Recording
import TestSupport
import Testing
import Vision

/// Names, labels and topics that hold what terminals and readers obey: no command passes it on.
@Suite struct HostileTextTests {
  /// A title sequence, CSI of 7 and 8 bits, a reversal of direction, an isolate, and separators of lines and paragraphs.
  private static let hostile =
    "a\u{1B}]0;x\u{7}\u{1B}[31m\u{9B}2J\u{202E}b\u{2066}c\u{200F}\u{61C}\u{85}\u{2028}\u{2029}\u{7F}z"

  /// What is forbidden, after the standard library's own knowledge of Unicode.
  private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: scalar != "\n" && scalar != "\t"
    case .lineSeparator, .paragraphSeparator: true
    default:
      scalar.value == 0x61C || (0x200E...0x200F).contains(scalar.value)
        || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }
  }

  private func expectPlain(_ text: String, _ whose: String) {
    let found = Set(text.unicodeScalars.filter(Self.isObeyed)).map { String($0.value, radix: 16) }.sorted()
    #expect(found == [], "\(whose): \(text.debugDescription.prefix(600))")
  }

  /// A folder with a hostile name that holds a photo, networks with hostile names and manifests, and a place for the log.
  private struct Place {
    var scratch: TemporaryFolder
    var folder: String
    var photo: String
    var detector: String
    var classifier: String
    var environment: [String: String]

    init() throws {
      scratch = try TemporaryFolder()
      folder = scratch.file(hostile)
      let models = scratch.file("data/ocellus/models")
      for path in [folder, models] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      }
      photo = folder + "/\(hostile).png"
      try ImageFile.save(greyPicture(160, 120), to: photo)
      let escaped = hostile.unicodeScalars.map { scalar in
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
      func network(_ name: String, _ count: Int, _ more: String) throws -> String {
        let path = models + "/\(hostile)-\(name).onnx"
        try FileManager.default.copyItem(atPath: Program.root + "/models/ocellus-\(name).onnx", toPath: path)
        let labels = (0..<count).map { "\"\(escaped)\($0)\"" }.joined(separator: ", ")
        try "license = \"\(escaped)\"\nlabels = [\(labels)]\n\(more)".write(
          toFile: models + "/\(hostile)-\(name).toml", atomically: true, encoding: .utf8)
        return path
      }
      detector = try network("detector", 8, "task = \"detection\"\ndecoder = \"yolov8\"\n")
      classifier = try network("classifier", 19, "task = \"classification\"\ndecoder = \"classifier\"\n")
      environment = [
        "XDG_DATA_HOME": scratch.file("data"), "XDG_STATE_HOME": scratch.file("state"),
        "XDG_CONFIG_HOME": scratch.file("config"),
      ]
    }
  }

  @discardableResult
  private func run(_ arguments: [String], _ place: Place, status: Set<Int32> = [0]) throws -> Program.Outcome {
    let outcome = try Program.run(arguments, environment: place.environment)
    let command = arguments.joined(separator: " ").plainLine
    #expect(status.contains(outcome.status), "\(command): \(outcome.errors.debugDescription)")
    expectPlain(outcome.output, "standard output of \(command)")
    expectPlain(outcome.errors, "standard error of \(command)")
    return outcome
  }

  @Test func modelsAndPhotos() throws {
    let place = try Place()
    #expect(try run(["models", "list"], place).output.contains("a"))
    try run(["models", "list", "--json"], place)
    for model in [place.detector, place.classifier] {
      try run(["models", "show", model], place)
      let shown = try run(["models", "show", model, "--json"], place)
      // Escaped, not lost.
      let record = try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
      #expect(record["license"] as? String == Self.hostile)
      // Labels have their control characters replaced where the manifest is read.
      #expect((record["labels"] as? [String])?.first?.hasSuffix("z0") == true)
      try run(["models", "check", model], place)
      try run(["bench", model, "--once", "--profile"], place)
      try run(["bench", model, "--once", "--json"], place)
    }
    try run(["detect", place.photo, "--model", place.classifier], place)
    let seen = try run(["detect", place.photo, "--model", place.classifier, "--json"], place)
    #expect(seen.output.contains("\\u202e"))
    let record = try #require(try JSONSerialization.jsonObject(with: Data(seen.output.utf8)) as? [String: Any])
    #expect(record["image"] as? String == place.photo)
    try run(["infer", place.detector, "--output-dir", place.folder + "/out"], place, status: [1])
    try run(["doctor"], place, status: [0, 1])
    try run(["doctor", "--json"], place, status: [0, 1])
  }

  @Test func sessionsAndRecordings() throws {
    let place = try Place()
    let folder = place.folder + "/rec"
    let session = ["--source", "demo:seed=7", "--model", place.detector, "--confidence", "0.05", "--frames", "5"]
    let ran = try run(["run", "--headless", "--json"] + session + ["--classifier", place.classifier], place)
    #expect(ran.output.contains("\\u202e"))
    try run(["record", "--record", folder] + session, place)
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
    let file = folder + "/" + name
    for more in [[], ["--json"]] { try run(["info", file] + more, place) }
    try run(["recover", file, place.folder + "/again.mcap"], place)
    try run(["replay", file, "--headless", "--json"], place)
    for format in ["csv", "jsonl"] {
      let out = place.folder + "/out." + format
      try run(["export", file, "--to", format, "--output", out], place)
      expectPlain(try String(contentsOfFile: out, encoding: .utf8), format)
    }
    try run(["export", file, "--to", "coco", "--output", place.folder + "/coco"], place)
    expectPlain(try String(contentsOfFile: place.folder + "/coco/annotations.json", encoding: .utf8), "coco")
    let log = place.scratch.file("state/ocellus/ocellus.log")
    if FileManager.default.fileExists(atPath: log) {
      expectPlain(try String(contentsOfFile: log, encoding: .utf8), "log")
    }
  }

  /// A file of another program whose every name is hostile.
  @Test func recordingsOfOthers() throws {
    let place = try Place()
    let file = place.folder + "/foreign.mcap"
    var options = MCAPWriter.Options()
    options.profile = Self.hostile
    options.library = Self.hostile
    let writer = try MCAPWriter(path: file, options: options)
    let schema = try writer.addSchema(name: "pkg/msg/\(Self.hostile)", encoding: Self.hostile, data: [])
    let channel = try writer.addChannel(
      topic: "/\(Self.hostile)", schema: schema, encoding: "cdr", metadata: [Self.hostile: Self.hostile])
    try writer.append(channel: channel, sequence: 0, logTime: 1, publishTime: 1) { $0.append([0, 1, 0, 0]) }
    try writer.add(MCAP.Metadata(name: Self.hostile, values: [Self.hostile: Self.hostile]))
    try writer.attach(name: Self.hostile, mediaType: Self.hostile, data: [1], logTime: 1, createTime: 1)
    try writer.finish()
    let shown = try run(["info", file, "--json"], place)
    let info = try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
    #expect(info["metadata"] as? [String: [String: String]] == [Self.hostile: [Self.hostile: Self.hostile]])
    try run(["info", file], place)
    try run(["recover", file, place.folder + "/again.mcap"], place, status: [0, 3])
    try run(["replay", file, "--headless"], place, status: [1])
    try run(["export", file, "--to", "jsonl", "--output", place.folder + "/x"], place, status: [1])
  }

  /// What errors quote: arguments, paths, keys and values of configurations.
  @Test func errors() throws {
    let place = try Place()
    let hostile = Self.hostile
    let pipeline = try place.scratch.write(
      "p.toml", "[[stage]]\nmodel = \"x\"\n\"\(hostile.replacing("\u{7F}", with: ""))\" = 1\n")
    for (arguments, status) in [
      ([hostile], 64), ([hostile, hostile], 64), (["--\(hostile)"], 64), (["run", "--size", hostile], 64),
      (["bench", "x.onnx", "--engine", hostile], 64), (["run", "--stage", hostile], 64),
      (["run", "--health", hostile], 64),
      (["run", "--control", hostile], 64), (["export", "x", "--to", hostile, "--output", "y"], 64),
      (["infer", "x.onnx", "--input", hostile, "--output-dir", "o"], 64), (["record", "--duration", hostile], 64),
      (["detect", hostile], 1), (["detect", hostile, hostile + "2", "--json"], 1),
      (["run", "--headless", "--source", hostile], 1),
      (["run", "--headless", "--source", "demo", "--model", hostile], 1),
      (["run", "--headless", "--source", "demo:\(hostile)=1"], 1), (["run", "--headless", "--pipeline", pipeline], 1),
      (["run", "--headless", "--pipeline", hostile], 1), (["models", "show", hostile], 1),
      (["models", "pull", hostile], 1),
      (["models", "check", hostile], 1), (["info", hostile], 1), (["replay", hostile], 1),
      (["recover", hostile, "x"], 1),
      (["export", hostile, "--to", "csv", "--output", "y"], 1), (["bench", hostile], 1),
      (["infer", hostile, "--output-dir", hostile], 1),
    ] as [([String], Int32)] {
      let outcome = try run(arguments, place, status: [status])
      #expect(!outcome.errors.isEmpty)
    }
  }
}

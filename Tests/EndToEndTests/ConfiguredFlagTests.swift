import Foundation
import TestSupport
import Testing

/// Flags from the configuration file and its profiles, as a user meets them.
struct ConfiguredFlagTests {
  private func run(_ arguments: [String], configuration: String) throws -> Program.Outcome {
    let scratch = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: scratch.file("ocellus"), withIntermediateDirectories: true)
    try configuration.write(toFile: scratch.file("ocellus/config.toml"), atomically: true, encoding: .utf8)
    return try Program.run(arguments, environment: ["XDG_CONFIG_HOME": scratch.path])
  }

  /// The fields of the first JSON line.
  private func line(_ outcome: Program.Outcome) throws -> [String: Any] {
    try #require(outcome.status == 0, "\(outcome.errors)")
    let first = try #require(outcome.output.split(separator: "\n").first)
    return try #require(try JSONSerialization.jsonObject(with: Data(first.utf8)) as? [String: Any])
  }

  private static let oneFrame = ["--headless", "--json", "--frames", "1"]

  private static let cameras = """
    [run]
    source = "demo:seed=7"
    confidence = "50%"
    [profile.front]
    source = "demo:seed=3"
    size = "320x240"
    model = ["ocellus-detector"]
    [record]
    compression = "none"
    """

  @Test(arguments: [
    (["run"], "demo:seed=7", 640), (["run", "@front"], "demo:seed=3", 320), (["@front"], "demo:seed=3", 320),
    (["run", "--profile", "front"], "demo:seed=3", 320), (["run", "--profile=front"], "demo:seed=3", 320),
    (["@front", "--source", "demo:seed=5"], "demo:seed=5", 320), (["@front", "--size=640x480"], "demo:seed=3", 640),
  ])
  func theLaterOneWins(arguments: [String], source: String, width: Int) throws {
    let fields = try line(run(arguments + Self.oneFrame, configuration: Self.cameras))
    #expect(fields["source"] as? String == source)
    #expect(fields["width"] as? Int == width)
  }

  /// The parser's words come with the line that is at fault, of the command's table or of the profile's.
  @Test(arguments: [
    ("[run]\nthreads = 2\nconfidence = \"x\"", ["run"], ":3"), ("[run]\n\nfps = -3\nthreads = 1", ["run"], ":3"),
    ("[run]\nsize = \"12\"", ["run"], ":2"),
    ("[run]\nfps = 5\n[profile.a]\nthreads = 1\npace = \"slow\"", ["@a"], ":5"),
    ("[recording]\nsplit = \"1GB\"\nquality = 400", ["run", "--source", "demo"], ":3"),
    ("[health]\n\n\ndark = \"a\"", ["run", "--source", "demo"], ":4"),
  ])
  func aWrongValueIsNamedWithItsLine(configuration: String, arguments: [String], line: String) throws {
    let outcome = try run(arguments + Self.oneFrame, configuration: configuration)
    #expect(outcome.errors.contains("config.toml\(line): "), "\(outcome.errors)")
  }

  @Test func valuesOfEveryKindAreFlags() throws {
    let fields = try line(
      run(
        ["run"] + Self.oneFrame,
        configuration: """
          [run]
          source = "demo"
          size = "320x240"
          fps = 15.5
          threads = 1
          exact = true
          loop = false
          health = ["dark=1", "blurred=off"]
          model = "ocellus-detector"
          classifier = "none"
          """))
    #expect(fields["width"] as? Int == 320)
    #expect(fields["classifier"] == nil || fields["classifier"] as? String == "")
  }

  @Test(arguments: [
    ("[run]\nsorce = \"demo\"\n", "config.toml:2: field 'run.sorce' is not a flag", "did you mean 'source'?"),
    ("[run]\nsource = [\"a\", \"b\"]\n", "takes one value, not a list", "config.toml:2"),
    ("[run]\nsource = 1979-05-27\n", "must be text or a number, not a date", "config.toml:2"),
    ("[run]\nsource = true\n", "must be text or a number, not true or false", "config.toml:2"),
    ("[run]\nloop = \"yes\"\n", "must be true or false, not a string", "config.toml:2"),
    ("[run]\nsize = \"big\"\n", "--size takes WxH in pixels", "--size=big"),
    ("[run]\npipeline = \"a\"\nchain = \"b\"\n", "exclude each other", "--chain=b"),
    ("run = 3\n", "field 'run' must be a table", "config.toml:1"),
  ])
  func aMistakeIsNamedWithItsPlace(text: String, complaint: String, place: String) throws {
    let outcome = try run(["run", "--headless", "--frames", "1"], configuration: text)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(complaint) && outcome.errors.contains(place), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(!outcome.errors.contains("USAGE"))
  }

  @Test(arguments: ["run", "record", "profile.front"], [true, false]) func theFolderOfRecordingsIsKept(
    table: String, isConfigured: Bool
  ) throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("day")
    let text = "[\(table)]\n" + (isConfigured ? "record = \"\(folder)\"\n" : "loop = false\n")
    let outcome = try run(
      ["record"] + (table == "profile.front" ? ["@front"] : []) + (isConfigured ? [] : ["--record=\(folder)"])
        + ["--source", "demo", "--frames", "2"], configuration: text)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
  }

  @Test(arguments: ["[run]\nsource = /dev/video2\n", "[profile.front]\nsource = \"demo\n", "[run]\nfps = 030\n"])
  func aFileWithFlagsThatCannotBeReadEndsTheProgram(text: String) throws {
    let outcome = try run(["run"] + Self.oneFrame, configuration: text)
    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome.errors)")
    #expect(outcome.errors.contains("config.toml:2"), "\(outcome.errors)")
    // Without flags the defaults hold, and the reason is said.
    let other = try run(["run", "--source", "demo"] + Self.oneFrame, configuration: "[dashboard\n")
    #expect(other.status == 0 && other.errors.contains("not valid TOML"))
  }

  @Test func anUnknownProfileNamesTheOthers() throws {
    let near = try run(["@frnt"], configuration: Self.cameras)
    #expect(near.status == 1 && near.errors.contains("no profile 'frnt'") && near.errors.contains("'front'"))
    let far = try run(["run", "--profile", "elevator", "--headless"], configuration: Self.cameras)
    #expect(far.status == 1 && far.errors.contains("profiles: front"))
    let none = try run(["@front"], configuration: "[dashboard]\n")
    #expect(none.status == 1 && none.errors.contains("[profile.front]"))
  }

  @Test func aMistakeOnTheCommandLineIsTheUsers() throws {
    let outcome = try run(["run", "--headless", "--frames", "none"], configuration: Self.cameras)
    #expect(outcome.status == 64 && !outcome.errors.contains("config.toml"))
  }

  @Test func flagsOfOtherCommandsStayTheirs() throws {
    let outcome = try run(["themes"], configuration: "[run]\nsorce = \"demo\"\n")
    #expect(outcome.status == 0)
    let help = try run(["run", "--help"], configuration: "[run]\nsorce = \"demo\"\n")
    #expect(help.status == 0 && help.output.contains("SOURCE:"))
    // [run] says nothing about photos, a profile does.
    let photo = try run(["detect", "nowhere.jpg"], configuration: "[run]\nconfidence = \"nonsense\"\n")
    #expect(photo.status == 1 && photo.errors.contains("nowhere.jpg"))
    let profiled = try run(
      ["detect", "@front", "nowhere.jpg"], configuration: "[profile.front]\nsource = \"demo\"\nconfidence = 0.3\n")
    #expect(profiled.status == 1 && profiled.errors.contains("nowhere.jpg"), "\(profiled.errors)")
  }

  @Test func aLineOfErrorHasAnEnd() throws {
    let name = String(repeating: "å", count: 60_000)
    let outcome = try Program.run(["run", "--headless", "--source", "demo", "--classes", name, "--frames", "1"])
    #expect(outcome.status == 1)
    let lines = outcome.errors.split(separator: "\n")
    #expect(
      lines.allSatisfy { $0.count < 2000 } && lines.contains { $0.contains(" … ") }, "\(outcome.errors.prefix(300))")
    // The cause stands in the first part, the end of the remedy in the last.
    #expect(outcome.errors.contains("has no class 'åå") && outcome.errors.hasSuffix(")\n"), "\(outcome.errors)")
  }

  @Test func aTableThatNothingReadsIsNamed() throws {
    let outcome = try run(
      ["run", "--source", "demo"] + Self.oneFrame, configuration: "[dashbord]\ntheme = \"nord\"\n[foo]\na = 1\n")
    #expect(outcome.status == 0)
    #expect(
      outcome.errors.contains("config.toml:1: 'dashbord' is not known") && outcome.errors.contains("'dashboard'?"))
    #expect(outcome.errors.contains("'foo' is not known"), "\(outcome.errors)")
  }

  @Test func thousandsOfMistakesAreAFewLines() throws {
    let keys = (0..<2000).map { "key\($0) = 1\n" }.joined()
    for table in ["recording", "health", "keys", "dashboard"] {
      let outcome = try run(["run", "--source", "demo"] + Self.oneFrame, configuration: "[\(table)]\n\(keys)")
      #expect(outcome.status == 0)
      #expect(outcome.errors.split(separator: "\n").count < 20, "\(table): \(outcome.errors.prefix(400))")
    }
    let tables = (0..<2000).map { "[table\($0)]\n" }.joined()
    let outcome = try run(["run", "--source", "demo"] + Self.oneFrame, configuration: tables)
    #expect(outcome.errors.split(separator: "\n").count < 20 && outcome.errors.contains("1992 more"))
  }

  @Test func theDefaultTextHasEveryFlagAndChangesNothing() throws {
    let printed = try Program.run(["--default-config"])
    for key in ["source", "size", "fps", "model", "confidence", "classes", "record", "threads", "pipeline"] {
      #expect(printed.output.contains("\n# \(key) = "), "\(key)")
    }
    let fields = try line(run(["run", "--source", "demo"] + Self.oneFrame, configuration: printed.output))
    #expect(fields["width"] as? Int == 640)
    // Every example in it is a value that its flag could have.
    let filled = printed.output.split(separator: "\n").map { $0.hasPrefix("# loop = ") ? "loop = true" : String($0) }
    #expect(
      try run(["run", "--source", "demo"] + Self.oneFrame, configuration: filled.joined(separator: "\n")).status == 0)
  }

  // MARK: Thresholds, classes, help

  @Test(arguments: ["40%", "0.4", ".4", "40.0%"]) func confidencesAreSharesOrPercentages(text: String) throws {
    _ = try line(Program.run(["run", "--source", "demo", "--confidence", text] + Self.oneFrame))
  }

  @Test(arguments: ["40", "-1", "101%", "nan", "0", "1e99%", "%", ""]) func otherConfidencesAreNot(text: String) throws
  {
    let outcome = try Program.run(["run", "--source", "demo", "--confidence=\(text)"] + Self.oneFrame)
    #expect(outcome.status == 64 && outcome.errors.contains("confidence"), "\(outcome.errors)")
  }

  @Test func classesLimitEveryDetector() throws {
    func labels(_ arguments: [String]) throws -> [String] {
      let outcome = try Program.run(
        ["run", "--source", "demo:seed=7", "--headless", "--json", "--frames", "40", "--pace", "fast"] + arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try outcome.output.split(separator: "\n").flatMap { line in
        let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return (fields?["detections"] as? [[String: Any]] ?? []).compactMap { $0["label"] as? String }
      }
    }
    let all = Set(try labels([]))
    try #require(all.contains("robot") && all.count > 1, "\(all)")
    #expect(Set(try labels(["--classes", "robot"])) == ["robot"])
    #expect(Set(try labels(["--classes", " robot , forklift"])).isSubset(of: ["robot", "forklift"]))
  }

  @Test func unknownClassesAreNamed() throws {
    let wrong = try Program.run(["run", "--source", "demo", "--classes", "perso"] + Self.oneFrame)
    #expect(wrong.status == 1 && wrong.errors.contains("no class 'perso'") && wrong.errors.contains("'person'?"))
    let partly = try Program.run(["run", "--source", "demo", "--classes", "perso,cone"] + Self.oneFrame)
    #expect(partly.status == 0 && partly.errors.contains("no class 'perso'"))
    #expect(try Program.run(["run", "--source", "demo", "--classes", " , "] + Self.oneFrame).status == 64)
  }

  @Test func helpIsGroupedAndItsValuesAreNamed() throws {
    for command in ["run", "record", "detect", "replay", "bench", "infer", "export"] {
      let help = try Program.run([command, "--help"], environment: ["COLUMNS": "100"]).output
      let small = help.matches(of: /--[a-z-]+ <([^>]*[a-z]{3}[^>]*)>/).map { String($0.1) }
      // Lower case stands for examples alone, such as 10s or FILE.toml.
      #expect(small.allSatisfy { $0.contains(where: \.isNumber) || $0.contains(".") }, "\(command): \(small)")
    }
    let help = try Program.run(["run", "--help"]).output
    for title in ["SOURCE:", "NETWORKS AND STAGES:", "THRESHOLDS:", "RECORDING:", "DASHBOARD:"] {
      #expect(help.contains("\n\(title)\n"), "\(title)")
    }
  }

  @Test func theManualHasEveryCommandAndFlag() throws {
    let page = try Program.run(["manual"]).output
    #expect(page.hasPrefix(".TH OCELLUS 1"))
    let plain = page.replacing("\\-", with: "-")
    for command in ["RUN", "DETECT", "REPLAY", "EXPORT", "DOCTOR"] { #expect(plain.contains(".SH \(command)\n")) }
    let help = try Program.run(["run", "--help"]).output
    for flag in help.matches(of: /\n  (--[a-z-]+)/).map({ String($0.1) }) where !["--version", "--help"].contains(flag)
    {
      #expect(plain.contains("\\fB\(flag)\\fR"), "\(flag)")
    }
    #expect(plain.contains("ocellus models pull"))
  }
}

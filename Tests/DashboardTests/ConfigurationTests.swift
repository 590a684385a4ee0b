import Dashboard
import Foundation
import Ground
import TestSupport
import Testing

@Suite struct ConfigurationTests {
  @Test func settingsSurviveTheRoundTripThroughTheFile() {
    var settings = DashboardSettings()
    settings.theme = "nord"
    settings.bandwidth = 50_000
    settings.style = .braille
    settings.mouse = false
    let before = "# mine\n[other]\nkey = 1 # keep\n\n[dashboard]\n# why\ntheme = \"old\"\n\n[last]\nx = 2\n"
    let text = ConfigurationFile.merged(before, settings)
    #expect(
      text.contains("# mine") && text.contains("key = 1 # keep") && text.contains("# why") && text.contains("x = 2"))
    let (read, problems) = ConfigurationFile.parse(text, place: "t")
    #expect(read == settings)
    #expect(problems.isEmpty)
    let (defaults, none) = ConfigurationFile.parse(ConfigurationFile.defaultText, place: "t")
    #expect(defaults == DashboardSettings())
    #expect(none.isEmpty)
  }

  @Test func wrongConfigurationsAreNamed() {
    for (text, word) in [
      ("[dashboard]\nstyle = 7", "style"), ("[dashboard]\ncolour = true", "colour"), ("[dashboard\n", "TOML"),
      ("dashboard = 3", "table"),
      ("[dashboard]\nrate = 100000000000000000000", "TOML"), ("[dashboard]\nbandwidth = \"-5K\"", "bandwidth"),
    ] {
      let (settings, problems) = ConfigurationFile.parse(text, place: "t")
      #expect(settings == DashboardSettings())
      #expect(problems.first?.line.contains(word) == true, "\(problems)")
    }
  }

  @Test func everySettingIsInTheDefaultTextWithItsMeaning() {
    let text = ConfigurationFile.defaultText
    for entry in SettingsTable.all {
      #expect(text.contains("# \(entry.comment)"))
      #expect(text.contains("\n\(entry.key) = "))
    }
  }

  /// A quote before a combining mark, a control character: neither may end the string early.
  @Test func namesWithOddCharactersAreWrittenAndReadBack() {
    var settings = DashboardSettings()
    settings.theme = "a\"\u{301}b\\c\u{7}\n\u{7F}"
    let again = ConfigurationFile.parse(ConfigurationFile.merged("", settings), place: "m")
    #expect(again.settings == settings && again.problems.isEmpty)
  }

  /// Editors and terminals show the file: what they obey stands escaped in it.
  @Test func charactersThatSteerAreEscaped() {
    let steering: [UInt32] =
      Array(0..<32) + Array(0x7F..<0xA0) + [0x61C, 0x200E, 0x200F, 0x2028, 0x2029] + Array(0x202A...0x202E)
      + Array(0x2066...0x2069)
    for value in steering {
      guard let scalar = Unicode.Scalar(value) else { continue }
      var settings = DashboardSettings()
      settings.theme = "a\(scalar)b\u{E9}"
      let text = ConfigurationFile.merged("", settings)
      if scalar != "\n" { #expect(!text.unicodeScalars.contains(scalar), "\(value)") }
      #expect(text.contains("b\u{E9}"))
      let again = ConfigurationFile.parse(text, place: "m")
      #expect(again.settings == settings && again.problems.isEmpty, "\(value)")
    }
  }

  @Test func mutatedFilesNeverTrap() {
    let seeds = [
      ConfigurationFile.defaultText,
      "[dashboard]\ntheme = \"n\\\"\u{301}o\\u0007rd\"\nrate = 15\nboxes = false\n[[x]]\ny = {a = [1, 2.5, \"\\u00e9\"]}\n",
    ]
    var generator = SystemRandomNumberGenerator()
    for round in 0..<4000 {
      var bytes = Array(seeds[round % 2].utf8)
      for _ in 0..<Int.random(in: 1...10, using: &generator) where bytes.count > 1 {
        let i = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[i] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: i)
        case 2: bytes.insert(Array("[]={}\"'\\.,#\n-9e".utf8).randomElement(using: &generator) ?? 0, at: i)
        case 3: bytes.insert(contentsOf: bytes[i..<min(bytes.count, i + 30)], at: i)
        default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 0...60, using: &generator)))
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let (settings, problems) = ConfigurationFile.parse(text, place: "m")
      for problem in problems { #expect(!problem.line.isEmpty && !problem.line.contains("\n")) }
      // Whatever was read can be written into the file and read again.
      let again = ConfigurationFile.parse(ConfigurationFile.merged("", settings), place: "m")
      #expect(again.settings == settings && again.problems.isEmpty)
      _ = ConfigurationFile.merged(text, settings)
    }
  }

  /// Two dashboards with one file: each writes what its own user has changed, over what the other has written.
  @Test func twoDashboardsKeepEachOthersSettings() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("config.toml", "[dashboard]\nrate = 20 # why\n")
    let (a, b) = (ConfigurationFile(path: path), ConfigurationFile(path: path))
    var (first, second) = (a.load().settings, b.load().settings)
    first.theme = "nord"
    #expect(a.differs(from: first) && !b.differs(from: second))
    try a.save(first)
    second.mouse = false
    try b.save(second)
    #expect(!a.differs(from: first) && !b.differs(from: second))
    let both = ConfigurationFile(path: path).load().settings
    #expect(both.theme == "nord" && !both.mouse && both.rate == 20)
    #expect(try String(contentsOfFile: path, encoding: .utf8).contains("rate = 20 # why"))
    // Back to the default is a change as well.
    first.theme = DashboardSettings().theme
    try a.save(first)
    #expect(ConfigurationFile(path: path).load().settings.theme == DashboardSettings().theme)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["config.toml"])
  }
}

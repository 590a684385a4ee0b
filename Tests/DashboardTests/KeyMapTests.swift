import Dashboard
import Ground
import Pipeline
import Testing

/// Keys of the user's own, from the table `[keys]` of the configuration.
@Suite struct KeyMapTests {
  private static func read(_ text: String) -> (keys: KeyMap, problems: [String]) {
    let (settings, problems) = ConfigurationFile.parse(text, place: "c.toml")
    return (settings.keys, problems.map(\.line))
  }

  @Test func keysAreReadByTheNamesOfTheHelp() {
    for binding in KeyTable.all { for key in binding.keys { #expect(Key(name: key.name) == key, "\(key.name)") } }
    for name in ["", "F0", "F25", "Ctrl-", "Ctrl-Ä", "Ctrl-m", "Hyper-x", "qq", "\u{7}"] {
      #expect(Key(name: name) == nil, "\(name)")
    }
    #expect(
      Key(name: "ctrl-r") == .control("r") && Key(name: "ä") == .character("ä") && Key(name: "space") == .character(" ")
    )
  }

  @Test func commandsTakeOtherKeys() {
    let (keys, problems) = Self.read("[keys]\nrecord = \"F5\"\nphoto = [\"s\", \"F6\"]\nnext-theme = []\n")
    #expect(problems.isEmpty)
    #expect(keys.action(for: .function(5)) == .session(.record) && keys.action(for: .character("r")) == nil)
    #expect(keys.action(for: .function(6)) == .session(.photo) && keys.action(for: .character("s")) == .session(.photo))
    #expect(keys.action(for: .character("t")) == nil && keys.name(of: .appearance(.nextTheme)) == ":next-theme")
  }

  @Test func keysCanBeSwapped() {
    let (keys, problems) = Self.read("[keys]\nrecord = \"s\"\nphoto = \"r\"\n")
    #expect(problems.isEmpty)
    #expect(
      keys.action(for: .character("s")) == .session(.record) && keys.action(for: .character("r")) == .session(.photo))
  }

  @Test func aCollisionIsRefusedWithItsLine() {
    for (text, line, words) in [
      ("[keys]\n\nrecord = \"q\"\n", 3, ["keys.record", "'q'", "quit"]),
      ("[keys]\nrecord = \"Ctrl-C\"\n", 2, ["always quits"]),
      ("[keys]\nhelp = \"F1\"\nphoto = \"x\"\npause = \"x\"\n", 3, ["keys.photo", "'x'", "pause"]),
    ] {
      let (keys, problems) = Self.read(text)
      #expect(problems.count == 1 && problems[0].contains("c.toml:\(line)"), "\(problems)")
      for word in words { #expect(problems.first?.contains(word) == true, "\(problems)") }
      #expect(keys.action(for: .character("r")) == .session(.record), "it keeps its own key")
      #expect(keys.action(for: .character("q")) == .program(.quit))
    }
  }

  @Test func mistakesAreNamedAndTheRestCounts() {
    let (keys, problems) = Self.read("[keys]\nrecrod = \"F5\"\nphoto = 7\npause = \"Hyper\"\nquit = \"Q\"\n")
    #expect(problems.count == 3)
    #expect(
      problems.contains { $0.contains("keys.recrod") && $0.contains("did you mean 'record'") && $0.contains(":2") })
    #expect(problems.contains { $0.contains("keys.photo") && $0.contains(":3") })
    #expect(problems.contains { $0.contains("keys.pause") && $0.contains("'Hyper'") })
    #expect(keys.action(for: .character("Q")) == .program(.quit))
    #expect(Self.read("keys = 3\n").problems.first?.contains("table") == true)
  }

  /// Whatever is asked for: no key has two commands, and something still quits.
  @Test func anyTableLeavesKeysInOrder() {
    var random = InputParserTests.Random()
    let names = KeyTable.all.map(\.name)
    let all = KeyTable.all.flatMap(\.keys)
    for _ in 0..<500 {
      var changes: [String: [Key]] = [:]
      for _ in 0..<Int.random(in: 0..<12, using: &random) {
        changes[names.randomElement(using: &random) ?? ""] = (0..<Int.random(in: 0..<3, using: &random)).compactMap {
          _ in
          all.randomElement(using: &random)
        }
      }
      var keys = KeyMap.standard
      let collisions = keys.rebind(changes)
      let bound = keys.bindings.flatMap { Set($0.keys) }
      #expect(Set(bound).count == bound.count)
      #expect(keys.bindings.map(\.name) == names)
      for collision in collisions { #expect(changes[collision.name] != nil) }
    }
  }

  @Test func helpFooterAndPaletteFollow() throws {
    var stage = try InteractionTests.Stage(columns: 160, rows: 60)
    stage.state.settings.keys =
      Self.read("[keys]\npause = \"F7\"\nraise-threshold = \"F8\"\nrecord = \"F9\"\nhelp = \"F3\"\n").keys
    stage.draw()
    let footer = stage.composer.canvas.line(59)
    #expect(footer.contains("F7 pause") && footer.contains("F8-") && footer.contains("F9 record"), "\(footer)")
    #expect(stage.screen.contains("F9 records to"))
    stage.press(.character("?"))
    #expect(stage.state.view.modal == nil)
    stage.press(.function(3))
    #expect(stage.screen.contains("F7  Pause the picture"))
    stage.press(.escape, .character(":"))
    #expect(stage.screen.contains("F7"))
    stage.press(.escape, .function(7))
    #expect(stage.state.snapshot.paused)
    #expect(stage.press(.control("c")) == .quit)
  }

  @Test func savingOptionsLeavesTheKeysAlone() {
    let text = "[keys]\nrecord = \"F5\" # mine\n"
    var settings = ConfigurationFile.parse(text, place: "t").settings
    settings.theme = "nord"
    let merged = ConfigurationFile.merged(text, settings)
    #expect(merged.contains("record = \"F5\" # mine"))
    #expect(ConfigurationFile.parse(merged, place: "t").settings == settings)
    for row in KeyTable.all { #expect(ConfigurationFile.defaultText.contains("# \(row.name) = ")) }
  }
}

import Foundation
import TestSupport
import Testing

/// The configuration and the user's own themes, from the outside.
@Suite(.serialized) struct ConfigurationLifeTests {
  private func configuration(_ text: String?, in scratch: TemporaryFolder) throws -> String {
    let folder = scratch.file("config/ocellus/themes")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = scratch.file("config/ocellus/config.toml")
    if let text { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    return path
  }

  @Test func theDefaultConfigurationIsAValidOne() throws {
    let printed = try Program.run(["--default-config"])
    #expect(printed.status == 0)
    #expect(printed.output.contains("[dashboard]") && printed.output.contains("theme = \"default\""))
    let scratch = try TemporaryFolder()
    _ = try configuration(printed.output, in: scratch)
    let run = try TerminalRun(
      ["--source", "demo:seed=7"], columns: 100, rows: 30, environment: ["XDG_CONFIG_HOME": scratch.file("config")])
    #expect(run.wait { $0.shows("age ") })
    #expect(run.waitForSeveralPictures())
    #expect(!run.shows("not a setting") && !run.shows("invalid value"))
  }

  @Test func aBrokenConfigurationIsToldAndDoesNotStopAnything() throws {
    let scratch = try TemporaryFolder()
    _ = try configuration("[dashboard\ntheme = \"nord\n\u{0}", in: scratch)
    let run = try TerminalRun(
      ["--source", "demo:seed=7"], columns: 120, rows: 30, environment: ["XDG_CONFIG_HOME": scratch.file("config")])
    #expect(run.wait { $0.shows("not valid TOML") }, "\(run.screen.text)")
    run.send("q")
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == 0)
  }

  @Test func optionsAreWrittenBackAmongTheUsersOwnLines() throws {
    let scratch = try TemporaryFolder()
    let path = try configuration("# mine\n[other]\nkey = 1\n\n[dashboard]\nrate = 20 # why\n", in: scratch)
    let run = try TerminalRun(
      ["--source", "demo:seed=7"], columns: 100, rows: 30, environment: ["XDG_CONFIG_HOME": scratch.file("config")])
    #expect(run.wait { $0.shows("age ") })
    // The second option is the style: the next one after half blocks is quadrants.
    run.send("O")
    #expect(run.wait { $0.shows("Left Right change") })
    run.send("jl")
    #expect(run.wait { $0.shows("┐quadrants┌") || $0.shows("quadrants") })
    run.send("\u{1B}")
    #expect(run.wait { $0.shows("options saved") }, "\(run.screen.text)")
    run.send("q")
    #expect(run.wait { $0.status != nil })
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("# mine") && text.contains("key = 1") && text.contains("style = \"quadrants\""), "\(text)")
    #expect(text.contains("rate = 20"))
  }

  @Test func aUsersThemesAreListedAndComeFirst() throws {
    let scratch = try TemporaryFolder()
    _ = try configuration(nil, in: scratch)
    let folder = scratch.file("config/ocellus/themes")
    for name in ["mine", "nord"] {
      try "theme[main_fg]=\"#112233\"\n".write(toFile: "\(folder)/\(name).theme", atomically: true, encoding: .utf8)
    }
    let listed = try Program.run(["themes"], environment: ["XDG_CONFIG_HOME": scratch.file("config")])
    #expect(listed.status == 0)
    let lines = listed.output.split(separator: "\n").map(String.init)
    #expect(lines.first?.hasPrefix("default\t") == true)
    #expect(lines.contains("mine\t\(folder)/mine.theme") && lines.contains("nord\t\(folder)/nord.theme"), "\(lines)")
    #expect(lines.count { $0.hasPrefix("nord\t") } == 1)
  }

  @Test func aUsersThemeIsFoundAndReadAgain() throws {
    let scratch = try TemporaryFolder()
    _ = try configuration("[dashboard]\ntheme = \"mine\"\n", in: scratch)
    func theme(_ color: String) throws {
      try "theme[main_bg]=\"\(color)\"\n".write(
        toFile: scratch.file("config/ocellus/themes/mine.theme"), atomically: true, encoding: .utf8)
    }
    try theme("#0000ff")
    let run = try TerminalRun(
      ["--source", "demo:seed=7"], columns: 100, rows: 30, environment: ["XDG_CONFIG_HOME": scratch.file("config")])
    // The first line's ground: pure blue is 21 of 256, pure red 196.
    #expect(run.wait { $0.shows("age ") && $0.screen.cell(0, 0).background == "48;5;21" }, "\(run.screen.cell(0, 0))")
    try theme("#ff0000")
    run.send("\u{12}")
    #expect(run.wait { $0.screen.cell(0, 0).background == "48;5;196" })
    try theme("red")
    run.send("\u{12}")
    #expect(
      run.wait { $0.shows("not a colour") && $0.screen.cell(0, 0).background == "48;5;196" }, "\(run.screen.text)")
  }
}

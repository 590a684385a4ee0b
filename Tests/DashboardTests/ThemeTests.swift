import Dashboard
import Foundation
import Ground
import Testing

@Suite struct ThemeTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("themes").path

  @Test func readsBtopsFormat() throws {
    let text = """
      # a comment
      theme[main_bg]=""
      theme[main_fg]="#cc8844"
      theme[title]='#ee'
      theme[cpu_box]="10 20 30"
      theme[available_start]="#000000"
      theme[available_end]="#ffffff"
      theme[unknown_key]="#123456"
      """
    let theme = try ThemeParser.theme(name: "x", pairs: ThemeParser.pairs(of: text, place: "x"), place: "x")
    #expect(theme[.mainBackground].isTerminal)
    #expect(theme[.mainForeground] == Color(0xCC, 0x88, 0x44))
    #expect(theme[.title] == Color(0xEE, 0xEE, 0xEE))
    #expect(theme[.pictureBox] == Color(10, 20, 30))
    #expect(theme[ThemeGradient.confidence].at(0.5).distance(to: Color(127, 127, 127)) <= 1)
  }

  @Test func namesTheLineThatIsWrong() {
    #expect { try ThemeParser.pairs(of: "theme[a]=\"#fff000\"\nnonsense", place: "p") } throws: { error in
      (error as? DashboardError)?.line.contains("line 2") == true
    }
    #expect(throws: DashboardError.self) {
      try ThemeParser.theme(name: "x", pairs: ["main_fg": "red"], place: "p")
    }
  }

  @Test func allThatShipLoad() throws {
    let library = ThemeLibrary(onlyFolders: [Self.folder])
    let names = library.names
    for wanted in ["default", "light", "colour-blind", "16-colour", "mono", "solarized", "gruvbox", "nord"] {
      #expect(names.contains(wanted))
    }
    for name in names { _ = try library.load(name) }
    #expect(throws: DashboardError.self) { try library.load("../../etc/passwd") }
  }

  @Test func mutatedFilesNeverTrap() throws {
    let text = try String(contentsOfFile: Self.folder + "/nord.theme", encoding: .utf8)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        let i = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[i] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: i)
        default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: i)
        }
      }
      let mutated = String(decoding: bytes, as: UTF8.self)
      do {
        _ = try ThemeParser.theme(name: "m", pairs: ThemeParser.pairs(of: mutated, place: "m"), place: "m")
      } catch {
        #expect(!error.line.isEmpty && !error.line.contains("\n"))
      }
    }
  }

  /// Everything that is written must be readable on what it is written on, in every theme.
  @Test func textStandsOutFromItsGround() throws {
    let library = ThemeLibrary(onlyFolders: [Self.folder])
    let words: [ThemeColor] = [.mainForeground, .title, .highlight, .graphText, .good, .warning, .failure, .stale]
    let classes: [ThemeColor] = [.class1, .class2, .class3, .class4, .class5, .class6, .class7, .class8]
    for name in library.names {
      let theme = try library.load(name)
      let ground = theme[.mainBackground]
      #expect(!ground.isTerminal, "\(name): nobody knows the colour of the terminal")
      for key in words { #expect(theme[key].contrast(with: ground) >= 4.5, "\(name): \(key)") }
      for key in classes + [.inactive] { #expect(theme[key].contrast(with: ground) >= 3, "\(name): \(key)") }
      // Labels and badges are written on these.
      for key in classes + [.warning, .failure, .stale] {
        #expect(theme[key].contrasting.contrast(with: theme[key]) >= 4.5, "\(name): on \(key)")
      }
      #expect(theme[.selectedForeground].contrast(with: theme[.selectedBackground]) >= 4.5, "\(name): selected")
      #expect(theme[.selectedBackground].contrast(with: ground) >= 1.3, "\(name): selection")
      #expect(theme[.meterBackground].contrast(with: ground) >= 1.3, "\(name): meters")
      for step in 0...10 {
        // The latency's colours are those of figures, the others those of bars.
        let share = Double(step) / 10
        #expect(theme[ThemeGradient.latency].at(share).contrast(with: ground) >= 4.2, "\(name): latency \(share)")
        for gradient in [ThemeGradient.confidence, .rate, .skipped] {
          #expect(theme[gradient].at(share).contrast(with: ground) >= 2.4, "\(name): \(gradient) \(share)")
        }
      }
    }
  }

  @Test func fewColorsHaveAThemeOfTheirOwn() throws {
    let library = ThemeLibrary(onlyFolders: [Self.folder])
    #expect(library.chosen("default", for: .sixteen) == "16-colour")
    #expect(library.chosen("default", for: .eight) == "16-colour")
    #expect(library.chosen("default", for: .indexed) == "default")
    #expect(library.chosen("nord", for: .eight) == "nord")
    #expect(ThemeLibrary(onlyFolders: []).chosen("default", for: .eight) == "default")
  }

  @Test func gradientsClampAndEndWhereTheySay() {
    let gradient = Gradient(start: .black, middle: nil, end: .white)
    #expect(gradient.at(-1) == .black)
    #expect(gradient.at(.nan) == .black)
    #expect(gradient.at(2).distance(to: .white) <= 1)
  }
}

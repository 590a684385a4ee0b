import Configuration
import Testing

@Suite struct SpellingTests {
  private let words = ["person", "forklift", "traffic light", "confidence", "car"]

  @Test func nearWordsAreFound() {
    #expect(Spelling.nearest(to: "perso", among: words) == "person")
    #expect(Spelling.nearest(to: "Forklfit", among: words) == "forklift")
    #expect(Spelling.nearest(to: "trafic ligth", among: words) == "traffic light")
    #expect(Spelling.nearest(to: "cat", among: words) == "car")
  }

  /// A long word is not near to everything: a few letters may differ, however long it is.
  @Test func longWordsAreNotGuessed() {
    let long = String(repeating: "abcdefgh", count: 8)
    #expect(Spelling.nearest(to: "a sentence that somebody typed", among: ["a sentence nobody has typed"]) == nil)
    #expect(Spelling.nearest(to: long + "one", among: [long + "two and much more"]) == nil)
    #expect(
      Spelling.nearest(to: String(repeating: "x", count: 5000), among: [String(repeating: "x", count: 64)]) == nil)
    #expect(Spelling.nearest(to: "traffic lights everywhere", among: words) == nil)
  }

  /// Long words that differ by a letter are still found.
  @Test func longWordsWithOneMistake() {
    let long = String(repeating: "abcdefgh", count: 7)
    #expect(Spelling.nearest(to: long + "x", among: [long + "y", "other"]) == long + "y")
  }
}

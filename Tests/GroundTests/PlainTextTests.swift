import Ground
import Testing

@Suite struct PlainTextTests {
  private struct Trouble: ExplainedError {
    var what: String
    var place = "a\u{1B}[2Jb"
    var remedy = ""
  }

  @Test func controlCharactersBecomeBlanks() {
    #expect("two\nlines\r\n, \u{1B}[31mred\u{7F}".plainLine == "two lines  ,  [31mred ")
    // What one byte starts in a terminal of 8 bits, U+009B starts in one of UTF-8.
    #expect("\u{9B}31m\u{85}\u{2028}x".plainLine == " 31m  x")
  }

  @Test func lettersOfAllTonguesStay() {
    for text in ["pallet\tbox", "naïve – 猫 – 👩‍🚀 – שלום", ""] { #expect(text.plainLine == text) }
  }

  @Test func errorsTakeOneLine() {
    #expect(Trouble(what: "broken\nin two").line == "a [2Jb: broken in two")
  }
}

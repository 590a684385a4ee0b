import Foundation
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

  /// Independent of the code under test: categories and properties of Unicode's data base in the standard library.
  private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // Bidi_Control of PropList.txt; zero-width joiners and the like are format characters that languages need.
    case .format:
      "\u{61C}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2066}\u{2067}\u{2068}\u{2069}".unicodeScalars
        .contains(scalar)
    default: false
    }
  }

  @Test func everyScalarIsJudgedAsUnicodeSays() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = String(scalar)
      let isObeyed = Self.isObeyed(scalar)
      guard (text.plainLine == " ") == (isObeyed && scalar != "\t" || scalar == " "),
        (text.plainLines == " ") == (isObeyed && scalar != "\t" && scalar != "\n" || scalar == " ")
      else {
        Issue.record("U+\(String(value, radix: 16))")
        continue
      }
    }
  }

  @Test func linesKeepTheirEnds() {
    #expect("a\n\tb\r\u{202E}c\n".plainLines == "a\n\tb  c\n")
  }

  @Test func jsonIsEscapedAndKeepsItsMeaning() throws {
    for text in [
      "\u{9B}31m", "\u{7F}", "\u{202E}abc\u{202C}", "\u{2028}\u{2029}\u{85}", "a\\\u{9B}\"", "猫 👩‍🚀 שלום", "\u{1B}[0m\n",
    ] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .withoutEscapingSlashes
      let json = String(decoding: try encoder.encode(["k": text]), as: UTF8.self)
      let plain = json.plainJSON
      #expect(plain == plain.plainLine && !plain.contains("\t"))
      #expect(try JSONDecoder().decode([String: String].self, from: Data(plain.utf8)) == ["k": text])
    }
    #expect("{\r\n\t\"a\": 1\n}".plainJSON.split(separator: " ").joined() == "{\"a\":1}")
  }
}

import Dashboard
import Testing

@Suite struct TerminalTests {
  private func filtered(_ text: String) -> String {
    var filter = ColorSequenceFilter()
    var output: [UInt8] = []
    // Byte by byte: sequences may be split anywhere.
    for byte in text.utf8 { withUnsafeBytes(of: byte) { filter.process($0, into: &output) } }
    return String(decoding: output, as: UTF8.self)
  }

  @Test func colorsAreSentOnceAndTogether() {
    #expect(
      filtered("\u{1B}[38;5;1m\u{1B}[48;5;2mA\u{1B}[38;5;1m\u{1B}[48;5;3mB") == "\u{1B}[38;5;1;48;5;2mA\u{1B}[48;5;3mB")
    #expect(filtered("\u{1B}[31m\u{1B}[32mA") == "\u{1B}[32mA")
    #expect(filtered("\u{1B}[38;2;1;2;3mA\u{1B}[38;2;1;2;3mB") == "\u{1B}[38;2;1;2;3mAB")
  }

  @Test func blanksNeedNoForeground() {
    #expect(filtered("\u{1B}[31m\u{1B}[42m  A") == "\u{1B}[42m  \u{1B}[31mA")
    // Underlined blanks do.
    #expect(filtered("\u{1B}[4m\u{1B}[31m A") == "\u{1B}[4m\u{1B}[31m A")
  }

  @Test func resetsAndOtherSequencesPass() {
    #expect(filtered("\u{1B}[31mA\u{1B}(B\u{1B}[m\u{1B}[31mB") == "\u{1B}[31mA\u{1B}(B\u{1B}[m\u{1B}[31mB")
    #expect(filtered("\u{1B}[2;3H\u{1B}[?25l\u{1B}[?1049hx") == "\u{1B}[2;3H\u{1B}[?25l\u{1B}[?1049hx")
    #expect(filtered("\u{1B}[42m\u{1B}[K") == "\u{1B}[42m\u{1B}[K")
    #expect(filtered("\u{1B}[1;31mA\u{1B}[31mB") == "\u{1B}[1;31mA\u{1B}[31mB")
  }

  @Test func brokenSequencesDoNotTrap() {
    for text in [
      "\u{1B}[", "\u{1B}[38;5m", "\u{1B}[38;2;1mX", "\u{1B}[;;;m", "\u{1B}[99999999999999999999m", "\u{1B}\u{1B}[",
    ] {
      _ = filtered(text + "end")
    }
  }

  @Test func pairsAreGivenOutOnce() {
    var defined: [Int32] = []
    withExtendedLifetime(0) {
      var cache = PairCache(capacity: 8) { pair, _, _ in defined.append(pair) }
      #expect(cache.lookup(1, 2)?.pair == 1)
      #expect(cache.lookup(1, 2)?.pair == 1)
      #expect(cache.lookup(2, 1, maySwap: true)?.swapped == true)
      #expect(cache.lookup(2, 1)?.pair == 2)
      for i in 3..<8 { _ = cache.lookup(Int32(i), 0) }
      #expect(cache.lookup(100, 100) == nil)
      cache.reset()
      #expect(cache.lookup(100, 100)?.pair == 1)
      #expect(cache.lookup(-1, -1)?.pair == 0)
    }
    #expect(defined == [1, 2, 3, 4, 5, 6, 7, 1])
  }

  @Test func coloursMapToTheNearest() {
    let indexed = TerminalPalette(depth: .indexed)
    #expect(indexed.index(.black) == 16)
    #expect(indexed.index(.white) == 231)
    #expect(indexed.index(Color(128, 128, 128)) == 244)
    #expect(indexed.index(Color(255, 0, 0)) == 196)
    #expect(indexed.index(.terminal) == -1)
    #expect(TerminalPalette(depth: .eight).index(Color(250, 10, 10)) == 1)
    #expect(TerminalPalette(depth: .sixteen).index(Color(250, 10, 10)) == 9)
    #expect(TerminalPalette(depth: .truecolor).index(Color(1, 2, 3)) == 0x010203)
    #expect(TerminalPalette(depth: .mono).index(.white) == -1)
  }
}

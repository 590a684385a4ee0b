import Dashboard
import Testing

/// Text from strangers on the screen: wide characters keep their columns, and nothing in a label is obeyed.
@Suite struct TextTests {
  init() { TerminalCapabilities.useUnicode() }

  @Test func wideCharactersTakeTwoColumns() {
    #expect(Text.columns("person") == 6)
    #expect(Text.columns("行人 a") == 6)
    #expect(Text.columns("e\u{301}\u{200D}") == 1)
    var grid = CellCanvas(width: 10, height: 1)
    #expect(grid.text("行人x", 1, 0, Style(.white)) == 5)
    #expect(grid.line(0) == " 行人x    ")
    #expect(grid.resolved(2, 0).scalar == Cell.trailing)
  }

  @Test func wideCharactersAreCutWhole() {
    var grid = CellCanvas(width: 6, height: 1)
    #expect(grid.text("行人道", 0, 0, Style(.white), width: 5) == 4)
    #expect(grid.text("行人道路", 3, 0, Style(.white)) == 2)
    #expect(grid.line(0) == "行 行 ")
    grid = CellCanvas(width: 6, height: 1)
    grid.text("行人", -1, 0, Style(.white))
    #expect(grid.line(0) == " 人   ")
    #expect(Text.fit("行人道路", 5) == "行人…")
    #expect(Text.fit("行人道路", 8) == "行人道路")
    #expect(Text.fit("行人", 1) == "…" && Text.fit("行人", 0) == "")
  }

  @Test func halvesThatAreDrawnOverLeaveBlanks() {
    var grid = CellCanvas(width: 6, height: 1)
    grid.text("行人道", 0, 0, Style(.white))
    grid[1, 0] = Cell("|", Style(.white))
    grid[4, 0] = Cell("|", Style(.white))
    #expect(grid.line(0) == " |人| ")
    for x in 0..<6 { #expect(grid.resolved(x, 0).scalar != Cell.trailing || x == 3) }
  }

  @Test func labelsCannotSteerTheTerminal() {
    var grid = CellCanvas(width: 40, height: 1)
    grid.text("\u{1B}[31mred\u{1B}]0;t\u{7}\u{9B}2J\r\n\u{202E}\u{7F}end", 0, 0, Style(.white))
    #expect(grid.cells.allSatisfy { $0.scalar >= 32 && !(127..<160).contains($0.scalar) && $0.scalar != 0x202E })
    #expect(grid.line(0).contains("red") && grid.line(0).contains("end"))
  }

  @Test func linesBreakAtBlanks() {
    #expect(Text.wrapped("detector ready in 70 ms", 10, most: 9) == ["detector", "ready in", "70 ms"])
    #expect(Text.wrapped("detector ready in 70 ms", 10, most: 2) == ["detector", "ready in …"])
    #expect(Text.wrapped("abcdefghij", 4, most: 9) == ["abcd", "efgh", "ij"])
    #expect(Text.wrapped("行人道", 1, most: 9).prefix(3) == ["行", "人", "道"])
    #expect(Text.wrapped("", 5, most: 3) == [""] && Text.wrapped("x", 0, most: 3).isEmpty)
    for width in 1..<12 {
      for line in Text.wrapped("a bc 行 def ghijklm  n", width, most: 50) {
        #expect(Text.columns(line) <= max(2, width))
      }
    }
  }
}

import Testing

import Dashboard

/// The line of a prompt or the palette: it is bounded whatever is pasted into it.
@Suite struct TypedLineTests {
  /// The text after each scalar of `typed` has come as a key, as a paste does.
  private func text(typing typed: String, longest: Int) -> String {
    typed.unicodeScalars.reduce(into: "") { text, scalar in
      text = TypedLine.edited(text, by: .character(scalar), longest: longest) ?? text
    }
  }

  @Test(arguments: ["x", "猫", "\u{301}", "e\u{301}", "\u{200D}", "👩‍🚀", "\u{FE0F}", "각"])
  func linesAreBoundedInScalars(piece: String) {
    let pasted = String(repeating: piece, count: 3000)
    let text = text(typing: pasted, longest: 100)
    #expect(text.unicodeScalars.count == 100)
    #expect(Array(text.unicodeScalars) == Array(pasted.unicodeScalars.prefix(100)))
  }

  @Test func aFullLineCanBeEdited() {
    let full = text(typing: String(repeating: "ab", count: 60), longest: 100)
    #expect(TypedLine.edited(full, by: .character("c"), longest: 100) == full)
    #expect(TypedLine.edited(full, by: .backspace, longest: 100)?.count == 99)
    #expect(TypedLine.edited(full, by: .control("u"), longest: 100) == "")
    #expect(TypedLine.edited(full, by: .enter, longest: 100) == nil)
  }
}

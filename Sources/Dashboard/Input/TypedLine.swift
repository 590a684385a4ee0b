/// Editing of the one line of text that a prompt or the command palette holds.
enum TypedLine {
  /// The text after a key; nil for keys that do not edit.
  static func edited(_ text: String, by key: Key, longest: Int) -> String? {
    switch key {
    case .backspace: String(text.dropLast())
    case .control("u"): ""
    case .character(let scalar) where text.count < longest: text + String(Character(scalar))
    // A line without a cursor: nothing moves within it.
    default: nil
    }
  }

  /// Without blanks at both ends.
  static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " }
    return String(start.prefix(start.count - start.reversed().prefix { $0 == " " }.count))
  }
}

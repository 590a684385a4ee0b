import Ground

/// Editing of the one line of text that a prompt or the command palette holds.
package enum TypedLine {
  /// The text after a key; nil for keys that do not edit. A full line takes no more.
  ///
  /// - Parameter longest: counts Unicode scalars. Combining marks do not make a text longer in characters, however many follow.
  package static func edited(_ text: String, by key: Key, longest: Int) -> String? {
    switch key {
    case .backspace: String(text.dropLast())
    case .control("u"): ""
    case .character(let scalar): text.unicodeScalars.count < longest ? text + String(Character(scalar)) : text
    // One text on one line, as far as there is room.
    case .paste(let pasted): text + room(for: trimmed(pasted.plainLine), in: text, longest: longest)
    // A line without a cursor: nothing moves within it.
    default: nil
    }
  }

  /// As much of `pasted` as the line has room for.
  private static func room(for pasted: String, in text: String, longest: Int) -> String {
    String(pasted.unicodeScalars.prefix(max(0, longest - text.unicodeScalars.count)))
  }

  /// Without blanks at both ends.
  package static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " }
    return String(start.prefix(start.count - start.reversed().prefix { $0 == " " }.count))
  }
}

import Ground

extension Key {
  private static let named: [String: Key] = [
    "space": .character(" "), "up": .up, "down": .down, "left": .left, "right": .right, "pgup": .pageUp,
    "pageup": .pageUp, "pgdn": .pageDown, "pagedown": .pageDown, "home": .home, "end": .end, "enter": .enter,
    "return": .enter, "esc": .escape, "escape": .escape, "tab": .tab, "shift-tab": .backTab, "backspace": .backspace,
    "del": .delete, "delete": .delete,
  ]

  /// A key by the name that the help writes: "q", "Space", "Ctrl-R", "F5", "PgUp".
  ///
  /// - Returns: nil for names of no key.
  package init?(name: String) {
    let scalars = name.unicodeScalars
    if let only = scalars.first, scalars.count == 1, only.value > 32, only.value != 127 {
      self = .character(only)
      return
    }
    let lower = name.lowercased()
    if let key = Self.named[lower] {
      self = key
    } else if lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...24).contains(number) {
      self = .function(number)
    } else if lower.hasPrefix("ctrl-"), let letter = lower.unicodeScalars.last, lower.unicodeScalars.count == 6,
      ("a"..."z").contains(letter), !["h", "i", "j", "m"].contains(letter)
    {
      // Ctrl-H, -I, -J and -M are Backspace, Tab and Enter on every terminal.
      self = .control(letter)
    } else {
      return nil
    }
  }
}

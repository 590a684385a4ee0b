import Ground
import CNcurses

/// Turns what ncurses reads into ``Key``s.
package struct KeyDecoder {
  /// Key codes of our own, above ncurses' (KEY_MAX is 0777).
  private static let reportBase: Int32 = 0x1000
  private static let statusCode: Int32 = 0x1010

  package init() {}

  /// The answers to the query for mode 2026: 1 and 2 mean that the terminal knows it (DECRPM).
  package static func defineKeys() {
    for state in 0...4 { ocn_define_key("\u{1B}[?2026;\(state)$y", reportBase + Int32(state)) }
    for state in [0, 3] { ocn_define_key("\u{1B}[\(state)n", statusCode) }
  }

  private static let functions: [Int32: Key] = [
    KEY_UP: .up, KEY_DOWN: .down, KEY_LEFT: .left, KEY_RIGHT: .right, KEY_PPAGE: .pageUp, KEY_NPAGE: .pageDown,
    KEY_HOME: .home, KEY_END: .end, KEY_ENTER: .enter, KEY_BTAB: .backTab, KEY_BACKSPACE: .backspace, KEY_DC: .delete,
  ]

  mutating func decode(_ key: OCNKey) -> Key? {
    switch key.kind {
    case OCN_CHARACTER: return character(UInt32(bitPattern: key.value))
    case OCN_MOUSE:
      return Key.MouseButton(rawValue: Int(key.value)).map { .mouse($0, x: Int(key.column), y: Int(key.row)) }
    case OCN_FUNCTION:
      if let known = Self.functions[key.value] { return known }
      if (Self.reportBase...Self.reportBase + 4).contains(key.value) {
        return .synchronisedOutput((1...2).contains(key.value - Self.reportBase))
      }
      if key.value == Self.statusCode { return .status }
      let number = Int(key.value) - 0o410
      return (1...24).contains(number) ? .function(number) : nil
    default: return nil
    }
  }

  private func character(_ value: UInt32) -> Key? {
    switch value {
    case 9: return .tab
    case 10, 13: return .enter
    case 27: return .escape
    case 8, 127: return .backspace
    case 0...31: return Unicode.Scalar(value + 96).map { .control($0) }
    default: return Unicode.Scalar(value).map { .character($0) }
    }
  }
}

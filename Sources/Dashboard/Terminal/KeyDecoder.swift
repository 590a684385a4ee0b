import CNcurses
import Ground

/// Turns the tokens of ``InputParser`` into ``Key``s: those of ECMA-48 terminals, and those in the terminal's description.
/// An unknown token makes no key.
package struct KeyDecoder: Sendable {
  /// Keys by the sequences that the terminal's description has for them.
  private let described: [String: Key]

  /// - Parameter described: keys by sequences, beside those of ECMA-48 terminals.
  package init(described: [String: Key] = [:]) { self.described = described }

  // MARK: The terminal's description

  private static let capabilities: [(name: String, key: Key)] =
    [
      ("kcuu1", .up), ("kcud1", .down), ("kcub1", .left), ("kcuf1", .right), ("kpp", .pageUp), ("knp", .pageDown),
      ("khome", .home), ("kend", .end), ("kent", .enter), ("kcbt", .backTab), ("kdch1", .delete),
    ] + (1...24).map { ("kf\($0)", .function($0)) }

  /// The keys of the description that ncurses has loaded. Sequences of one byte count, too, but not those which every
  /// keyboard has for other keys.
  package static func describedKeys() -> [String: Key] {
    var keys: [String: Key] = [:]
    for (name, key) in capabilities {
      guard let value = ocn_string_capability(name) else { continue }
      let text = String(cString: value)
      let isTypical = ["\u{8}", "\t", "\n", "\r", "\u{1B}", "\u{7F}", ""].contains(text)
      if !isTypical, text.utf8.count > 1 || text.utf8.first.map({ $0 < 32 }) == true { keys[text] = key }
    }
    return keys
  }

  // MARK: Keys

  /// nil for what is not a key: late answers, focus reports, unknown keys.
  package func key(for token: InputToken) -> Key? {
    switch token {
    case .escape: .escape
    case .scalar(let scalar): described[String(Character(scalar))] ?? Self.typed(scalar)
    case .paste(let text): .paste(text)
    case .mouseBytes(let button, let column, let row):
      Self.mouse(button - 32, column: column - 32, row: row - 32, isReleased: (button - 32) & 3 == 3)
    case .sequence(let sequence): described[sequence.text] ?? Self.key(for: sequence)
    }
  }

  private static func typed(_ scalar: Unicode.Scalar) -> Key? {
    switch scalar.value {
    case 9: .tab
    case 10, 13: .enter
    case 27: .escape
    case 8, 127: .backspace
    case 0..<32: Unicode.Scalar(scalar.value + 96).map { .control($0) }
    default: .character(scalar)
    }
  }

  private static func key(for sequence: InputSequence) -> Key? {
    switch sequence.kind {
    // Alt with a key is none of ours.
    case .escape: nil
    case .shift: sequence.text.hasPrefix("\u{1B}O") ? cursorKey(sequence.final) ?? keypad(sequence.final) : nil
    case .control: controlKey(sequence)
    }
  }

  /// Arrows, Home and End in either cursor mode, and with any modifier.
  private static func cursorKey(_ final: Unicode.Scalar) -> Key? {
    switch final {
    case "A": .up
    case "B": .down
    case "C": .right
    case "D": .left
    case "F": .end
    case "H": .home
    default: nil
    }
  }

  private static func keypad(_ final: Unicode.Scalar) -> Key? {
    switch final {
    case "M": .enter
    case "P": .function(1)
    case "Q": .function(2)
    case "R": .function(3)
    case "S": .function(4)
    default: nil
    }
  }

  private static func controlKey(_ sequence: InputSequence) -> Key? {
    let body = sequence.body
    if body.hasPrefix("<") { return pointer(sequence) }
    if body.hasPrefix("?") { return answer(sequence) }
    if body.hasPrefix("[") { return consoleKey(sequence.final) }
    guard let parameters = Parameters(body) else { return nil }
    let isPlain = parameters.values.count < 2
    switch sequence.final {
    case "A", "B", "C", "D", "F", "H": return parameters.isPressed ? cursorKey(sequence.final) : nil
    case "P", "Q", "S": return body.isEmpty ? keypad(sequence.final) : nil
    case "M": return pointer(sequence)
    case "Z": return body.isEmpty ? .backTab : nil
    case "n": return body == "0" || body == "3" ? .status : nil
    case "u": return isPlain || parameters.values[1] <= 2 ? namedKey(parameters) : nil
    case "~": return parameters.isPressed ? numbered(parameters.first, isPlain: isPlain) : nil
    default: return nil
    }
  }

  /// Parameters of a CSI: numbers, of which each may have parts of its own.
  private struct Parameters {
    var values: [Int]
    /// Not the release of a key: kitty's protocol has the event as the second part of the modifiers.
    var isPressed: Bool
    var first: Int { values.first ?? 0 }

    /// nil for bodies with private marks or intermediates.
    init?(_ body: String) {
      guard body.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) || $0 == ";" || $0 == ":" }) else { return nil }
      let parts = body.split(separator: ";", omittingEmptySubsequences: false).map {
        $0.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      }
      values = body.isEmpty ? [] : parts.map { $0.first ?? 0 }
      isPressed = parts.count < 2 || parts[1].count < 2 || parts[1][1] != 3
    }
  }

  /// VT220's keys by number.
  private static func numbered(_ number: Int, isPlain: Bool) -> Key? {
    switch number {
    case 1, 7: .home
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 3 where isPlain: .delete
    case 11...15 where isPlain: .function(number - 10)
    case 17...21 where isPlain: .function(number - 11)
    case 23...26 where isPlain: .function(number - 12)
    case 28...29 where isPlain: .function(number - 13)
    case 31...34 where isPlain: .function(number - 14)
    default: nil
    }
  }

  /// Of the keys in the form `CSI u` only those without a character: the terminal was not asked for the others, which it
  /// sends as characters then.
  private static func namedKey(_ parameters: Parameters) -> Key? {
    guard parameters.isPressed else { return nil }
    let isShifted = parameters.values.count > 1 && parameters.values[1] == 2
    switch parameters.first {
    case 9: return isShifted ? .backTab : .tab
    case 13: return .enter
    case 27: return .escape
    case 127: return .backspace
    default: return nil
    }
  }

  /// `CSI [ A` and so on: function keys of Linux' console.
  private static func consoleKey(_ final: Unicode.Scalar) -> Key? {
    ("A"..."E").contains(final) ? .function(Int(final.value) - 64) : nil
  }

  /// Answers to our own queries: of DECRPM the one for synchronised output, which 1 and 2 say the terminal knows.
  private static func answer(_ sequence: InputSequence) -> Key? {
    guard sequence.final == "y", sequence.body.hasPrefix("?2026;"), sequence.body.hasSuffix("$") else { return nil }
    return Int(sequence.body.dropFirst(6).dropLast()).map { .synchronisedOutput((1...2).contains($0)) }
  }

  // MARK: Mouse

  /// SGR's form, `CSI < button ; column ; row M`, and urxvt's, which lacks the mark and adds 32 to the button.
  private static func pointer(_ sequence: InputSequence) -> Key? {
    let isSGR = sequence.body.hasPrefix("<")
    guard sequence.final == "M" || (isSGR && sequence.final == "m"),
      let numbers = Parameters(isSGR ? String(sequence.body.dropFirst()) : sequence.body)?.values, numbers.count == 3
    else { return nil }
    let button = isSGR ? numbers[0] : numbers[0] - 32
    return mouse(
      button, column: numbers[1], row: numbers[2],
      isReleased: sequence.final == "m" || (!isSGR && button & 3 == 3))
  }

  /// - Parameters:
  ///   - button: xterm's code: two bits for the button, then Shift, Meta, Control, motion, wheel, further buttons.
  ///   - column: from 1, as is `row`.
  private static func mouse(_ button: Int, column: Int, row: Int, isReleased: Bool) -> Key? {
    guard (0..<128).contains(button), (1...4096).contains(column), (1...4096).contains(row) else { return nil }
    let (x, y) = (column - 1, row - 1)
    let isMotion = button & 32 != 0
    if button & 64 != 0 {
      guard !isMotion, !isReleased, button & 3 < 2 else { return nil }
      return .mouse(button & 1 == 0 ? .wheelUp : .wheelDown, x: x, y: y)
    }
    if isMotion { return button & 3 == 0 ? .drag(x: x, y: y) : nil }
    if isReleased { return .released }
    return Key.MouseButton(rawValue: (button & 3) + 1).map { .mouse($0, x: x, y: y) }
  }
}

package import Ground

/// One unit of what a terminal sends: a character, the Esc key, a whole control sequence, a mouse report, a paste.
package enum InputToken: Sendable, Equatable {
  /// A character or a control character, as typed.
  case scalar(Unicode.Scalar)
  /// The Esc key: an ESC that nothing followed.
  case escape
  /// A control sequence, complete, whether it is known or not.
  case sequence(InputSequence)
  /// A report in X10's form: button byte, column and row as sent, each with its offset of 32.
  case mouseBytes(button: Int, column: Int, row: Int)
  /// What was pasted between the marks of bracketed paste, cut at ``InputParser/longestPaste``.
  case paste(String)
}

/// A control sequence of ECMA-48, taken apart.
package struct InputSequence: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// ESC and a last byte, perhaps with bytes between: Alt with a key, too.
    case escape
    /// CSI.
    case control
    /// SS2 and SS3, and VT52's `ESC ?`.
    case shift
  }

  package var kind: Kind
  /// All bytes after the introducer but the last: parameters and intermediates.
  package var body: String
  /// The last byte.
  package var final: Unicode.Scalar
  /// The whole sequence with its introducer in seven bits, as terminfo writes it.
  package var text: String
}

/// Takes the bytes of a terminal apart into ``InputToken``s.
///
/// A state machine after ECMA-48 and Paul Williams' parser for the VT500 (vt100.net/emu/dec_ansi_parser), for the direction
/// from the terminal: sequences that nobody knows are swallowed whole, wherever reads and links cut them. Only the Esc key
/// needs time to be told from the beginning of a sequence; ``deadline`` and ``expire(now:)`` are for that.
package struct InputParser: Sendable {
  // MARK: The table

  private enum State: Int, CaseIterable, Sendable {
    case text, escape, escapeBody, control, functionKey, mouse, shift, string, stringEscape, paste
  }

  private enum Class: Int, CaseIterable, Sendable {
    case control, cancel, escape, intermediate, parameter, final, delete, other

    init(_ scalar: Unicode.Scalar) {
      switch scalar.value {
      case 0x18, 0x1A: self = .cancel
      case 0x1B: self = .escape
      case 0..<0x20: self = .control
      case 0x20..<0x30: self = .intermediate
      case 0x30..<0x40: self = .parameter
      case 0x40..<0x7F: self = .final
      case 0x7F: self = .delete
      default: self = .other
      }
    }
  }

  private enum Step: Sendable {
    /// Emits the character.
    case type
    /// Begins a sequence, and drops one that was not complete.
    case begin
    /// Follows the introducer after ESC, or completes a sequence of two bytes.
    case introduce
    /// Keeps the byte for the sequence.
    case keep
    /// Completes the sequence.
    case finish
    /// Completes a CSI, unless its last byte announces more.
    case finishControl
    /// Leaves the byte out.
    case skip
    /// Drops the sequence.
    case drop
    /// Leaves a string when the byte ends it.
    case endString
  }

  /// What each state does with each class of bytes, in the order of ``Class``. `mouse` and `paste` take bytes, not classes.
  private static let table: [[Step]] = State.allCases.map { state in
    switch state {
    //                  control    cancel  escape  intermediate parameter final     delete  other
    case .text: [.type, .type, .begin, .type, .type, .type, .type, .type]
    case .escape: [.finish, .finish, .begin, .keep, .introduce, .introduce, .finish, .drop]
    case .escapeBody: [.skip, .drop, .begin, .keep, .finish, .finish, .skip, .drop]
    case .control: [.skip, .drop, .begin, .keep, .keep, .finishControl, .skip, .drop]
    case .functionKey: [.drop, .drop, .begin, .finish, .finish, .finish, .drop, .drop]
    case .shift: [.drop, .drop, .begin, .finish, .keep, .finish, .drop, .drop]
    case .string: [.endString, .drop, .begin, .skip, .skip, .skip, .skip, .skip]
    case .stringEscape: [.finish, .drop, .begin, .keep, .introduce, .endString, .finish, .drop]
    case .mouse, .paste: []
    }
  }

  // MARK: State

  /// The most bytes of a paste that are kept.
  package static let longestPaste = 64 * 1024
  /// The most bytes of a sequence that are kept; the rest of it is swallowed.
  private static let longestSequence = 64
  /// How long a sequence that has begun may pause, in milliseconds. A person who pressed Alt-[ waits no longer.
  private static let sequencePause = 1000.0
  /// How long a string may pause, in milliseconds: answers of some length come in several parts.
  private static let stringPause = 2000.0
  /// How long a paste may pause, in milliseconds: over slow links it comes in several parts.
  private static let pastePause = 5000.0
  /// For so long after an Esc, in milliseconds, its sequence may still be on its way.
  private static let lateness = 1000.0
  /// How long an `[` or `O` so shortly after an Esc waits for more, in milliseconds.
  private static let lateWait = 500.0
  private static let endOfPaste = Array("\u{1B}[201~".utf8)

  /// How long an ESC waits for the rest of a sequence, in milliseconds.
  package var escapeWait = 50.0
  /// When ``expire(now:)`` has something to do; nil while nothing is waited for.
  package private(set) var deadline: MonotonicTime?

  private var state = State.text
  private var kind = InputSequence.Kind.escape
  private var kept = String.UnicodeScalarView()
  private var introducer = ""
  /// The string that is passed over is an OSC, which BEL ends as well.
  private var stringEndsAtBell = false
  /// The sequence began with an `[` or `O` that may as well be a key of its own.
  private var late: Unicode.Scalar?
  private var lateUntil: MonotonicTime?
  private var partial: [UInt8] = []
  private var mouse: [UInt8] = []
  private var pasted: [UInt8] = []
  /// Bytes of ``endOfPaste`` that have come.
  private var matched = 0
  private var tokens: [InputToken] = []

  package init() {}

  // MARK: Bytes

  /// Takes the bytes of one read.
  package mutating func feed(_ bytes: some Collection<UInt8>, now: MonotonicTime) -> [InputToken] {
    var isFirst = true
    for byte in bytes {
      if isFirst { beginRead(with: byte, isAlone: bytes.count == 1, now: now) }
      isFirst = false
      take(byte)
    }
    deadline = patience.map { now.advanced(milliseconds: $0) }
    return collected()
  }

  /// Ends what has waited long enough: an ESC alone is the Esc key, an unfinished sequence is dropped.
  package mutating func expire(now: MonotonicTime) -> [InputToken] {
    guard let deadline, now >= deadline else { return [] }
    self.deadline = nil
    if (state == .escape && partial.isEmpty) || (state == .paste && matched == 1) {
      tokens.append(.escape)
      lateUntil = now.advanced(milliseconds: Self.lateness)
    } else if let late, kept.isEmpty {
      tokens.append(.scalar(late))
    }
    reset()
    partial.removeAll()
    return collected()
  }

  private mutating func collected() -> [InputToken] {
    defer { tokens.removeAll() }
    return tokens
  }

  /// How long the present state may last without more bytes, in milliseconds.
  private var patience: Double? {
    switch state {
    case .text: partial.isEmpty ? nil : Self.sequencePause
    case .escape: partial.isEmpty ? escapeWait : Self.sequencePause
    case .paste: matched == 1 ? Self.sequencePause : Self.pastePause
    case .control, .shift: late != nil && kept.isEmpty ? Self.lateWait : Self.sequencePause
    case .escapeBody, .functionKey, .mouse: Self.sequencePause
    case .string, .stringEscape: Self.stringPause
    }
  }

  /// A terminal sends a sequence at once, so that an ESC at the end of a read is mostly the Esc key: it is, unless the
  /// next read begins as a sequence goes on. Shortly after an Esc, a read may begin with the rest of a sequence. In a paste
  /// that does not end, a single key after an Esc ends it.
  private mutating func beginRead(with byte: UInt8, isAlone: Bool, now: MonotonicTime) {
    swallowsRun = false
    let scalar = Unicode.Scalar(byte)
    let isEscapeAlone = (state == .escape && partial.isEmpty) || (state == .paste && matched == 1 && isAlone)
    if isEscapeAlone, !(state == .paste ? scalar == "[" : Self.isIntroducer(scalar) || byte >= 0x80) {
      tokens.append(.escape)
      reset()
    } else if state == .text, partial.isEmpty, let until = lateUntil, now < until, scalar == "[" || scalar == "O" {
      state = .escape
      introduce(scalar)
      late = scalar
      skipsByte = true
    }
    if byte != 0x1B || !isEscapeAlone { lateUntil = nil }
  }

  /// ``beginRead(with:now:)`` has taken the byte.
  private var skipsByte = false
  /// Printable characters of this read belong to a key of an old terminal: ESC and a word, such as `ESC F 1 2`.
  private var swallowsRun = false

  private mutating func take(_ byte: UInt8) {
    if skipsByte {
      skipsByte = false
      return
    }
    switch state {
    case .paste: return takePasted(byte)
    case .mouse: return takeMouse(byte)
    case .text, .escape, .escapeBody, .control, .functionKey, .shift, .string, .stringEscape: break
    }
    if partial.isEmpty, byte < 0x80 { return step(Unicode.Scalar(byte)) }
    decode(byte)
  }

  /// UTF-8, cut anywhere. A byte that is none of it is passed over, save the eight-bit introducers of ECMA-48.
  private mutating func decode(_ byte: UInt8) {
    if (0x80..<0xC0).contains(byte), let lead = partial.first {
      partial.append(byte)
      guard partial.count == Self.length(ofLead: lead) else { return }
      let text = String(validating: partial, as: UTF8.self)
      partial.removeAll()
      if let scalar = text?.unicodeScalars.first { step(scalar) }
      return
    }
    partial.removeAll()
    if byte < 0x80 {
      step(Unicode.Scalar(byte))
    } else if byte < 0xA0 {
      step(Unicode.Scalar(byte))
    } else if (0xC2...0xF4).contains(byte) {
      partial = [byte]
    }
  }

  private static func length(ofLead byte: UInt8) -> Int { byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4 }

  // MARK: Steps

  private mutating func step(_ scalar: Unicode.Scalar) {
    if let seven = Self.sevenBit(scalar) {
      // C1: the same as ESC and a letter. In a string only its terminator counts.
      guard state != .string || scalar.value == 0x9C else { return }
      begin()
      return introduce(seven)
    }
    let kindOfByte = Class(scalar)
    if swallowsRun, [.intermediate, .parameter, .final].contains(kindOfByte) { return }
    swallowsRun = false
    switch Self.table[state.rawValue][kindOfByte.rawValue] {
    case .type: tokens.append(.scalar(scalar))
    case .begin: begin()
    case .introduce: introduce(scalar)
    case .keep: keep(scalar)
    case .finish: finish(scalar)
    case .finishControl: finishControl(scalar)
    case .skip: break
    case .drop: reset()
    case .endString: endString(scalar)
    }
  }

  /// The letter that stands with ESC for a control character of eight bits.
  private static func sevenBit(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    (0x80..<0xA0).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value - 0x40)) : nil
  }

  private static func isIntroducer(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "[", "O", "N", "?", "P", "]", "X", "^", "_": true
    default: false
    }
  }

  private mutating func begin() {
    let isString = state == .string
    if let late, kept.isEmpty { tokens.append(.scalar(late)) }
    reset()
    state = isString ? .stringEscape : .escape
  }

  private mutating func introduce(_ scalar: Unicode.Scalar) {
    introducer = "\u{1B}" + String(Character(scalar))
    switch scalar {
    case "[": (state, kind) = (.control, .control)
    case "O", "N", "?": (state, kind) = (.shift, .shift)
    case "P", "]", "X", "^", "_":
      state = .string
      stringEndsAtBell = scalar == "]"
    default: finish(scalar)
    }
  }

  private mutating func keep(_ scalar: Unicode.Scalar) {
    if state == .escape || state == .stringEscape {
      state = .escapeBody
      introducer = "\u{1B}"
    }
    if kept.count < Self.longestSequence { kept.append(scalar) }
  }

  private mutating func finish(_ scalar: Unicode.Scalar) {
    let isShort = state == .escape || state == .stringEscape
    let body = String(kept)
    let whole = (isShort ? "\u{1B}" : introducer) + body + String(Character(scalar))
    let bracket = state == .functionKey ? "[" : ""
    if kept.count < Self.longestSequence {
      tokens.append(
        .sequence(InputSequence(kind: isShort ? .escape : kind, body: bracket + body, final: scalar, text: whole)))
    }
    // A focus report, `CSI O`, begins a few function keys as well.
    let isLonger = kind == .escape || (kind == .control && scalar == "O" && body.isEmpty)
    reset()
    swallowsRun = isLonger && scalar.value > 0x20
  }

  /// `CSI [` has one more byte (function keys of Linux' console), and `CSI M` the three of a mouse report.
  private mutating func finishControl(_ scalar: Unicode.Scalar) {
    if scalar == "[", kept.isEmpty {
      state = .functionKey
      introducer += "["
    } else if scalar == "M", kept.isEmpty {
      state = .mouse
      mouse.removeAll()
    } else if scalar == "~", String(kept) == "200" {
      reset()
      state = .paste
    } else {
      finish(scalar)
    }
  }

  private mutating func endString(_ scalar: Unicode.Scalar) {
    if state == .stringEscape {
      if scalar == "\\" { reset() } else { introduce(scalar) }
    } else if scalar.value == 7, stringEndsAtBell {
      reset()
    }
  }

  private mutating func reset() {
    state = .text
    kind = .escape
    late = nil
    introducer = ""
    kept.removeAll()
    mouse.removeAll()
    pasted.removeAll()
    matched = 0
  }

  // MARK: Mouse and paste

  /// Button, column and row, a byte each; xterm's mode 1005 writes those above 95 as two bytes of UTF-8.
  private mutating func takeMouse(_ byte: UInt8) {
    mouse.append(byte)
    var values: [Int] = []
    var i = 0
    while i < mouse.count {
      let isLead = (0xC2...0xDF).contains(mouse[i])
      if isLead, i + 1 == mouse.count { return }
      if isLead, (0x80..<0xC0).contains(mouse[i + 1]) {
        values.append(Int(mouse[i] & 0x1F) << 6 | Int(mouse[i + 1] & 0x3F))
        i += 2
      } else {
        values.append(Int(mouse[i]))
        i += 1
      }
    }
    guard values.count >= 3 else { return }
    reset()
    tokens.append(.mouseBytes(button: values[0], column: values[1], row: values[2]))
  }

  private mutating func takePasted(_ byte: UInt8) {
    if byte == Self.endOfPaste[matched] {
      matched += 1
      guard matched == Self.endOfPaste.count else { return }
      let text = String(decoding: pasted, as: UTF8.self)
      reset()
      tokens.append(.paste(text))
      return
    }
    let held = Self.endOfPaste.prefix(matched) + (byte == 0x1B ? [] : [byte])
    matched = byte == 0x1B ? 1 : 0
    if pasted.count + held.count <= Self.longestPaste { pasted += held }
  }
}

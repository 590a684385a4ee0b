import Dashboard
import Foundation
import Ground
import Testing

/// What terminals send, taken apart: keys are keys wherever links cut them, and everything else is swallowed whole.
@Suite struct InputParserTests {
  /// A terminal whose bytes come in parts, with pauses in milliseconds before each.
  struct Line {
    var parser = InputParser()
    var decoder = KeyDecoder()
    private var now = MonotonicTime(nanoseconds: 1_000_000_000)
    private(set) var keys: [Key] = []

    /// Lets the time pass, as the main loop does: it wakes when something is due.
    mutating func wait(_ milliseconds: Double) {
      let end = MonotonicTime(nanoseconds: now.nanoseconds + Int64(saturating: milliseconds * 1e6))
      while let deadline = parser.deadline, deadline <= end {
        now = deadline
        keys += parser.expire(now: now).compactMap { decoder.key(for: $0) }
      }
      now = end
    }

    mutating func send(_ bytes: some Collection<UInt8>) {
      keys += parser.feed(bytes, now: now).compactMap { decoder.key(for: $0) }
    }

    mutating func send(_ text: String) { send(text.utf8) }
  }

  static func keys(_ parts: String..., pause: Double = 0) -> [Key] {
    var line = Line()
    for part in parts {
      line.send(part)
      line.wait(pause)
    }
    line.wait(10_000)
    return line.keys
  }

  static let known: [(String, Key)] = [
    ("\u{1B}[A", .up), ("\u{1B}OA", .up), ("\u{1B}[1;5C", .right), ("\u{1B}[1;2D", .left), ("\u{1B}[1;3:1B", .down),
    ("\u{1B}O5C", .right), ("\u{1B}[5~", .pageUp), ("\u{1B}[6;5~", .pageDown), ("\u{1B}[H", .home), ("\u{1B}OF", .end),
    ("\u{1B}[1~", .home), ("\u{1B}[8~", .end), ("\u{1B}[3~", .delete), ("\u{1B}[Z", .backTab),
    ("\u{1B}OP", .function(1)),
    ("\u{1B}[[A", .function(1)), ("\u{1B}[12~", .function(2)), ("\u{1B}[24~", .function(12)), ("\u{1B}OM", .enter),
    ("\u{1B}[27u", .escape), ("\u{1B}[13u", .enter), ("\u{1B}[9;2u", .backTab), ("\u{1B}[0n", .status),
    ("\u{1B}[?2026;2$y", .synchronisedOutput(true)), ("\u{1B}[?2026;0$y", .synchronisedOutput(false)),
    ("\u{1B}[<0;11;6M", .mouse(.left, x: 10, y: 5)), ("\u{1B}[<64;1;1M", .mouse(.wheelUp, x: 0, y: 0)),
    ("\u{1B}[<32;3;2M", .drag(x: 2, y: 1)), ("\u{1B}[<0;11;6m", .released),
    ("\u{1B}[32;11;6M", .mouse(.left, x: 10, y: 5)),
    ("\u{1B}[M +&", .mouse(.left, x: 10, y: 5)), ("\u{1B}[M#+&", .released),
    ("\u{1B}[M \u{C3}&", .mouse(.left, x: 162, y: 5)),
    ("\u{9B}A", .up), ("\u{8F}A", .up), ("é", .character("é")), ("木", .character("木")), ("🙂", .character("🙂")),
    ("\u{1B}[200~one\ntwo\u{1B}[201~", .paste("one\ntwo")),
    ("\u{1B}[200~\u{1B}[A\u{1B}\u{1B}[201~", .paste("\u{1B}[A\u{1B}")),
  ]

  static let unknown: [String] = [
    "\u{1B}[I", "\u{1B}[O", "\u{1B}[1;1:3C", "\u{1B}[114u", "\u{1B}[114;5u", "\u{1B}[57358;1:2u", "\u{1B}[27;5;114~",
    "\u{1B}[>0;276;0c", "\u{1B}[?64;1;2;6;22c", "\u{1B}P>|XTerm(379)\u{1B}\\", "\u{1B}P1$r0m\u{1B}\\", "\u{1B}[24;80R",
    "\u{1B}[?1u", "\u{1B}]10;rgb:ffff/0000/0000\u{1B}\\", "\u{1B}]11;rgb:0/0/0\u{7}", "\u{1B}]52;c;cXI=\u{9C}",
    "\u{1B}_Gi=31;OK\u{1B}\\", "\u{1B}^private\u{1B}\\", "\u{1B}Xsos\u{1B}\\", "\u{90}q#0;2\u{9C}", "\u{9D}0;r\u{7}",
    "\u{9F}r\u{9C}",
    "\u{1B}r", "\u{1B}q", "\u{1B}\r", "\u{1B}é", "\u{1B}Oq", "\u{1B}Nr", "\u{1B}?p", "\u{1B}(B", "\u{1B}#8",
    "\u{1B}&p1",
    "\u{1B}[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19r", "\u{1B}[?2026;2$z",
    "\u{1B}[999999999999999999999999A~".dropLast(2) + "r",
    "\u{1B}[<0;0;0M", "\u{1B}[<0;99999;1M", "\u{1B}[<35;5;5M", "\u{1B}[<128;5;5M", "\u{1B}[1;2M", "\u{1B}[201~",
    "\u{1B}[2~",
    "\u{1B}[" + String(repeating: "1;", count: 400) + "r",
    "\u{1B}]52;c;" + String(repeating: "r", count: 100_000) + "\u{7}",
    "\u{1B}]0;✜r 木\u{1B}\\", "\u{1B}[ q", "\u{1B}[!p", "\u{1B}[=1r", "\u{1B}[1\u{18}", "\u{1B}P\u{1A}", "\u{1B}\u{18}",
  ].map { String($0) }

  @Test func keysAreKnownInEveryForm() {
    for (text, key) in Self.known { #expect(Self.keys(text) == [key], "\(text.debugDescription)") }
  }

  @Test func whatIsUnknownIsSwallowedWhole() {
    for text in Self.unknown {
      // CAN and SUB end a sequence; they are keys only elsewhere.
      #expect(Self.keys(text, "+") == [.character("+")], "\(text.prefix(40).debugDescription)")
    }
  }

  /// A slow link delivers a sequence in parts. Of one that is cut after its ESC the Esc key may have come before.
  @Test(arguments: [0.0, 20, 60, 200, 400])
  func whereALinkCutsDoesNotMatter(pause: Double) {
    for (text, key) in Self.known.map({ ($0.0, [$0.1]) }) + Self.unknown.map({ ($0, []) }) where text.utf8.count < 60 {
      let bytes = Array(text.utf8)
      for place in 1..<max(1, bytes.count) {
        // Alt with a key cannot be told from Esc and a key after a pause.
        if text.hasPrefix("\u{1B}&") { continue }
        if place == 1, bytes[0] == 0x1B, !"[ONP]X^_?".utf8.contains(bytes[1]) { continue }
        // Nor is a string that a pause cuts after its ESC one that began.
        if place == 1, bytes[0] == 0x1B, !"[O".utf8.contains(bytes[1]), pause > 40 { continue }
        var line = Line()
        line.send(bytes[..<place])
        line.wait(pause)
        line.send(bytes[place...])
        line.wait(5000)
        let hasEscape = line.keys.first == .escape && place == 1 && line.keys != [.escape]
        #expect(
          Array(line.keys.dropFirst(hasEscape || (place == 1 && key.isEmpty) ? 1 : 0)) == key,
          "\(text.debugDescription) cut at \(place)")
      }
    }
  }

  @Test(arguments: [60.0, 120, 400])
  func aSequenceMayComeByteByByte(pause: Double) {
    for (text, key) in Self.known where text.hasPrefix("\u{1B}[") || text.hasPrefix("\u{1B}O") {
      var line = Line()
      for byte in text.utf8 {
        line.send([byte])
        line.wait(pause)
      }
      line.wait(5000)
      // In a paste an ESC alone is the Esc key, which leaves it.
      if case .paste = key { continue }
      #expect(line.keys.filter { $0 != .escape || key == .escape }.suffix(1) == [key], "\(text.debugDescription)")
      #expect(line.keys.count <= 2, "\(text.debugDescription): \(line.keys)")
    }
  }

  @Test func escIsAKeyOfItsOwn() {
    #expect(Self.keys("\u{1B}") == [.escape])
    #expect(Self.keys("\u{1B}", "m", pause: 100) == [.escape, .character("m")])
    #expect(Self.keys("\u{1B}", "m", pause: 5) == [.escape, .character("m")], "no terminal sends Alt-m in two parts")
    #expect(Self.keys("\u{1B}", "\u{1B}", pause: 5) == [.escape, .escape])
    #expect(Self.keys("\u{1B}", "[", pause: 2000) == [.escape, .character("[")])
    #expect(Self.keys("\u{1B}", "[", pause: 700) == [.escape, .character("[")], "a key shortly after Esc is not lost")
    #expect(Self.keys("\u{1B}", "O", "\u{1B}[B", pause: 200) == [.escape, .character("O"), .down])
    #expect(Self.keys("\u{1B}\u{1B}[A") == [.up], "Alt with an arrow")
    var line = Line()
    line.parser.escapeWait = 200
    line.send("\u{1B}")
    line.wait(150)
    line.send("[1;5C")
    #expect(line.keys == [.right], "over a slow link an Esc waits longer")
  }

  /// What never ends does not take the keys away for good.
  @Test func anUnfinishedSequenceIsGivenUp() {
    for start in [
      "\u{1B}[", "\u{1B}[1;", "\u{1B}]0;", "\u{1B}P", "\u{1B}_", "\u{1B}O", "\u{1B}[M", "\u{1B}[[", "\u{1B}(", "\u{C3}",
      "\u{9B}",
    ] {
      let bytes = start == "\u{C3}" ? [0xC3] : Array(start.utf8)
      var line = Line()
      line.send(bytes)
      line.wait(2500)
      line.send("m")
      #expect(line.keys == [.character("m")], "\(start.debugDescription)")
    }
    #expect(Self.keys("\u{1B}]0;", "\u{1B}", "m", pause: 2500) == [.escape, .character("m")])
    #expect(Self.keys("\u{1B}[200~half", "m", pause: 6000) == [.character("m")])
    #expect(
      Self.keys("\u{1B}[200~half", "\u{1B}", "m", pause: 100) == [.escape, .character("m")], "Esc leaves a paste")
  }

  @Test func aPasteIsBounded() {
    guard
      case .paste(let text)? = Self.keys("\u{1B}[200~" + String(repeating: "r", count: 1_000_000) + "\u{1B}[201~").first
    else {
      Issue.record("no paste")
      return
    }
    #expect(text.utf8.count == InputParser.longestPaste)
  }

  @Test func theTerminalsOwnDescriptionCounts() {
    var line = Line()
    line.decoder = KeyDecoder(described: ["\u{1B}[a": .up, "\u{0B}": .up, "\u{1B}p": .function(1)])
    line.send("\u{1B}[a\u{0B}\u{1B}p\u{1B}q")
    #expect(line.keys == [.up, .up, .function(1)])
  }

  // MARK: Many sequences

  struct Random: RandomNumberGenerator {
    var state: UInt64 = 88_172_645_463_325_252
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  /// A sequence after the grammar of ECMA-48, of any kind.
  static func anySequence(_ random: inout Random) -> [UInt8] {
    func run(_ range: ClosedRange<UInt8>, _ most: Int, _ random: inout Random) -> [UInt8] {
      (0..<Int.random(in: 0...most, using: &random)).map { _ in UInt8.random(in: range, using: &random) }
    }
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1, 2:
      var final = UInt8.random(in: 0x40...0x7E, using: &random)
      let body = run(0x30...0x3F, 8, &random) + run(0x20...0x2F, 2, &random)
      // These announce more: a function key, a mouse report, a paste.
      if body.isEmpty, [UInt8(ascii: "["), UInt8(ascii: "M")].contains(final) { final = UInt8(ascii: "r") }
      return (Bool.random(using: &random) ? [0x1B, 0x5B] : [0xC2, 0x9B]) + body + [final]
    case 3:
      let text = run(0x20...0x7E, 40, &random)
      return [0x1B] + [Array("P]X^_".utf8).randomElement(using: &random) ?? 0x50] + text + [0x1B, 0x5C]
    case 4:
      return [0x1B, [0x4E, 0x4F].randomElement(using: &random) ?? 0x4F] + [
        UInt8.random(in: 0x40...0x7E, using: &random)
      ]
    default: return [0x1B] + run(0x20...0x2F, 2, &random) + [UInt8.random(in: 0x60...0x7E, using: &random)]
    }
  }

  private static func isHarmless(_ key: Key) -> Bool {
    switch key {
    case .character, .control: false
    default: true
    }
  }

  @Test func noRandomSequenceBecomesACharacter() {
    var random = Random()
    var line = Line()
    for _ in 0..<100_000 {
      let bytes = Self.anySequence(&random)
      guard bytes != Array("\u{1B}[200~".utf8) else { continue }
      let before = line.keys.count
      let cut = Int.random(in: 2...max(2, bytes.count), using: &random)
      line.send(bytes.prefix(cut))
      line.wait(Double.random(in: 0...100, using: &random))
      if cut < bytes.count { line.send(bytes.dropFirst(cut)) }
      line.wait(60)
      #expect(
        line.keys[before...].allSatisfy(Self.isHarmless), "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }
  }

  /// Bytes at random, which are no sequences: they do not end the program and do not take the keys away.
  @Test func anyBytesAreSurvived() {
    var random = Random()
    for _ in 0..<2000 {
      var line = Line()
      line.send((0..<200).map { _ in UInt8.random(in: 0...255, using: &random) })
      line.wait(6000)
      line.send("m")
      #expect(line.keys.last == .character("m"))
    }
  }

  /// The keys of every terminal that this machine has a description of, on a terminal of another type.
  @Test func noKeyOfAnyTerminalIsTakenApart() throws {
    let sequences = try Self.describedSequences()
    guard sequences.count > 500 else {
      print("skipped: few terminal descriptions are installed (Debian: ncurses-term)")
      return
    }
    for sequence in sequences where sequence.first == 0x1B {
      var line = Line()
      line.send(sequence)
      line.wait(2000)
      // Some old terminals end a function key with Enter.
      // PF1 and another key are two keys.
      let keys = line.keys.first == .function(1) ? line.keys.dropFirst(2) : line.keys[...]
      #expect(
        keys.allSatisfy { Self.isHarmless($0) || KeyTable.action(for: $0) == nil },
        "\(String(decoding: sequence, as: UTF8.self).debugDescription): \(line.keys)")
    }
  }

  /// Every key of all terminfo entries, by infocmp(1).
  private static func describedSequences() throws -> Set<[UInt8]> {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    let script =
      "ls /usr/share/terminfo/*/* /lib/terminfo/*/* 2>/dev/null | xargs -n1 basename | sort -u | xargs -n1 infocmp -1 -x 2>/dev/null"
    process.arguments = ["-c", script + " | grep -aE '^\\s+k[A-Za-z0-9]+=' | sort -u"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Set(
      text.split(separator: "\n").compactMap { line in
        let value = line.trimmingCharacters(in: .whitespaces).dropLast().drop { $0 != "=" }.dropFirst()
        return value.contains("$<") ? nil : bytes(ofCapability: value)
      })
  }

  /// A string capability as terminfo(5) writes it.
  private static func bytes(ofCapability text: Substring) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "^"): if let next = rest.popFirst() { bytes.append(next & 31) }
      case UInt8(ascii: "\\"):
        guard let next = rest.popFirst() else { return bytes }
        switch next {
        case UInt8(ascii: "E"), UInt8(ascii: "e"): bytes.append(0x1B)
        case UInt8(ascii: "r"): bytes.append(13)
        case UInt8(ascii: "n"): bytes.append(10)
        case UInt8(ascii: "t"): bytes.append(9)
        case UInt8(ascii: "b"): bytes.append(8)
        case UInt8(ascii: "s"): bytes.append(32)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
          let octal = [next] + rest.prefix(2)
          rest = rest.dropFirst(2)
          bytes.append(UInt8(String(decoding: octal, as: UTF8.self), radix: 8) ?? 0)
        default: bytes.append(next)
        }
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}

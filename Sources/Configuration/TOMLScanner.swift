import Ground

/// Reads the words of a TOML 1.0 text: keys and values, byte by byte, counting lines.
///
/// Written here because the parsers at hand abort on malformed text, and manifests come from anywhere.
struct TOMLScanner {
  /// What is wrong, and on which line.
  struct Problem: Error {
    var line: Int
    var what: String
  }

  /// Lists and inline tables nest no deeper.
  private static let depthLimit = 32
  /// A dotted key has fewer parts, and its parts together no more bytes: every key's path is kept for error messages.
  static let keyPartLimit = 32
  static let keyByteLimit = 512

  private let bytes: [UInt8]
  private var position = 0
  private(set) var line = 1

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position >= bytes.count }
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func problem(_ what: String) -> Problem { Problem(line: line, what: what) }

  func starts(with text: StaticString) -> Bool {
    guard bytes.count - position >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where bytes[position + index] != text.utf8Start[index] { return false }
    return true
  }

  mutating func advance(_ count: Int = 1) {
    for _ in 0..<count where position < bytes.count {
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      position += 1
    }
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    advance()
    return true
  }

  mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(Problem) {
    guard take(character) else { throw problem(what) }
  }

  mutating func skipBlanks() {
    while let byte = next, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { advance() }
  }

  /// Skips blanks, line ends and comments.
  mutating func skipLines() {
    while let byte = next {
      if byte == UInt8(ascii: "#") {
        while let byte = next, byte != UInt8(ascii: "\n") { advance() }
      } else if " \t\r\n".utf8.contains(byte) {
        advance()
      } else {
        return
      }
    }
  }

  /// Nothing but a comment may follow on a line.
  mutating func endLine() throws(Problem) {
    skipBlanks()
    if next == UInt8(ascii: "#") { while let byte = next, byte != UInt8(ascii: "\n") { advance() } }
    if next == UInt8(ascii: "\r") { advance() }
    guard isAtEnd || next == UInt8(ascii: "\n") else { throw problem("unexpected text after the value") }
    advance()
  }

  /// The parts of a dotted key, of limited number and length.
  mutating func key() throws(Problem) -> [String] {
    var parts: [String] = []
    var byteCount = 0
    repeat {
      skipBlanks()
      switch next {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): parts.append(try string())
      default:
        let start = position
        while let byte = next, TOMLScanner.isBare(byte) { advance() }
        guard position > start else { throw problem("a key is missing") }
        parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
      }
      byteCount += parts.last?.utf8.count ?? 0
      guard byteCount <= TOMLScanner.keyByteLimit else {
        throw problem("a key is longer than \(TOMLScanner.keyByteLimit) bytes")
      }
      guard parts.count < TOMLScanner.keyPartLimit else { throw problem("keys nest too deeply") }
      skipBlanks()
    } while take(".")
    return parts
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  mutating func value(depth: Int = 0) throws(Problem) -> ConfigValue {
    guard depth < TOMLScanner.depthLimit else { throw problem("lists nest too deeply") }
    skipBlanks()
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
    case UInt8(ascii: "["): return try list(depth)
    case UInt8(ascii: "{"): return try inlineTable(depth)
    default: return try word()
    }
  }

  private mutating func list(_ depth: Int) throws(Problem) -> ConfigValue {
    advance()
    var items: [ConfigValue] = []
    while true {
      skipLines()
      if take("]") { return .array(items) }
      items.append(try value(depth: depth + 1))
      skipLines()
      if take(",") { continue }
      try expect("]", "a list is missing ',' or ']'")
      return .array(items)
    }
  }

  private mutating func inlineTable(_ depth: Int) throws(Problem) -> ConfigValue {
    advance()
    let table = TOMLTable()
    skipBlanks()
    if take("}") { return .table([:]) }
    while true {
      let path = try key()
      try expect("=", "a key is missing '='")
      let item = try value(depth: depth + 1)
      guard table.insert(item, path) else {
        throw problem("'\(path.joined(separator: "."))' is given twice")
      }
      skipBlanks()
      if take(",") { continue }
      try expect("}", "an inline table is missing ',' or '}'")
      return .table(table.value)
    }
  }

  /// true, false, a number, or a date.
  private mutating func word() throws(Problem) -> ConfigValue {
    let start = position
    while let byte = next, TOMLScanner.isBare(byte) || "+.:".utf8.contains(byte) { advance() }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch text {
    case "": throw problem("a value is missing")
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    if let number = TOMLScanner.number(text) { return number }
    // 1979-05-27, 07:32:00 and both together: no field takes them.
    if text.utf8.first.map({ (48...57).contains($0) }) == true,
      text.contains(":") || text.split(separator: "-").count == 3
    {
      return .other
    }
    throw problem("'\(text.prefix(40))' is not a value (strings need quotation marks)")
  }

  private static func number(_ text: String) -> ConfigValue? {
    let digits = text.filter { $0 != "_" }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      return Int(digits.dropFirst(2), radix: radix).map(ConfigValue.int)
    }
    let unsigned = digits.drop { $0 == "+" || $0 == "-" }
    if ["inf", "nan"].contains(unsigned) {
      return .double(unsigned == "nan" ? .nan : digits.hasPrefix("-") ? -.infinity : .infinity)
    }
    guard let first = unsigned.utf8.first, (48...57).contains(first), !digits.hasSuffix(".") else { return nil }
    // TOML 1.0, "Integer": leading zeros are not allowed.
    let whole = unsigned.utf8.prefix { (48...57).contains($0) }
    guard whole.count == 1 || first != 48 else { return nil }
    guard unsigned.allSatisfy({ $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }) else { return nil }
    if let int = Int(digits) { return .int(int) }
    guard !unsigned.allSatisfy(\.isNumber) else { return nil }
    return Double(digits).map(ConfigValue.double)
  }

  /// Any of the four kinds of string, at its first quotation mark.
  private mutating func string() throws(Problem) -> String {
    let isLiteral = next == UInt8(ascii: "'")
    let isLong = isLiteral ? starts(with: "'''") : starts(with: "\"\"\"")
    advance(isLong ? 3 : 1)
    if isLong {
      if next == UInt8(ascii: "\r") { advance() }
      if next == UInt8(ascii: "\n") { advance() }
    }
    var result: [UInt8] = []
    while let byte = next {
      if isLong
        ? (isLiteral ? starts(with: "'''") : starts(with: "\"\"\"")) : byte == UInt8(ascii: isLiteral ? "'" : "\"")
      {
        advance(isLong ? 3 : 1)
        // Up to two quotation marks may stand right before the closing three.
        for _ in 0..<2 where isLong && next == UInt8(ascii: isLiteral ? "'" : "\"") {
          result.append(UInt8(ascii: isLiteral ? "'" : "\""))
          advance()
        }
        return String(decoding: result, as: UTF8.self)
      }
      guard isLong || byte != UInt8(ascii: "\n") else { throw problem("a string is not closed") }
      advance()
      if byte == UInt8(ascii: "\\"), !isLiteral {
        try escape(into: &result)
      } else {
        result.append(byte)
      }
    }
    throw problem("a string is not closed")
  }

  private mutating func escape(into result: inout [UInt8]) throws(Problem) {
    guard let byte = next else { throw problem("a string is not closed") }
    advance()
    switch Unicode.Scalar(byte) {
    case "n": result.append(10)
    case "t": result.append(9)
    case "r": result.append(13)
    case "b": result.append(8)
    case "f": result.append(12)
    case "e": result.append(27)
    case "\"", "\\": result.append(byte)
    case "\n", "\r", " ", "\t":
      // A backslash at the end of a line joins it with the next.
      while let byte = next, " \t\r\n".utf8.contains(byte) { advance() }
    case "u", "U":
      let count = byte == UInt8(ascii: "u") ? 4 : 8
      let digits = String(decoding: bytes[position..<min(position + count, bytes.count)], as: UTF8.self)
      guard digits.utf8.count == count, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
        throw problem("'\\\(Character(Unicode.Scalar(byte)))' must be followed by the number of a character")
      }
      advance(count)
      result.append(contentsOf: Array(String(scalar).utf8))
    default:
      throw problem("'\\\(Character(Unicode.Scalar(byte)))' is not an escape sequence (write the backslash twice)")
    }
  }
}

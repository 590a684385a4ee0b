import Ground

/// A byte of UTF-8 text, written in code as the ASCII character that it is.
private struct Octet: Hashable, Comparable, ExpressibleByUnicodeScalarLiteral {
  var value: UInt8

  init(_ value: UInt8) { self.value = value }
  init(unicodeScalarLiteral scalar: Unicode.Scalar) { value = UInt8(truncatingIfNeeded: scalar.value) }

  static func < (a: Octet, b: Octet) -> Bool { a.value < b.value }

  /// The value of a hexadecimal digit.
  var digit: UInt32? {
    switch self {
    case "0"..."9": UInt32(value) - 0x30
    case "a"..."f": UInt32(value) - 0x57
    case "A"..."F": UInt32(value) - 0x37
    default: nil
    }
  }
}

/// Reads one Python literal, by bytes of UTF-8: all of its syntax is ASCII, and a combining mark behind a quote belongs to the
/// text, not to the quote.
struct PythonLiteralParser {
  private static let lengthLimit = 1 << 25
  private static let depthLimit = 32

  private let octets: [Octet]
  private var at = 0
  private var depth = 0
  private let isTooLong: Bool

  init(_ text: String) {
    isTooLong = text.utf8.count > PythonLiteralParser.lengthLimit
    octets = isTooLong ? [] : text.utf8.map { Octet($0) }
  }

  mutating func parse() throws(PythonLiteral.Failure) -> PythonLiteral {
    if isTooLong { throw failure("a text that is too long begins") }
    let value = try value()
    skipSpace()
    if at < octets.count { throw failure("more text than one value begins") }
    return value
  }

  private func failure(_ what: String) -> PythonLiteral.Failure { PythonLiteral.Failure(what: what, offset: at) }

  private var next: Octet? { at < octets.count ? octets[at] : nil }

  private func peek(_ distance: Int) -> Octet? {
    at + distance < octets.count ? octets[at + distance] : nil
  }

  private mutating func skipSpace() {
    while let octet = next, octet == " " || octet == "\n" || octet == "\t" || octet == "\r" { at += 1 }
  }

  /// Takes a sign of punctuation if it comes next.
  private mutating func take(_ octet: Octet) -> Bool {
    skipSpace()
    guard next == octet else { return false }
    at += 1
    return true
  }

  private mutating func value() throws(PythonLiteral.Failure) -> PythonLiteral {
    depth += 1
    defer { depth -= 1 }
    guard depth <= PythonLiteralParser.depthLimit else { throw failure("a value nests too deeply") }
    skipSpace()
    guard let octet = next else { throw failure("the text ends where a value is due") }
    switch octet {
    case "{": return try braces()
    case "[": return .list(try items(until: "]").items)
    case "(":
      let (items, hasComma) = try items(until: ")")
      return items.count == 1 && !hasComma ? items[0] : .list(items)
    default:
      if startsString { return .string(try strings()) }
      if isNamePart(octet), !isDigit(octet) { return try word() }
      return try number()
    }
  }

  /// The values up to a closing bracket, and whether a comma stands among them.
  private mutating func items(
    until end: Octet
  ) throws(PythonLiteral.Failure) -> (items: [PythonLiteral], hasComma: Bool) {
    at += 1
    var items: [PythonLiteral] = []
    var hasComma = false
    while !take(end) {
      items.append(try value())
      if take(",") {
        hasComma = true
      } else if !take(end) {
        throw failure("a comma or '\(Character(Unicode.Scalar(end.value)))' is missing")
      } else {
        break
      }
    }
    return (items, hasComma)
  }

  /// A dict or a set.
  private mutating func braces() throws(PythonLiteral.Failure) -> PythonLiteral {
    at += 1
    var pairs: [PythonLiteral.Pair] = []
    var items: [PythonLiteral] = []
    while !take("}") {
      let key = try value()
      if take(":") { pairs.append(PythonLiteral.Pair(key: key, value: try value())) } else { items.append(key) }
      guard pairs.isEmpty || items.isEmpty else { throw failure("a ':' is missing") }
      if take(",") { continue }
      guard take("}") else { throw failure("a comma or '}' is missing") }
      break
    }
    return items.isEmpty ? .table(pairs) : .list(items)
  }

  /// A constant by its name, or a call, which counts as its argument.
  private mutating func word() throws(PythonLiteral.Failure) -> PythonLiteral {
    let start = at
    while let octet = next, isNamePart(octet) || octet == "." { at += 1 }
    let name = text(start..<at)
    switch name {
    case "None", "null": return .none
    case "True", "true": return .bool(true)
    case "False", "false": return .bool(false)
    case "nan", "NaN", "inf", "Infinity": return .number(name)
    default: break
    }
    skipSpace()
    guard next == "(" else {
      at = start
      throw failure("a word without quotes stands")
    }
    let arguments = try items(until: ")").items
    return arguments.last ?? .table([])
  }

  private mutating func number() throws(PythonLiteral.Failure) -> PythonLiteral {
    let start = at
    while next == "-" || next == "+" { at += 1 }
    let isNegative = octets[start..<at].count { $0 == "-" } % 2 == 1
    let digits = at
    while let octet = next {
      let isExponentSign = (octet == "-" || octet == "+") && (octets[at - 1] == "e" || octets[at - 1] == "E")
      guard isNamePart(octet) || octet == "." || (isExponentSign && at > digits) else { break }
      at += 1
    }
    let body = text(digits..<at).filter { $0 != "_" }
    let sign = isNegative ? "-" : ""
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where body.lowercased().hasPrefix(prefix) {
      if let value = Int(sign + body.dropFirst(2), radix: radix) { return .integer(value) }
    }
    if let value = Int(sign + body) { return .integer(value) }
    if let value = Double(sign + body) {
      return .number(body.allSatisfy(\.isNumber) ? sign + body : "\(value)")
    }
    at = start
    throw failure("a value that cannot be read begins")
  }

  private func isDigit(_ octet: Octet) -> Bool { ("0"..."9").contains(octet) }

  private func isNamePart(_ octet: Octet) -> Bool {
    isDigit(octet) || ("a"..."z").contains(octet) || ("A"..."Z").contains(octet) || octet == "_"
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: octets[range].lazy.map(\.value), as: UTF8.self)
  }
}

// MARK: strings

extension PythonLiteralParser {
  private static let quotes: [Octet] = ["'", "\""]
  private static let prefixes: [Octet] = ["r", "R", "b", "B", "u", "U", "f", "F"]

  /// How many letters of a prefix (r, b, u, f in any order) stand before a quote here; nil where no string begins.
  private var prefixLength: Int? {
    for length in 0...2 {
      guard let octet = peek(length) else { return nil }
      if PythonLiteralParser.quotes.contains(octet) { return length }
      guard PythonLiteralParser.prefixes.contains(octet) else { return nil }
    }
    return nil
  }

  private var startsString: Bool { prefixLength != nil }

  /// A string and those that stand right behind it, put together.
  private mutating func strings() throws(PythonLiteral.Failure) -> String {
    var units: [UInt8] = []
    while let length = prefixLength {
      let prefix = text(at..<at + length).lowercased()
      at += length
      try string(isRaw: prefix.contains("r"), isBytes: prefix.contains("b"), into: &units)
      skipSpace()
    }
    return String(decoding: units, as: UTF8.self)
  }

  /// - Parameter units: UTF-8; of bytes literals the bytes themselves.
  private mutating func string(
    isRaw: Bool, isBytes: Bool, into units: inout [UInt8]
  ) throws(PythonLiteral.Failure) {
    let start = at
    let quote = octets[at]
    let isTriple = peek(1) == quote && peek(2) == quote
    at += isTriple ? 3 : 1
    while let octet = next {
      if octet == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
        at += isTriple ? 3 : 1
        return
      }
      at += 1
      guard octet == "\\" else {
        append(octet, to: &units)
        continue
      }
      if isRaw {
        append(octet, to: &units)
        if let following = next {
          append(following, to: &units)
          at += 1
        }
      } else {
        escape(isBytes: isBytes, into: &units)
      }
    }
    at = start
    throw failure("a string without an end begins")
  }

  private func append(_ octet: Octet, to units: inout [UInt8]) { units.append(octet.value) }

  private static let letters: [Octet: Octet] = [
    "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
    "v": "\u{B}",
  ]

  /// The characters after a backslash; unknown escapes keep the backslash, as in Python.
  private mutating func escape(isBytes: Bool, into units: inout [UInt8]) {
    guard let octet = next else { return }
    if let plain = PythonLiteralParser.letters[octet] {
      at += 1
      append(plain, to: &units)
      return
    }
    if octet == "\n" {
      at += 1
      return
    }
    if ("0"..."7").contains(octet) {
      let code = digits(upTo: 3, radix: 8)
      add(code, isBytes: isBytes, to: &units)
      return
    }
    let lengths: [Octet: Int] = isBytes ? ["x": 2] : ["x": 2, "u": 4, "U": 8]
    if let length = lengths[octet], hexadecimal(at + 1, length) != nil {
      at += 1
      var code = digits(upTo: length, radix: 16)
      // JSON writes what lies beyond 16 bits as two surrogates.
      if (0xD800..<0xDC00).contains(code), next == "\\", peek(1) == "u", let low = hexadecimal(at + 2, 4),
        (0xDC00..<0xE000).contains(low)
      {
        at += 6
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      add(code, isBytes: isBytes, to: &units)
      return
    }
    append("\\", to: &units)
  }

  private func add(_ code: UInt32, isBytes: Bool, to units: inout [UInt8]) {
    if isBytes {
      units.append(UInt8(truncatingIfNeeded: code))
    } else {
      units.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
    }
  }

  private mutating func digits(upTo count: Int, radix: UInt32) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<count {
      guard let octet = next, let digit = octet.digit, digit < radix else { break }
      code = code << (radix == 16 ? 4 : 3) | digit
      at += 1
    }
    return code
  }

  /// The number that exactly `count` hexadecimal digits from `index` on make.
  private func hexadecimal(_ index: Int, _ count: Int) -> UInt32? {
    guard index + count <= octets.count else { return nil }
    var code: UInt32 = 0
    for octet in octets[index..<index + count] {
      guard let digit = octet.digit else { return nil }
      code = code << 4 | digit
    }
    return code
  }
}

import Ground

/// The header of a .npy file (numpy.lib.format, versions 1.0 to 3.0): a Python dictionary literal.
struct NpyHeader {
  /// The type letter of the `descr`: f, i, u, b, c, U or S.
  var kind: UInt8
  /// Bytes an element (for U: characters).
  var width: Int
  var isBigEndian: Bool
  var isFortranOrder: Bool
  var shape: [Int]

  static func malformed(_ what: String) -> InferenceError {
    InferenceError(.badInput, "not a valid .npy file: \(what)")
  }

  /// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
  init(_ text: String) throws {
    var parser = LiteralParser(text)
    var descr: String?
    var fortran: Bool?
    var extents: [Int]?
    try parser.expect("{")
    while !parser.accept("}") {
      let key = try parser.string()
      try parser.expect(":")
      switch key {
      case "descr": descr = try parser.string()
      case "fortran_order": fortran = try parser.boolean()
      case "shape": extents = try parser.tuple()
      default: throw NpyHeader.malformed("unknown key '\(key)'")
      }
      if !parser.accept(",") {
        try parser.expect("}")
        break
      }
    }
    guard let descr, let fortran, let extents else { throw NpyHeader.malformed("its header lacks a key") }
    isFortranOrder = fortran
    shape = extents
    let letters = Array(descr.utf8)
    guard letters.count >= 3, let width = Int(String(decoding: letters[2...], as: UTF8.self)), width >= 0,
      width < 1 << 24,
      [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: "=")].contains(letters[0])
    else { throw NpyHeader.malformed("unsupported element type '\(descr)'") }
    isBigEndian = letters[0] == UInt8(ascii: ">")
    kind = letters[1]
    self.width = width
  }

  /// The element type for fixed-size kinds; nil for text.
  func elementType() throws -> ElementType? {
    switch (kind, width) {
    case (UInt8(ascii: "f"), 2): .float16
    case (UInt8(ascii: "f"), 4): .float32
    case (UInt8(ascii: "f"), 8): .float64
    case (UInt8(ascii: "i"), 1): .int8
    case (UInt8(ascii: "i"), 2): .int16
    case (UInt8(ascii: "i"), 4): .int32
    case (UInt8(ascii: "i"), 8): .int64
    case (UInt8(ascii: "u"), 1): .uint8
    case (UInt8(ascii: "u"), 2): .uint16
    case (UInt8(ascii: "u"), 4): .uint32
    case (UInt8(ascii: "u"), 8): .uint64
    case (UInt8(ascii: "b"), 1): .bool
    case (UInt8(ascii: "c"), 8): .complex64
    case (UInt8(ascii: "c"), 16): .complex128
    case (UInt8(ascii: "U"), _), (UInt8(ascii: "S"), _): nil
    default:
      throw InferenceError(
        .unsupportedFeature,
        "element type '\(String(decoding: [kind], as: UTF8.self))\(width)' of a .npy file is not supported")
    }
  }

  /// The `descr` that NumPy uses for a type, or nil where it has none (bfloat16).
  static func descriptor(of type: ElementType) -> String? {
    switch type {
    case .float16: "<f2"
    case .float32: "<f4"
    case .float64: "<f8"
    case .int8: "|i1"
    case .int16: "<i2"
    case .int32: "<i4"
    case .int64: "<i8"
    case .uint8: "|u1"
    case .uint16: "<u2"
    case .uint32: "<u4"
    case .uint64: "<u8"
    case .bool: "|b1"
    case .complex64: "<c8"
    case .complex128: "<c16"
    case .bfloat16, .string: nil
    }
  }
}

/// The few Python literals that a header is made of.
private struct LiteralParser {
  private let text: [UInt8]
  private var position = 0

  init(_ text: String) { self.text = Array(text.utf8) }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
  }

  mutating func accept(_ symbol: Character) -> Bool {
    skipSpace()
    guard position < text.count, text[position] == symbol.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func expect(_ symbol: Character) throws {
    guard accept(symbol) else { throw NpyHeader.malformed("'\(symbol)' expected in its header") }
  }

  mutating func string() throws -> String {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: "'") || text[position] == UInt8(ascii: "\"") else {
      throw NpyHeader.malformed("text expected in its header")
    }
    let quote = text[position]
    guard let end = text[(position + 1)...].firstIndex(of: quote) else {
      throw NpyHeader.malformed("open quote in its header")
    }
    defer { position = end + 1 }
    return String(decoding: text[(position + 1)..<end], as: UTF8.self)
  }

  private mutating func word() -> String {
    skipSpace()
    let start = position
    while position < text.count, text[position].isAlphanumeric { position += 1 }
    return String(decoding: text[start..<position], as: UTF8.self)
  }

  mutating func boolean() throws -> Bool {
    switch word() {
    case "True": return true
    case "False": return false
    default: throw NpyHeader.malformed("True or False expected in its header")
    }
  }

  mutating func tuple() throws -> [Int] {
    try expect("(")
    var items: [Int] = []
    while !accept(")") {
      let digits = word()
      // Python 2 wrote long integers with a trailing L.
      guard let item = Int(digits.hasSuffix("L") ? String(digits.dropLast()) : digits), item >= 0,
        items.count < Tensor.rankLimit
      else { throw NpyHeader.malformed("bad shape") }
      items.append(item)
      if !accept(",") {
        try expect(")")
        break
      }
    }
    return items
  }
}

extension UInt8 {
  fileprivate var isAlphanumeric: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
  }
}

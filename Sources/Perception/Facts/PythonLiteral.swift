import Ground

/// A Python literal as `ast.literal_eval` reads it: what Ultralytics' exporter writes into a network file with `str(…)`.
///
/// Beyond Python, the words of JSON (`null`, `true`, `false`) and its surrogate pairs are read, and calls such as
/// `OrderedDict([…])` count as their argument.
indirect enum PythonLiteral: Equatable, Sendable {
  case none
  case bool(Bool)
  case integer(Int)
  /// A number that is not an integer of 64 bits, as Python prints it.
  case number(String)
  case string(String)
  /// A list, a tuple or a set.
  case list([PythonLiteral])
  /// A dict's pairs in their order.
  case table([Pair])

  struct Pair: Equatable, Sendable {
    var key: PythonLiteral
    var value: PythonLiteral
  }

  /// Why a text is not a literal, and where.
  struct Failure: Error, Equatable {
    var what: String
    /// Bytes of UTF-8 before the fault.
    var offset: Int

    var words: String { "\(what) at byte \(offset + 1)" }
  }

  /// - Throws: ``Failure`` where the text is not one literal, is longer than 32 MiB or nests deeper than 32.
  init(_ text: String) throws(Failure) {
    var parser = PythonLiteralParser(text)
    self = try parser.parse()
  }

  /// The value as Python's `str` writes it.
  var text: String {
    if case .string(let text) = self { return text }
    return written
  }

  /// The value as Python's `repr` writes it.
  private var written: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .number(let text): text
    case .string(let text): text.contains("'") && !text.contains("\"") ? "\"\(text)\"" : "'\(text)'"
    case .list(let items): "[" + items.map(\.written).joined(separator: ", ") + "]"
    case .table(let pairs): "{" + pairs.map { $0.key.written + ": " + $0.value.written }.joined(separator: ", ") + "}"
    }
  }

  /// The integer that a number or a string of digits is; nil for anything else.
  var wholeNumber: Int? {
    switch self {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    case .string(let text): Int(text.trimmingASCIISpace)
    case .number(let text): Double(text).flatMap { Int(exactly: $0) }
    case .none, .list, .table: nil
    }
  }

  /// The value of a dict's last pair with that key.
  subscript(key: String) -> PythonLiteral? {
    guard case .table(let pairs) = self else { return nil }
    return pairs.last { $0.key == .string(key) }?.value
  }
}

extension String {
  fileprivate var trimmingASCIISpace: String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" }
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}

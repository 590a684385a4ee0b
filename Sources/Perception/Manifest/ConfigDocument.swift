import TOMLKit

/// A value of a TOML file, free of the parser's own types.
public enum ConfigValue: Sendable, Hashable {
  case string(String)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case array([ConfigValue])
  case table([String: ConfigValue])
  /// Dates and times, which no field takes.
  case other

  /// What an error message calls it.
  var kind: String {
    switch self {
    case .string: "a string"
    case .int: "an integer"
    case .double: "a number"
    case .bool: "true or false"
    case .array: "a list"
    case .table: "a table"
    case .other: "a date"
    }
  }
}

/// A TOML file with the line of every key, so that errors can point at it.
struct ConfigDocument {
  let file: String
  let root: [String: ConfigValue]
  /// Line numbers from 1 by dotted path ("input.size"); elements of an array of tables count from 0 ("stage.0.model").
  let lines: [String: Int]

  /// Longer texts are no manifest.
  static let byteLimit = 1 << 20

  init(text: String, file: String) throws {
    guard text.utf8.count <= ConfigDocument.byteLimit else {
      throw PerceptionError(.badManifest, "the file is too large for a manifest", place: file)
    }
    self.file = file
    lines = try ConfigDocument.index(text, file)
    do {
      let table = try TOMLTable(string: text)
      root = withExtendedLifetime(table) { ConfigDocument.convert(table) }
    } catch let error as TOMLParseError {
      throw PerceptionError(
        .badManifest, "not valid TOML: \(error.description)", place: "\(file):\(error.source.begin.line)")
    }
  }

  private static func convert(_ table: TOMLTable) -> [String: ConfigValue] {
    var result: [String: ConfigValue] = [:]
    for key in table.keys { if let value = table[key] { result[key] = convert(value) } }
    return result
  }

  private static func convert(_ value: any TOMLValueConvertible) -> ConfigValue {
    switch value.type {
    case .string: value.string.map(ConfigValue.string) ?? .other
    case .int: value.int.map(ConfigValue.int) ?? .other
    case .double: value.double.map(ConfigValue.double) ?? .other
    case .bool: value.bool.map(ConfigValue.bool) ?? .other
    case .array: .array(value.array.map { array in array.map { convert($0) } } ?? [])
    case .table: .table(value.table.map(convert) ?? [:])
    case .date, .time, .dateTime: .other
    }
  }

  /// Finds the line of each key by reading the text once more: the parser does not tell.
  ///
  /// The parser aborts on a dot that nothing follows (an assertion of toml++), so that is found out here.
  private static func index(_ text: String, _ file: String) throws -> [String: Int] {
    var lines: [String: Int] = [:]
    var prefix = ""
    var counts: [String: Int] = [:]
    var scanner = LineScanner()
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let continues = scanner.continues
      let statement = scanner.read(line)
      if scanner.endsInDot {
        throw PerceptionError(.badManifest, "not valid TOML: nothing follows a dot", place: "\(file):\(number + 1)")
      }
      guard !continues, let statement else { continue }
      switch statement {
      case .table(let path):
        prefix = path + "."
        lines[path] = lines[path] ?? number + 1
      case .element(let path):
        let position = counts[path, default: 0]
        counts[path] = position + 1
        prefix = "\(path).\(position)."
        lines["\(path).\(position)"] = number + 1
        lines[path] = lines[path] ?? number + 1
      case .key(let path): lines[prefix + path] = number + 1
      }
    }
    return lines
  }
}

/// Reads TOML line by line, far enough to tell headers and keys from the insides of lists and long strings.
private struct LineScanner {
  enum Statement {
    case table(String)
    case element(String)
    case key(String)
  }

  /// Open brackets and braces.
  private var depth = 0
  /// The delimiter of an open multi-line string.
  private var quote: String?
  /// Whether a dot outside strings was followed by neither a key nor a digit.
  private(set) var endsInDot = false
  /// Whether the next line belongs to a statement that began before it.
  var continues: Bool { depth > 0 || quote != nil }

  mutating func read(_ line: Substring) -> Statement? {
    let trimmed = line.drop { $0 == " " || $0 == "\t" }
    var statement: Statement?
    if !continues {
      if trimmed.hasPrefix("[[") {
        statement = .element(LineScanner.path(trimmed.dropFirst(2).prefix { $0 != "]" }))
      } else if trimmed.hasPrefix("[") {
        statement = .table(LineScanner.path(trimmed.dropFirst().prefix { $0 != "]" }))
      } else if let equals = trimmed.firstIndex(of: "="), !trimmed.hasPrefix("#") {
        statement = .key(LineScanner.path(trimmed[..<equals]))
      }
    }
    follow(trimmed)
    return statement
  }

  private static func path(_ text: Substring) -> String {
    text.split(separator: ".").map { part in
      String(part.filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" })
    }.joined(separator: ".")
  }

  /// Tracks brackets and strings through one line.
  private mutating func follow(_ line: Substring) {
    var rest = line
    var inside: Character?
    while let character = rest.first {
      if let open = quote {
        if rest.hasPrefix(open) {
          quote = nil
          rest = rest.dropFirst(3)
        } else {
          rest = rest.dropFirst(character == "\\" ? 2 : 1)
        }
        continue
      }
      if let open = inside {
        if character == open { inside = nil }
        rest = rest.dropFirst(character == "\\" && open == "\"" ? 2 : 1)
        continue
      }
      switch character {
      case "\"", "'":
        let triple = String(repeating: character, count: 3)
        if rest.hasPrefix(triple) {
          quote = triple
          rest = rest.dropFirst(3)
          continue
        }
        inside = character
      case "[", "{": depth += 1
      case "]", "}": depth = max(0, depth - 1)
      case "#": return
      case ".":
        let next = rest.dropFirst().first { $0 != " " && $0 != "\t" }
        let isKey = next.map { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "_-\"'".contains($0) } ?? false
        if !isKey { endsInDot = true }
      default: break
      }
      rest = rest.dropFirst()
    }
  }
}

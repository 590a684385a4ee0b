/// Puts a TOML text's statements together to tables.
struct ConfigBuilder {
  /// A table that grows; a class, since headers come back to it.
  final class Table {
    enum Entry {
      case value(ConfigValue)
      case table(Table)
      case tables([Table])
    }

    var entries: [String: Entry] = [:]
    /// Whether a header has named it: a second one is an error.
    var isNamed = false

    var value: [String: ConfigValue] {
      entries.mapValues { entry in
        switch entry {
        case .value(let value): value
        case .table(let table): .table(table.value)
        case .tables(let tables): .array(tables.map { .table($0.value) })
        }
      }
    }
  }

  /// Tables nest no deeper.
  private static let depthLimit = 32

  let root = Table()
  private(set) var lines: [String: Int] = [:]
  private var scanner: TOMLScanner

  init(_ text: String) { scanner = TOMLScanner(text) }

  mutating func build() throws(TOMLScanner.Problem) {
    var table = root
    var prefix = ""
    while true {
      scanner.skipLines()
      if scanner.isAtEnd { return }
      let line = scanner.line
      if scanner.take("[") {
        let repeats = scanner.take("[")
        let path = try scanner.key()
        try scanner.expect("]", "a header is missing ']'")
        if repeats { try scanner.expect("]", "a header is missing ']]'") }
        (table, prefix) = try open(path, repeats, line)
        try scanner.endLine()
      } else {
        let path = try scanner.key()
        try scanner.expect("=", "a key is missing '='")
        let value = try scanner.value()
        try add(value, path, to: table, prefix, line)
        try scanner.endLine()
      }
    }
  }

  /// The table that a header names.
  private mutating func open(_ path: [String], _ repeats: Bool, _ line: Int) throws(TOMLScanner.Problem) -> (
    Table, String
  ) {
    guard path.count < ConfigBuilder.depthLimit, let last = path.last else {
      throw scanner.problem("tables nest too deeply")
    }
    var (parent, prefix) = try descend(root, path.dropLast(), "", line)
    if repeats {
      var tables: [Table] = []
      if let entry = parent.entries[last] {
        guard case .tables(let present) = entry else { throw taken(path, line) }
        tables = present
      }
      let table = Table()
      tables.append(table)
      parent.entries[last] = .tables(tables)
      lines[prefix + last] = lines[prefix + last] ?? line
      prefix += "\(last).\(tables.count - 1)"
      lines[prefix] = line
      return (table, prefix + ".")
    }
    (parent, prefix) = try descend(parent, [last][...], prefix, line)
    guard !parent.isNamed else { throw taken(path, line) }
    parent.isNamed = true
    return (parent, prefix)
  }

  /// Goes down a path, making tables on the way; into the newest element of arrays of tables.
  private mutating func descend(
    _ start: Table, _ path: ArraySlice<String>, _ prefix: String, _ line: Int
  ) throws(TOMLScanner.Problem) -> (Table, String) {
    var table = start
    var prefix = prefix
    for part in path {
      lines[prefix + part] = lines[prefix + part] ?? line
      switch table.entries[part] {
      case nil:
        let made = Table()
        table.entries[part] = .table(made)
        table = made
        prefix += part + "."
      case .table(let inner):
        table = inner
        prefix += part + "."
      case .tables(let inner):
        guard let last = inner.last else { throw taken([part], line) }
        table = last
        prefix += "\(part).\(inner.count - 1)."
      case .value: throw taken([part], line)
      }
    }
    return (table, prefix)
  }

  private mutating func add(
    _ value: ConfigValue, _ path: [String], to table: Table, _ prefix: String, _ line: Int
  ) throws(TOMLScanner.Problem) {
    guard path.count < ConfigBuilder.depthLimit, let last = path.last else {
      throw scanner.problem("keys nest too deeply")
    }
    let (parent, inner) = try descend(table, path.dropLast(), prefix, line)
    guard parent.entries[last] == nil else { throw taken(path, line) }
    parent.entries[last] = .value(value)
    lines[inner + last] = line
  }

  private func taken(_ path: [String], _ line: Int) -> TOMLScanner.Problem {
    TOMLScanner.Problem(line: line, what: "'\(path.joined(separator: "."))' is given twice")
  }
}

/// Puts a TOML text's statements together to tables.
struct ConfigBuilder {
  let root = TOMLTable()
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
    TOMLTable, String
  ) {
    guard let last = path.last else { throw scanner.problem("a key is missing") }
    var (parent, prefix) = try descend(root, path.dropLast(), "", line)
    if repeats {
      let list: TOMLTableList
      switch parent.entries[last] {
      case nil:
        list = TOMLTableList()
        parent.entries[last] = .tables(list)
        try note(prefix + last, line)
      case .tables(let present): list = present
      case .value, .table: throw taken(path, line)
      }
      let table = TOMLTable()
      list.tables.append(table)
      prefix += "\(last).\(list.tables.count - 1)"
      try note(prefix, line)
      return (table, prefix + ".")
    }
    (parent, prefix) = try descend(parent, [last][...], prefix, line)
    guard !parent.isNamed else { throw taken(path, line) }
    parent.isNamed = true
    return (parent, prefix)
  }

  /// Goes down a path, making tables on the way; into the newest element of arrays of tables.
  private mutating func descend(
    _ start: TOMLTable, _ path: ArraySlice<String>, _ prefix: String, _ line: Int
  ) throws(TOMLScanner.Problem) -> (TOMLTable, String) {
    var table = start
    var prefix = prefix
    for part in path {
      switch table.entries[part] {
      case nil:
        try note(prefix + part, line)
        let made = TOMLTable()
        table.entries[part] = .table(made)
        table = made
        prefix += part + "."
      case .table(let inner):
        table = inner
        prefix += part + "."
      case .tables(let inner):
        guard let last = inner.tables.last else { throw taken([part], line) }
        table = last
        prefix += "\(part).\(inner.tables.count - 1)."
      case .value: throw taken([part], line)
      }
    }
    return (table, prefix)
  }

  private mutating func add(
    _ value: ConfigValue, _ path: [String], to table: TOMLTable, _ prefix: String, _ line: Int
  ) throws(TOMLScanner.Problem) {
    guard let last = path.last else { throw scanner.problem("a key is missing") }
    let (parent, inner) = try descend(table, path.dropLast(), prefix, line)
    guard parent.entries[last] == nil else { throw taken(path, line) }
    parent.entries[last] = .value(value)
    try note(inner + last, line)
  }

  /// Keeps a key's line. The path holds the headers' parts too, so that its length is limited here: 100,000 keys below a header
  /// of 100 kB would take 10 GB.
  private mutating func note(_ path: String, _ line: Int) throws(TOMLScanner.Problem) {
    guard path.utf8.count <= TOMLScanner.keyByteLimit else {
      throw TOMLScanner.Problem(
        line: line, what: "a key with its tables is longer than \(TOMLScanner.keyByteLimit) bytes")
    }
    lines[path] = line
  }

  private func taken(_ path: [String], _ line: Int) -> TOMLScanner.Problem {
    TOMLScanner.Problem(line: line, what: "'\(path.joined(separator: "."))' is given twice")
  }
}

/// A table while a TOML text is read; a class, so that dotted keys and headers extend it in place.
final class TOMLTable {
  enum Entry {
    case value(ConfigValue)
    case table(TOMLTable)
    case tables(TOMLTableList)
  }

  var entries: [String: Entry] = [:]
  /// Whether a header has named it: a second one is an error.
  var isNamed = false

  var value: [String: ConfigValue] {
    entries.mapValues { entry in
      switch entry {
      case .value(let value): value
      case .table(let table): .table(table.value)
      case .tables(let list): .array(list.tables.map { .table($0.value) })
      }
    }
  }

  /// Puts `value` under a dotted key, making the tables on the way.
  ///
  /// - Returns: false where the key, or a part of it, has a value already.
  func insert(_ value: ConfigValue, _ path: [String]) -> Bool {
    guard let last = path.last else { return false }
    var table = self
    for part in path.dropLast() {
      switch table.entries[part] {
      case nil:
        let made = TOMLTable()
        table.entries[part] = .table(made)
        table = made
      case .table(let inner): table = inner
      case .value, .tables: return false
      }
    }
    guard table.entries[last] == nil else { return false }
    table.entries[last] = .value(value)
    return true
  }
}

/// The tables of an array of tables, written `[[key]]`; a class, so that each header appends in place.
final class TOMLTableList {
  var tables: [TOMLTable] = []
}

import Configuration
import Ground

/// The table `[keys]` of the configuration: keys by the names of the rows of ``KeyTable``.
enum KeySettings {
  static let table = "keys"

  /// The table with every row as it is by default, commented out: a key that is not named stays as it is.
  static var defaultText: String {
    var text = "# Keys: one, or a list; [] takes a command's keys away. Ctrl-C always quits.\n[\(table)]\n"
    for row in KeyTable.all { text += "# \(row.name) = \(list(row.keys))  # \(row.title)\n" }
    return text
  }

  private static func list(_ keys: [Key]) -> String {
    let names = keys.map { "\"\($0.name)\"" }
    return names.count == 1 ? names[0] : "[\(names.joined(separator: ", "))]"
  }

  /// The keys in use, and what is wrong with the table: mistakes are left out, one by one.
  static func read(_ document: ConfigDocument) -> (keys: KeyMap, problems: [DashboardError]) {
    var keys = KeyMap.standard
    var problems: [DashboardError] = []
    func complain(_ name: String, _ what: String, remedy: String) {
      problems.append(
        DashboardError(
          .badConfiguration, "\(table).\(name.prefix(40)) \(what)", place: document.place(of: "\(table).\(name)"),
          remedy: remedy))
    }
    guard let found = document.root[table] else { return (keys, []) }
    guard case .table(let section) = found else {
      return (
        keys, [DashboardError(.badConfiguration, "keys must be a table", place: document.file, remedy: "write [keys]")]
      )
    }
    var changes: [String: [Key]] = [:]
    let names = KeyTable.all.map(\.name)
    for (name, value) in section.sorted(by: { $0.key < $1.key }) {
      guard names.contains(name) else {
        let near = Spelling.nearest(to: name, among: names)
        complain(name, "is not a command", remedy: near.map { "did you mean '\($0)'?" } ?? "? lists the commands")
        continue
      }
      switch keysNamed(by: value) {
      case .success(let list): changes[name] = list
      case .failure(let mistake): complain(name, mistake.what, remedy: mistake.remedy)
      }
    }
    for collision in keys.rebind(changes) {
      complain(
        collision.name, "cannot be '\(collision.key.name)', which is the key of \(collision.owner)",
        remedy: collision.key == KeyMap.fixed
          ? "Ctrl-C always quits" : "choose another, or give keys.\(collision.owner) another one too")
    }
    return (keys, problems)
  }

  private struct Mistake: Error {
    var what: String
    var remedy = "keys are called as in the help: \"q\", \"Space\", \"Ctrl-R\", \"F5\", \"PgUp\""
  }

  private static func keysNamed(by value: ConfigValue) -> Result<[Key], Mistake> {
    let items: [ConfigValue] = if case .array(let items) = value { items } else { [value] }
    var keys: [Key] = []
    for item in items.prefix(8) {
      guard case .string(let name) = item else {
        return .failure(Mistake(what: "must be a string or a list of strings"))
      }
      guard let key = Key(name: name) else {
        return .failure(Mistake(what: "has no key '\(name.plainLine.prefix(20))'"))
      }
      if !keys.contains(key) { keys.append(key) }
    }
    return .success(keys)
  }
}

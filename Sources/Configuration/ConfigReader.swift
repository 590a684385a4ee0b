public import Ground

/// Typed access to one table, which remembers what was asked for: a field that was never asked for is misspelt.
///
/// Every accessor answers nil for a missing field and throws ``ConfigurationError``, placed at the field's file and line, for
/// one of the wrong kind or out of range. Read all, then call ``finish()``. One thread at a time.
public final class ConfigReader {
  private let values: [String: ConfigValue]
  private let document: ConfigDocument?
  private let prefix: String
  private var asked: Set<String> = []
  private var children: [ConfigReader] = []
  private var fallback: [String: ConfigValue] = [:]

  /// A table without a file behind it: what recognition found out, or what the command line says.
  public init(_ values: [String: ConfigValue]) {
    self.values = values
    document = nil
    prefix = ""
  }

  /// The document's top table.
  public convenience init(_ document: ConfigDocument) { self.init(document.root, document, "") }

  private init(_ values: [String: ConfigValue], _ document: ConfigDocument, _ prefix: String) {
    self.values = values
    self.document = document
    self.prefix = prefix
  }

  public var isEmpty: Bool { values.isEmpty }
  /// File and first line of the table; empty without a file behind it.
  public var place: String {
    guard let document else { return "" }
    let line = values.keys.compactMap { document.lines[prefix + $0] }.min()
    return document.file + (line.map { ":\($0)" } ?? "")
  }
  /// The table's keys, sorted.
  public var keys: [String] { values.keys.sorted() }
  public func has(_ key: String) -> Bool { values[key] != nil }

  /// An error about field `key`, placed at its file and line.
  public func error(_ key: String, _ what: String, remedy: String = "") -> ConfigurationError {
    let path = prefix + key
    guard let document else { return ConfigurationError(.badField, "field '\(path)' \(what)", remedy: remedy) }
    return ConfigurationError(.badField, "field '\(path)' \(what)", place: document.place(of: path), remedy: remedy)
  }

  private func mistyped(_ key: String, _ wanted: String, _ value: ConfigValue) -> ConfigurationError {
    error(key, "must be \(wanted), not \(value.kind)")
  }

  /// What is wrong with a value that no float holds.
  private func unfit(_ key: String, _ value: ConfigValue) -> ConfigurationError {
    if case .double = value { return error(key, "must be a finite number") }
    return mistyped(key, "a number", value)
  }

  /// The value as it stands.
  public func value(_ key: String) -> ConfigValue? {
    asked.insert(key)
    return values[key] ?? fallback[key]
  }

  /// Answers with `values` where the table itself is silent. These may stay unread.
  public func fallBack(to values: [String: ConfigValue]) { fallback = values }

  public func string(_ key: String) throws -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value else { throw mistyped(key, "a string", value) }
    return text
  }

  public func bool(_ key: String) throws -> Bool? {
    guard let value = value(key) else { return nil }
    guard case .bool(let flag) = value else { throw mistyped(key, "true or false", value) }
    return flag
  }

  public func int(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard case .int(let number) = value else { throw mistyped(key, "an integer", value) }
    guard range.contains(number) else {
      throw error(key, "must be between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  /// A finite number; "1/255" and the like may be written as strings.
  public func number(_ key: String, in range: ClosedRange<Float>) throws -> Float? {
    guard let value = value(key) else { return nil }
    guard let number = ConfigReader.number(value) else { throw unfit(key, value) }
    guard range.contains(number) else {
      throw error(key, "must be between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  /// A list of finite numbers, or one number alone.
  public func numbers(_ key: String) throws -> [Float]? {
    guard let value = value(key) else { return nil }
    let items: [ConfigValue] = if case .array(let array) = value { array } else { [value] }
    return try items.map { item in
      guard let number = ConfigReader.number(item) else { throw mistyped(key, "a list of numbers", item) }
      return number
    }
  }

  /// A list of integers in `range`, or one alone.
  public func ints(_ key: String, in range: ClosedRange<Int>) throws -> [Int]? {
    guard let value = value(key) else { return nil }
    let items: [ConfigValue] = if case .array(let array) = value { array } else { [value] }
    return try items.map { item in
      guard case .int(let number) = item else { throw mistyped(key, "a list of integers", item) }
      guard range.contains(number) else {
        throw error(key, "must hold integers between \(range.lowerBound) and \(range.upperBound)")
      }
      return number
    }
  }

  public func strings(_ key: String) throws -> [String]? {
    guard let value = value(key) else { return nil }
    guard case .array(let items) = value else { throw mistyped(key, "a list of strings", value) }
    return try items.map { item in
      guard case .string(let text) = item else { throw mistyped(key, "a list of strings", item) }
      return text
    }
  }

  /// One of the words of `choices`.
  public func choice<Choice>(_ key: String, _ choices: [(String, Choice)]) throws -> Choice? {
    guard let text = try string(key) else { return nil }
    if let found = choices.first(where: { $0.0.lowercased() == text.lowercased() }) { return found.1 }
    let names = choices.map(\.0)
    let list = names.map { "'\($0)'" }.joined(separator: ", ")
    let near = Spelling.nearest(to: text, among: names).map { "did you mean '\($0)'? " } ?? ""
    throw error(key, "is '\(text)', which is not known", remedy: "\(near)known are \(list)")
  }

  /// The table `key`; empty if there is none.
  public func table(_ key: String) throws -> ConfigReader {
    guard let value = value(key) else { return child([:], key) }
    guard case .table(let table) = value else { throw mistyped(key, "a table", value) }
    return child(table, key)
  }

  /// The tables of an array of tables, written `[[key]]`; `limit` of them at most.
  public func tables(_ key: String, atMost limit: Int) throws -> [ConfigReader] {
    guard let value = value(key) else { return [] }
    guard case .array(let items) = value else { throw mistyped(key, "a list of tables", value) }
    guard items.count <= limit else { throw error(key, "has \(items.count) tables, and may have \(limit)") }
    return try items.enumerated().map { index, item in
      guard case .table(let table) = item else { throw mistyped(key, "a list of tables", item) }
      return child(table, "\(key).\(index)")
    }
  }

  private func child(_ table: [String: ConfigValue], _ key: String) -> ConfigReader {
    let reader = document.map { ConfigReader(table, $0, prefix + key + ".") } ?? ConfigReader(table)
    children.append(reader)
    return reader
  }

  /// Call when everything has been read: a field that was never asked for is an error.
  public func finish() throws {
    for key in values.keys.sorted() where !asked.contains(key) {
      let near = Spelling.nearest(to: key, among: asked.sorted())
      let remedy =
        near.map { "did you mean '\($0)'?" } ?? "known here: \(asked.sorted().joined(separator: ", "))"
      throw error(key, "is unknown", remedy: remedy)
    }
    for child in children { try child.finish() }
  }

  private static func number(_ value: ConfigValue) -> Float? {
    let number: Double
    switch value {
    case .int(let int): number = Double(int)
    case .double(let double): number = double
    case .string(let text):
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map {
        Double($0.filter { !$0.isWhitespace })
      }
      guard parts.count == 2, let above = parts[0], let below = parts[1] else { return nil }
      number = above / below
    default: return nil
    }
    return Float(number).isFinite ? Float(number) : nil
  }
}

import Configuration
import Ground

/// Puts the flags of the configuration file before those of the command line.
///
/// A table with a command's name holds defaults of its flags, under the same names: `[run]`, `[detect]`, `[replay]` and so on;
/// `[record]` adds to `[run]`. A table `[profile.NAME]` holds those of a profile, asked for with `--profile NAME` or `@NAME`.
/// The command line wins over the profile, the profile over the command's table.
struct ConfiguredArguments {
  /// The commands whose flags can be configured.
  static let commands = ["run", "record", "detect", "replay", "bench", "export"]
  /// Flags that say something about one call alone.
  static let never: Set<String> = ["help", "version", "profile", "default-config"]
  /// Arguments that ask for something else than a command's work.
  private static let questions: Set<String> = [
    "-h", "--help", "--version", "--default-config", "--generate-completion-script", "--experimental-dump-help",
  ]

  /// What the user typed, with the profile taken out.
  private(set) var typed: [String]
  /// What goes before it, each argument with the file and line that it stands in.
  private(set) var configured: [(argument: String, place: String)] = []
  /// The command that runs, as its arguments start with it; empty where the program alone was typed.
  private let head: [String]
  /// The whole of it, for the parser.
  var all: [String] { arguments(with: configured.map(\.argument)) }
  /// The same without the configuration.
  var plain: [String] { arguments(with: []) }
  /// The same with one of the configured arguments alone.
  func all(with index: Int) -> [String] { arguments(with: [configured[index].argument]) }

  private func arguments(with configured: [String]) -> [String] {
    ConfiguredArguments.parsable(head + configured + typed)
  }

  /// ArgumentParser 1.8 loses the value of `--record=DIR`, a flag that may stand without one, where a flag follows.
  private static func parsable(_ arguments: [String]) -> [String] {
    arguments.flatMap { argument in
      let value = argument.dropFirst("--record=".count)
      guard argument.hasPrefix("--record="), !value.isEmpty, !value.hasPrefix("-") else { return [argument] }
      return ["--record", String(value)]
    }
  }

  /// - Parameters:
  ///   - arguments: the command line without the program's name.
  ///   - user: the configuration file.
  ///   - names: the names of all commands.
  ///   - table: reads the commands' flags; only where the file has something to say.
  /// - Throws: `ConfigurationError` for a key that is no flag, a value of the wrong kind, or an unknown profile.
  init(
    _ arguments: [String], user: UserConfiguration, names: [String], table read: () throws -> CommandTable
  ) throws {
    typed = arguments
    if let first = typed.first, names.contains(first) {
      head = [typed.removeFirst()]
    } else {
      head = []
    }
    let name = head.first ?? "run"
    guard ConfiguredArguments.commands.contains(name), !ConfiguredArguments.isQuestion(arguments) else { return }
    let profile = try takeProfile()
    guard let document = user.document else {
      if let problem = user.problem, user.holdsTables(ConfiguredArguments.commands + ["profile"]) { throw problem }
      if let profile { throw ConfiguredArguments.unknown(profile, among: [], file: user.file, problem: user.problem) }
      return
    }
    guard profile != nil || document.root.keys.contains(where: { ConfiguredArguments.commands.contains($0) }) else {
      return
    }
    let table = try read()
    let values = try ConfiguredArguments.values(for: name, profile, in: document, known: table)
    configured = try (table.command(name)?.options ?? []).flatMap { option -> [(argument: String, place: String)] in
      guard let key = option.key, let value = values[key], !ConfiguredArguments.isGiven(key, in: typed) else {
        return []
      }
      let place = value.field("").place
      return try ConfiguredArguments.arguments(option, key, value).map { (argument: $0, place: place) }
    }
  }

  private static func isQuestion(_ arguments: [String]) -> Bool {
    arguments.contains { questions.contains(String($0.prefix { $0 != "=" })) }
  }

  /// `@NAME` before all flags, or `--profile NAME`.
  private mutating func takeProfile() throws -> String? {
    if let first = typed.first, first.hasPrefix("@"), first.count > 1 {
      typed.removeFirst()
      return String(first.dropFirst())
    }
    if let place = typed.firstIndex(of: "--profile"), place + 1 < typed.count { return typed[place + 1] }
    return typed.first { $0.hasPrefix("--profile=") }.map { String($0.dropFirst("--profile=".count)) }
  }

  /// Whether the user gave the flag; the configuration then has nothing to say about it.
  private static func isGiven(_ key: String, in arguments: [String]) -> Bool {
    arguments.contains { $0 == "--\(key)" || $0.hasPrefix("--\(key)=") }
  }

  // MARK: The file

  /// A value with the place it was read from.
  private struct Found {
    var value: ConfigValue
    var field: (String) -> ConfigurationError
  }

  /// The tables that count for a command, the later over the earlier.
  private static func values(
    for command: String, _ profile: String?, in document: ConfigDocument, known table: CommandTable
  ) throws -> [String: Found] {
    let root = ConfigReader(document)
    var values = try read(root.table("run"), commands: ["run", "record"], table)
    if command != "run", command != "record" { values = [:] }
    if command != "run" {
      values.merge(try read(root.table(command), commands: [command], table)) { _, new in new }
    }
    guard let profile else { return values }
    let profiles = try root.table("profile")
    guard profiles.has(profile) else {
      throw unknown(profile, among: profiles.keys, file: document.file, problem: nil)
    }
    values.merge(try read(profiles.table(profile), commands: commands, table)) { _, new in new }
    return values
  }

  /// A table's values; each key must be a flag of one of the commands.
  private static func read(
    _ reader: ConfigReader, commands: [String], _ table: CommandTable
  ) throws -> [String: Found] {
    let known = Set(commands.flatMap { table.command($0)?.options ?? [] }.compactMap(\.key)).subtracting(never)
    var found: [String: Found] = [:]
    for key in reader.keys {
      guard known.contains(key), let value = reader.value(key) else {
        let near = Spelling.nearest(to: key, among: known.sorted()).map { "did you mean '\($0)'?" }
        throw reader.error(
          key, "is not a flag of \(commands.count > 2 ? "any command" : "`ocellus \(commands.first ?? "")`")",
          remedy: near ?? "`ocellus --default-config` lists all")
      }
      found[key] = Found(value: value) { reader.error(key, $0) }
    }
    return found
  }

  private static func unknown(
    _ profile: String, among names: [String], file: String, problem: ConfigurationError?
  ) -> ConfigurationError {
    if let problem { return problem }
    let near = Spelling.nearest(to: profile, among: names).map { "did you mean '\($0)'?" }
    let list = names.isEmpty ? "write a table [profile.\(profile)]" : "profiles: \(names.joined(separator: ", "))"
    return ConfigurationError(.badField, "there is no profile '\(profile)'", place: file, remedy: near ?? list)
  }

  // MARK: Arguments

  /// A value as the command line would give it.
  private static func arguments(_ option: CommandTable.Argument, _ key: String, _ found: Found) throws -> [String] {
    switch found.value {
    case .bool(let isOn):
      // `record` is a flag that takes a folder where one is given.
      guard option.kind == .flag || key == "record" else {
        throw found.field("must be \(wanted(option)), not true or false")
      }
      return isOn ? ["--\(key)"] : []
    case .array(let items):
      guard option.isRepeating else { throw found.field("takes one value, not a list") }
      return try items.map { try "--\(key)=" + text($0, option, found) }
    case .string, .int, .double, .table, .other:
      return ["--\(key)=" + (try text(found.value, option, found))]
    }
  }

  private static func text(
    _ value: ConfigValue, _ option: CommandTable.Argument, _ found: Found
  ) throws -> String {
    guard option.kind != .flag else { throw found.field("must be true or false, not \(value.kind)") }
    switch value {
    case .string(let text): return text
    case .int(let number): return String(number)
    case .double(let number): return "\(number)"
    case .bool, .array, .table, .other: throw found.field("must be \(wanted(option)), not \(value.kind)")
    }
  }

  private static func wanted(_ option: CommandTable.Argument) -> String {
    option.isRepeating ? "text, or a list of texts" : "text or a number"
  }
}

import ArgumentParser
import Foundation

/// The commands and their flags, as the argument parser describes them: configuration, manual and tests read it.
///
/// The form is that of ArgumentParser's `--experimental-dump-help`, serialization version 0.
struct CommandTable: Decodable {
  /// A command, or the program.
  struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var arguments: [Argument]?
    var subcommands: [Command]?
    var shouldDisplay: Bool?

    /// What can be given by name, in the order of the help.
    var options: [Argument] { (arguments ?? []).filter { $0.kind != .positional && $0.shouldDisplay } }
  }

  /// A flag, an option or a positional argument.
  struct Argument: Decodable {
    enum Kind: String, Decodable { case positional, option, flag }

    struct Name: Decodable {
      var kind: String
      var name: String
    }

    var kind: Kind
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var defaultValue: String?
    var sectionTitle: String?
    var isRepeating: Bool
    var isOptional: Bool
    var shouldDisplay: Bool

    /// The long name without its dashes: the configuration's key.
    var key: String? { names?.first { $0.kind == "long" }?.name }
  }

  var command: Command

  /// - Throws: a decoding error, should the parser's description have another form than the one that is known.
  static func read() throws -> CommandTable {
    try JSONDecoder().decode(CommandTable.self, from: Data(Ocellus._dumpHelp().utf8))
  }

  func command(_ name: String) -> Command? { command.subcommands?.first { $0.commandName == name } }
}

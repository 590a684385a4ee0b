import ArgumentParser
import Configuration
import Ground
import Perception
import Pipeline
import Service

/// `ocellus references`: the named objects that sessions look for.
struct ReferencesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "references", abstract: "List, rename and remove the objects that you have named.",
    discussion: """
      In the dashboard, 'e' names the selected object. Sessions that run at the same time
      take the changes over within a second.

      EXAMPLES
        ocellus references
        ocellus references --json | jq .[].name
        ocellus references rename "pallet A" "pallet 7"
        ocellus references remove "pallet 7"
      """,
    subcommands: [ListReferences.self, RenameReference.self, RemoveReference.self],
    defaultSubcommand: ListReferences.self)

  /// The user's references.
  static func store() throws -> ReferenceStore { try ReferenceStore(path: UserFolders.data("references.json")) }

  /// Why a name cannot be used.
  static func missing(_ name: String, in store: ReferenceStore) -> CommandFailure {
    let near = Spelling.nearest(to: name, among: store.all.map(\.name))
    return CommandFailure(
      what: "no reference is called '\(name)'",
      remedy: near.map { "did you mean '\($0)'?" } ?? "'ocellus references' lists them")
  }
}

struct ListReferences: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the references, the oldest first.",
    discussion: "EXAMPLES\n  ocellus references list\n  ocellus references list --json")

  @Flag(name: .long, help: "Print one JSON line: a list of references.")
  var json = false

  private struct Record: Encodable {
    var name: String
    var model: String
    /// The length of the feature vector.
    var dimensions: Int
  }

  func run() throws {
    let references = try ReferencesCommand.store().all
    if json {
      let records = references.map { Record(name: $0.name, model: $0.model, dimensions: $0.vector.count) }
      StandardStreams.writeLine(try records.jsonLine())
      return
    }
    if references.isEmpty {
      StandardStreams.writeLine("no references; in the dashboard, 'e' names the selected object")
    }
    for reference in references { StandardStreams.writeLine("\(reference.name)\t\(reference.model)") }
  }
}

struct RenameReference: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rename", abstract: "Give a reference another name.",
    discussion: "EXAMPLES\n  ocellus references rename \"pallet A\" \"pallet 7\"")

  @Argument(help: ArgumentHelp("The present name.", valueName: "OLD"))
  var old: String

  @Argument(help: ArgumentHelp("The new name, which no reference of the same model may have.", valueName: "NEW"))
  var new: String

  func run() throws {
    let store = try ReferencesCommand.store()
    let count = try store.rename(old, to: new)
    if count == 0 { throw ReferencesCommand.missing(old, in: store) }
    StandardStreams.writeLine("'\(old)' is called '\(new)' now\(count == 1 ? "" : ", by \(counted(count, "model"))")")
  }
}

struct RemoveReference: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a reference.",
    discussion: "EXAMPLES\n  ocellus references remove \"pallet 7\"")

  @Argument(help: ArgumentHelp("Its name.", valueName: "NAME"))
  var name: String

  func run() throws {
    let store = try ReferencesCommand.store()
    let count = try store.remove(name: name)
    if count == 0 { throw ReferencesCommand.missing(name, in: store) }
    StandardStreams.writeLine("'\(name)' is removed\(count == 1 ? "" : ", by \(counted(count, "model"))")")
  }
}

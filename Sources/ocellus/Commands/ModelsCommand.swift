import ArgumentParser
import Configuration
import Dashboard
import Foundation
import Ground
import Perception
import Pipeline
import Service

/// `ocellus models`: what is there, what each is taken for, and whether it works.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List, explain, check and download models.",
    discussion: """
      EXAMPLES
        ocellus models list
        ocellus models show best.onnx     how the file was recognised, and why
        ocellus models check              load every model and run it once
        ocellus models pull               list the models that can be downloaded
      """,
    subcommands: [ListModels.self, ShowModel.self, CheckModels.self, PullModel.self], defaultSubcommand: ListModels.self
  )
}

struct ListModels: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the installed models.",
    discussion: """
      EXAMPLES
        ocellus models list
        ocellus models list --json | jq .name
      """)

  @Flag(name: .long, help: "Print one JSON line per model.")
  var json = false

  private struct Record: Encodable {
    var name: String
    var task: String?
    var path: String
    var bytes: Int
    var problem: String?
  }

  func run() throws {
    let store = InstalledModels.store
    let entries = store.list()
    for entry in entries {
      // Where no manifest says it, the file does.
      let task = (entry.task ?? (try? store.describe(entry.name))?.task)?.rawValue
      if json {
        let record = Record(
          name: entry.name, task: task, path: entry.path, bytes: entry.fileBytes,
          problem: entry.problem)
        StandardStreams.writeLine(try record.jsonLine())
      } else {
        let size = Text.bytes(Double(entry.fileBytes))
        StandardStreams.writeLine([entry.name, task ?? "?", size, entry.problem ?? entry.path].joined(separator: "\t"))
      }
    }
    if entries.isEmpty {
      throw CommandFailure(
        what: "no models found", place: store.folders.joined(separator: ", "),
        remedy: "put an .onnx file into \(UserFolders.data("models"))")
    }
  }
}

struct ShowModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show how a model was recognised, and why.",
    discussion: """
      EXAMPLES
        ocellus models show ocellus-detector
        ocellus models show ./best.onnx
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "NAME|PATH"))
  var name: String

  @Flag(name: .long, help: "Print one JSON line.")
  var json = false

  private struct Record: Encodable {
    var name: String
    var task: String
    var path: String
    var bytes: Int
    var input: [Int]
    var decoder: String
    var license: String
    var labels: [String]
    var reasons: [String]
    var preprocessing_assumed: Bool
  }

  func run() throws {
    let model = try describe()
    if json {
      let record = Record(
        name: model.name, task: model.task.rawValue, path: model.path, bytes: model.fileBytes,
        input: [model.inputWidth, model.inputHeight], decoder: model.decoder, license: model.license,
        labels: model.labels, reasons: model.reasons, preprocessing_assumed: model.assumesPreprocessing)
      StandardStreams.writeLine(try record.jsonLine())
      return
    }
    StandardStreams.writeLine("\(model.name): \(model.task.rawValue), decoder \(model.decoder)")
    StandardStreams.writeLine("file      \(model.path), \(Text.bytes(Double(model.fileBytes)))")
    if model.inputWidth > 0 { StandardStreams.writeLine("input     \(model.inputWidth)x\(model.inputHeight) pixels") }
    if !model.license.isEmpty { StandardStreams.writeLine("licence   \(model.license)") }
    if !model.labels.isEmpty {
      let shown = model.labels.prefix(12).joined(separator: ", ")
      StandardStreams.writeLine("labels    \(model.labels.count): \(shown)\(model.labels.count > 12 ? ", …" : "")")
    }
    for reason in model.reasons { StandardStreams.writeLine("because   \(reason)") }
    if model.assumesPreprocessing {
      StandardStreams.writeLine("assumed   how pictures are prepared; [input] in a manifest beside the file settles it")
    }
  }

  /// What the model is. Of one that is not understood, the manifest to begin with goes to standard output, ready to be pasted.
  private func describe() throws -> ModelDescription {
    do { return try InstalledModels.store.describe(name) } catch let error as PerceptionError
      where error.kind == .notUnderstood
    {
      if !json, let proposal = InstalledModels.store.manifestProposal(name) {
        StandardStreams.writeLine("# \(proposal.path): what it may say; docs/MODELS.md lists tasks and decoders")
        StandardStreams.writeLines(proposal.text + "\n")
      }
      throw error
    }
  }
}

struct CheckModels: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Load each model, run it once and report its problems.",
    discussion: """
      EXAMPLES
        ocellus models check
        ocellus models check ./best.onnx
      """)

  @Argument(help: ArgumentHelp("The models to check (default: all).", valueName: "NAME|PATH"))
  var names: [String] = []

  @OptionGroup var engine: EngineOptions

  func run() throws {
    let store = InstalledModels.store
    var broken = 0
    for name in names.isEmpty ? store.list().map(\.name) : names {
      let report = store.inspect(name, options: engine.options)
      let problems = report.problems
      StandardStreams.writeLine("\(problems.isEmpty ? "ok  " : "BAD ") \(name)")
      for line in problems.isEmpty ? store.advice(name) + report.slowPaths : problems {
        StandardStreams.writeLine("     \(line)")
      }
      broken += problems.isEmpty ? 0 : 1
    }
    if broken > 0 { throw CommandFailure(what: "\(broken) of the models checked have problems, listed above") }
  }
}

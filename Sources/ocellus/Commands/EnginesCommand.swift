import ArgumentParser
import Ground
import Inference
import Pipeline

/// `ocellus engines`: the engines that can run networks, and why one cannot be used.
struct EnginesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engines", abstract: "List the engines that run networks.",
    discussion: """
      The first one runs every network for which neither --engine nor the model's
      manifest names another.

      EXAMPLES
        ocellus engines
        ocellus engines --json
        ocellus bench model.onnx --engine ocellus
      """)

  @Flag(name: .long, help: "Print one JSON line.")
  var json = false

  private struct Row: Encodable {
    var name: String
    var version: String
    var runs_on: String
    var available: Bool
    var reason: String?

    enum CodingKeys: CodingKey { case name, version, runs_on, available, reason }

    /// Every field in every row: `reason` is null where the engine is available.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(version, forKey: .version)
      try container.encode(runs_on, forKey: .runs_on)
      try container.encode(available, forKey: .available)
      try container.encode(reason, forKey: .reason)
    }
  }

  func run() throws {
    let rows = EngineRegistry.standard.engines.map { engine in
      let status = engine.status()
      return Row(
        name: engine.name, version: status.version, runs_on: status.runsOn, available: status.isAvailable,
        reason: status.problem)
    }
    if json { return StandardStreams.writeLine(try rows.jsonLine()) }
    for row in rows {
      let state = row.reason.map { "not available: \($0)" } ?? "available"
      StandardStreams.writeLine([row.name, row.version, row.runs_on, state].joined(separator: "\t"))
    }
  }
}

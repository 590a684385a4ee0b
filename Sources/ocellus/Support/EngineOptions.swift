import ArgumentParser
import Foundation
import Inference
import Configuration

/// The flags of every command that runs networks.
struct EngineOptions: ParsableArguments {
  @Option(name: .long, help: "Threads that a network may use.")
  var threads: Int = min(2, ProcessInfo.processInfo.activeProcessorCount)

  @Flag(name: .long, help: "Turn off everything that changes rounding (Winograd, reassociation).")
  var exact = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The engine that runs the networks; without it the manifest's (see `ocellus engines`).",
      valueName: "NAME[:PROVIDER]"))
  var engine: String?

  func validate() throws {
    guard (1...256).contains(threads) else { throw ValidationError("--threads takes 1 to 256") }
    _ = try choice()
  }

  var options: NetworkOptions {
    // Checked by ``validate()``.
    NetworkOptions(threads: threads, exact: exact, engine: engine.flatMap(EngineChoice.init))
  }

  private func choice() throws -> EngineChoice? {
    guard let engine else { return nil }
    let names = EngineRegistry.standard.names
    guard let choice = EngineChoice(engine) else {
      throw ValidationError("--engine takes NAME or NAME:PROVIDER, not '\(engine)'")
    }
    guard names.contains(choice.name) else {
      let near = Spelling.nearest(to: choice.name, among: names).map { "did you mean '\($0)'? " } ?? ""
      throw ValidationError("there is no engine '\(choice.name)': \(near)known are \(names.joined(separator: ", "))")
    }
    return choice
  }
}

import ArgumentParser
import Foundation
import Inference
import Configuration

/// The flags of every command that runs networks.
struct EngineOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("Threads that a network may use.", valueName: "N"))
  var threads: Int = min(2, ProcessInfo.processInfo.activeProcessorCount)

  @Flag(name: .long, help: "Turn off everything that changes rounding (Winograd, reassociation).")
  var exact = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The engine that runs the networks; without it the manifest's (see `ocellus engines`).",
      valueName: "NAME[:PROVIDER]"))
  var engine: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Memory that each network may take; without it 1 GiB and four times its size, or less on a small machine.",
      valueName: "MIB"))
  var networkMemory: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Time that preparing a network, and each run, may take; without it some seconds and one for each MiB of its file.",
      valueName: "SECONDS"))
  var networkSeconds: Double?

  func validate() throws {
    guard (1...256).contains(threads) else { throw ValidationError("--threads takes 1 to 256") }
    if let networkMemory, !(1...(1 << 30)).contains(networkMemory) {
      throw ValidationError("--network-memory takes a number of MiB from 1 on")
    }
    if let networkSeconds, !(networkSeconds > 0 && networkSeconds <= 1e6) {
      throw ValidationError("--network-seconds takes 0 to 1000000")
    }
    _ = try choice()
  }

  var options: NetworkOptions {
    // Checked by ``validate()``.
    NetworkOptions(
      threads: threads, exact: exact, engine: engine.flatMap(EngineChoice.init),
      limits: NetworkLimits(memory: networkMemory.map { $0 << 20 }, seconds: networkSeconds))
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

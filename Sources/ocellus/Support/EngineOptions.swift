import ArgumentParser
import Foundation
import Inference

/// The flags of every command that runs networks.
struct EngineOptions: ParsableArguments {
  @Option(name: .long, help: "Threads that a network may use.")
  var threads: Int = min(2, ProcessInfo.processInfo.activeProcessorCount)

  @Flag(name: .long, help: "Turn off whatever changes rounding (Winograd, reassociation).")
  var exact = false

  func validate() throws {
    guard (1...256).contains(threads) else { throw ValidationError("--threads takes 1 to 256") }
  }

  var options: Network.Options { Network.Options(threads: threads, exact: exact) }
}

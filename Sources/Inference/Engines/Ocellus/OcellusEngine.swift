import Ground

/// Our own engine: SIMD kernels chosen at run time by CPU, and a complete reference tier behind them.
struct OcellusEngine: Engine {
  static let name = "ocellus"

  var name: String { OcellusEngine.name }

  func status() -> EngineStatus { EngineStatus(version: Program.version, runsOn: OcellusEngine.runsOn) }

  static var runsOn: String { "CPU (\(EngineFacts.instructionSet))" }

  func prepare(path: String, options: NetworkOptions) throws -> any PreparedNetwork {
    if let provider = options.engine?.provider {
      throw InferenceError(
        .engineUnavailable, "engine '\(name)' has no provider '\(provider)'", place: path,
        remedy: "give --engine \(name) alone: it runs on the CPU")
    }
    return try OcellusNetwork(path: path, options: options)
  }
}

import Ground

/// How a network is prepared and run.
public struct NetworkOptions: Sendable {
  /// Threads of the process-wide pool that a run may use, the caller included.
  public var threads: Int
  /// Turns off everything that changes rounding (Winograd, reassociating fusions).
  public var exact: Bool
  /// Applies the graph passes and compiles kernels. Off only for tests, which compare against the reference tier.
  public var optimize: Bool
  /// The engine that the user asked for; nil leaves the choice to the model's manifest, and then to the registry.
  public var engine: EngineChoice?
  /// What the network may take of memory and time.
  public var limits: NetworkLimits

  public init(
    threads: Int = 2, exact: Bool = false, optimize: Bool = true, engine: EngineChoice? = nil,
    limits: NetworkLimits = NetworkLimits()
  ) {
    self.threads = threads
    self.exact = exact
    self.optimize = optimize
    self.engine = engine
    self.limits = limits
  }
}

/// The most that a network may take; nil: as much as the size of its file accounts for.
public struct NetworkLimits: Sendable, Hashable {
  /// Bytes of tensors, weights included.
  public var memory: Int?
  /// What any network may take on this machine, however small its file.
  public static var usualMemory: Int { min(NetworkBudget.memoryFloor, MachineMemory.byteCount / 2) }

  /// Seconds for preparing it, and for each run.
  public var seconds: Double?

  public init(memory: Int? = nil, seconds: Double? = nil) {
    self.memory = memory
    self.seconds = seconds
  }
}

/// An engine by name, with the provider inside it where it has several: `ocellus`, `onnxruntime:cuda`.
public struct EngineChoice: Sendable, Hashable, CustomStringConvertible {
  public var name: String
  /// The engine's own name for a device or library; nil leaves the choice to the engine.
  public var provider: String?

  public init(name: String, provider: String? = nil) {
    self.name = name
    self.provider = provider
  }

  /// Reads `NAME` or `NAME:PROVIDER`; nil when either part is empty.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let name = parts.first, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    self.init(name: name, provider: parts.count > 1 ? parts[1] : nil)
  }

  public var description: String { provider.map { "\(name):\($0)" } ?? name }
}

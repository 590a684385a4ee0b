/// A way to run networks: our own kernels, or a library that was found at run time.
///
/// An engine is a row of an ``EngineRegistry``; nothing above this module names one in code. Thread-safe.
public protocol Engine: Sendable {
  /// What manifests and `--engine` call it: lowercase, unique in its registry, without a colon.
  var name: String { get }

  /// Whether the engine works on this machine. An engine behind a library looks for it here, so the first call may take
  /// milliseconds.
  func status() -> EngineStatus

  /// Reads and prepares a network file.
  ///
  /// May take minutes where a provider builds kernels, so it is called on a thread of its own and never on the
  /// pipeline's. `options.engine?.provider` names the provider that the user asked for; an engine refuses one that it
  /// does not have, and never replaces it by another silently.
  /// - Throws: ``InferenceError``: ``InferenceErrorKind/engineUnavailable`` when the engine or provider cannot serve,
  ///   any other kind when the file is at fault; its place is the file.
  func prepare(path: String, options: NetworkOptions) throws -> any PreparedNetwork
}

/// What an engine is on this machine: a row of `ocellus engines`.
public struct EngineStatus: Sendable, Equatable {
  /// The engine's version; empty when it is not known because the engine was not found.
  public var version: String
  /// The processor and instruction set, or the providers: "CPU (avx512)", "CUDA, CPU".
  public var runsOn: String
  /// Why the engine cannot be used, and what to do about it; nil when it can.
  public var problem: String?

  public init(version: String, runsOn: String, problem: String? = nil) {
    self.version = version
    self.runsOn = runsOn
    self.problem = problem
  }

  public var isAvailable: Bool { problem == nil }
}

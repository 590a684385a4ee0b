import Ground

/// The engines that networks can run on. To add one, write a type that is an ``Engine`` and add a row to
/// ``EngineRegistry/standard``.
public struct EngineRegistry: Sendable {
  /// The engines of this program; the first one runs networks for which none is chosen.
  public static let standard = EngineRegistry([
    OcellusEngine()
  ])

  /// In order of preference.
  public let engines: [any Engine]

  /// - Precondition: at least one engine, and no two with one name.
  public init(_ engines: [any Engine]) {
    precondition(!engines.isEmpty, "a registry needs an engine")
    precondition(Set(engines.map(\.name)).count == engines.count, "two engines have one name")
    self.engines = engines
  }

  public var names: [String] { engines.map(\.name) }

  /// The engine with this name; nil when there is none.
  public func engine(named name: String) -> (any Engine)? { engines.first { $0.name == name } }

  /// Prepares a network file with the engine that `options` name, or with the first of the registry.
  ///
  /// - Throws: ``InferenceError``, its place the file.
  public func prepare(path: String, options: NetworkOptions = .init()) throws -> any PreparedNetwork {
    guard let choice = options.engine else { return try engines[0].prepare(path: path, options: options) }
    guard let engine = engine(named: choice.name) else {
      throw InferenceError(
        .engineUnavailable, "there is no engine '\(choice.name)'", place: path,
        remedy: "known are \(names.joined(separator: ", "))")
    }
    if let problem = engine.status().problem {
      throw InferenceError(
        .engineUnavailable, "engine '\(choice.name)' cannot be used: \(problem)", place: path,
        remedy: "run `ocellus engines`")
    }
    return try engine.prepare(path: path, options: options)
  }
}

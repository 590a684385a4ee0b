import Configuration
import Foundation
import Glibc
import Ground
public import Inference
import Vision

/// A network that has been loaded.
public enum LoadedModel: Sendable {
  case vision(any VisionModel)
  case sequence(any SequenceModel)

  public var description: ModelDescription {
    switch self {
    case .vision(let model): model.description
    case .sequence(let model): model.description
    }
  }
}

/// The networks of some folders, by name; and any other network file, by path.
///
/// Thread-safe: it holds no state but its folders' names.
public final class ModelStore: Sendable {
  /// A network that is there, as far as can be told without reading it.
  public struct Entry: Sendable {
    public var name: String
    public var path: String
    /// The manifest beside it, if there is one.
    public var manifestPath: String?
    public var fileBytes: Int
    /// What the manifest says it is for; nil when only the network's file can tell.
    public var task: ModelTask?
    /// What is wrong with the manifest; nil when nothing is.
    public var problem: String?
  }

  /// Folders in order of precedence: of two networks with one name, the earlier folder's counts.
  public let folders: [String]
  /// The user's suppression settings, which override the manifests'.
  private let wishes: Manifest.Thresholds
  private let engines: EngineRegistry

  public init(
    folders: [String], wishes: Manifest.Thresholds = .init(), engines: EngineRegistry = .standard
  ) {
    self.folders = folders
    self.wishes = wishes
    self.engines = engines
  }

  /// Every network of the folders, by name. Reads manifests, but no network.
  public func list() -> [Entry] {
    var entries: [String: Entry] = [:]
    for folder in folders.reversed() {
      for entry in entriesOf(folder) { entries[entry.name] = entry }
    }
    return entries.values.sorted { $0.name < $1.name }
  }

  /// What a network is: reads its file's header, and runs it only where the header leaves the outputs' shapes open.
  ///
  /// - Parameter name: a name of the list, or a path (with a slash, or ending in ".onnx" or ".toml").
  public func describe(_ name: String) throws -> ModelDescription {
    let found = try locate(name)
    let header = try NetworkHeader(path: found.path)
    var facts = NetworkFacts(
      name: found.name, inputs: header.inputs, outputs: header.outputs, metadata: header.metadata,
      producer: header.producer)
    facts.companion = CompanionFiles(beside: found.path)
    if facts.outputs.contains(where: { $0.shape == nil }) {
      facts = try ModelStore.facts(try prepare(found, options: .init(optimize: false)), found)
    }
    if RecurrentModel.shape(facts) != nil {
      return try RecurrentModel.describe(
        facts, path: found.path, fileBytes: found.fileBytes, manifest: found.manifest
      ).description
    }
    return try ModelPlan(
      facts: facts, path: found.path, fileBytes: found.fileBytes, manifest: found.manifest, wishes: wishes
    ).description
  }

  /// Loads a network for use.
  ///
  /// - Throws: ``PerceptionError``, or `InferenceError` when the file itself is at fault.
  public func load(_ name: String, options: NetworkOptions = .init()) throws -> LoadedModel {
    let found = try locate(name)
    return try model(verified(found, options: options), found)
  }

  /// The prepared network of a file whose hash is the manifest's.
  func verified(_ found: Located, options: NetworkOptions) throws -> any PreparedNetwork {
    if let wanted = found.manifest?.sha256 {
      let actual = try FileHash.sha256(ofFile: found.path)
      guard actual == wanted else {
        throw PerceptionError(
          .badManifest, "the file's SHA-256 is \(actual), the manifest says \(wanted)", place: found.path,
          remedy: "pull the file again, or correct field 'sha256' in \(found.manifest?.path ?? "")")
      }
    }
    return try prepare(found, options: options)
  }

  /// A prepared network with everything that its file and manifest say about its use.
  func model(_ network: any PreparedNetwork, _ found: Located) throws -> LoadedModel {
    let facts = try ModelStore.facts(network, found)
    if RecurrentModel.shape(facts) != nil {
      let known = try RecurrentModel.describe(
        facts, path: found.path, fileBytes: found.fileBytes, manifest: found.manifest)
      return .sequence(RecurrentModel(network: network, known))
    }
    let plan = try ModelPlan(
      facts: facts, path: found.path, fileBytes: found.fileBytes, manifest: found.manifest, wishes: wishes)
    return .vision(try NetworkModel(network: network, plan: plan))
  }

  /// Prepares a network to be run on tensors, without recognising what it is for.
  ///
  /// - Throws: ``PerceptionError``, or `InferenceError` when the file or the engine is at fault.
  public func prepare(_ name: String, options: NetworkOptions = .init()) throws -> any PreparedNetwork {
    try prepare(locate(name), options: options)
  }

  /// With the engine of the options, else the manifest's, else the registry's first.
  private func prepare(_ found: Located, options: NetworkOptions) throws -> any PreparedNetwork {
    var options = options
    if options.engine == nil, let manifest = found.manifest, let name = manifest.engine {
      options.engine = try engine(name, of: manifest)
    }
    return try engines.prepare(path: found.path, options: options)
  }

  private func engine(_ text: String, of manifest: Manifest) throws -> EngineChoice {
    if let choice = EngineChoice(text), engines.engine(named: choice.name) != nil { return choice }
    let near = Spelling.nearest(to: text, among: engines.names).map { "did you mean '\($0)'? " } ?? ""
    throw PerceptionError(
      .badManifest, "field 'engine' is '\(text)', which is not known", place: manifest.path,
      remedy: "\(near)known are \(engines.names.joined(separator: ", "))")
  }

  /// Loads a network that looks at pictures.
  public func loadVision(_ name: String, options: NetworkOptions = .init()) throws -> any VisionModel {
    switch try load(name, options: options) {
    case .vision(let model): return model
    case .sequence(let model):
      throw PerceptionError(
        .badInput, "is a network over sequences, not over pictures", place: model.description.path)
    }
  }

  /// Loads a network over sequences.
  public func loadSequence(_ name: String, options: NetworkOptions = .init()) throws -> any SequenceModel {
    switch try load(name, options: options) {
    case .sequence(let model): return model
    case .vision(let model):
      throw PerceptionError(
        .badInput, "is a network over pictures, not over sequences", place: model.description.path)
    }
  }

  /// The network file behind a name or path; nothing of it is read.
  public func networkPath(of name: String) throws -> String { try locate(name).path }

  /// The file behind a name or path, and its manifest.
  struct Located {
    var name: String
    var path: String
    var fileBytes: Int
    var manifest: Manifest?
  }

  func locate(_ name: String) throws -> Located {
    if name.contains("/") || name.hasSuffix(".onnx") || name.hasSuffix(".toml") {
      return try ModelStore.located(path: name)
    }
    for folder in folders {
      let base = (folder as NSString).appendingPathComponent(name)
      // A manifest may point at a file of another name.
      for path in [base + ".toml", base + ".onnx"] where ModelStore.size(of: path) != nil {
        return try ModelStore.located(path: path)
      }
    }
    let names = list().map(\.name)
    let near = Spelling.nearest(to: name, among: names).map { "did you mean '\($0)'?" }
    let known =
      names.isEmpty ? "no models in \(folders.joined(separator: ", "))" : "known are \(names.joined(separator: ", "))"
    throw PerceptionError(.notFound, "no model is called '\(name)'", remedy: near ?? known)
  }

  private static func located(path: String) throws -> Located {
    let stem = (path as NSString).deletingPathExtension
    let manifestPath = stem + ".toml"
    let manifest = size(of: manifestPath) == nil ? nil : try Manifest(path: manifestPath)
    var file = path.hasSuffix(".toml") ? stem + ".onnx" : path
    if let named = manifest?.file {
      let folder = manifestPath.folderPath
      file = named.hasPrefix("/") ? named : (folder as NSString).appendingPathComponent(named)
    }
    guard let bytes = size(of: file) else {
      throw PerceptionError(
        .notFound, "no such file", place: file, remedy: file.hasLostBytes ? String.lostBytesRemedy : "")
    }
    return Located(
      name: (stem as NSString).lastPathComponent, path: file, fileBytes: bytes, manifest: manifest)
  }

  private func entriesOf(_ folder: String) -> [Entry] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var stems = Set<String>()
    for file in files where file.hasSuffix(".onnx") { stems.insert((file as NSString).deletingPathExtension) }
    // A manifest alone counts if it names a file of another name.
    for file in files where file.hasSuffix(".toml") && file != ModelStore.catalogueFile {
      stems.insert((file as NSString).deletingPathExtension)
    }
    return stems.map { stem in
      let base = (folder as NSString).appendingPathComponent(stem)
      let hasManifest = files.contains(stem + ".toml")
      do {
        let found = try ModelStore.located(path: base + (hasManifest ? ".toml" : ".onnx"))
        return Entry(
          name: stem, path: found.path, manifestPath: hasManifest ? base + ".toml" : nil, fileBytes: found.fileBytes,
          task: found.manifest?.task)
      } catch {
        return Entry(
          name: stem, path: base + ".onnx", manifestPath: hasManifest ? base + ".toml" : nil,
          fileBytes: ModelStore.size(of: base + ".onnx") ?? 0, problem: "\(error)")
      }
    }
  }

  /// The catalogue lies among the manifests, but is none.
  static let catalogueFile = "catalogue.toml"

  private static func size(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// The network's facts; where its output shapes are open, those of a trial run on a grey picture.
  private static func facts(_ network: any PreparedNetwork, _ found: Located) throws -> NetworkFacts {
    var facts = NetworkFacts(
      name: found.name, inputs: network.inputs, outputs: network.outputs, metadata: network.metadata,
      producer: network.producer)
    facts.companion = CompanionFiles(beside: found.path)
    try facts.checkBatch(found.path)
    let open = facts.outputs.contains { $0.shape == nil }
    guard open, let picture = facts.picture else { return facts }
    let recipe = facts.recipe(width: 640, height: 640, rule: .stretch)
      .overridden(by: found.manifest?.input ?? .init())
    guard picture.width == nil || recipe.nominalSize.width == picture.width else { return facts }
    do {
      let shapes = try TrialRun.outputShapes(network, facts, recipe)
      facts.complete(outputShapes: shapes)
    } catch {
      facts.trialFailure = "the shapes of its outputs are not known, because a trial run failed: \(error)"
    }
    return facts
  }
}

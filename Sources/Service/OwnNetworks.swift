import Configuration
import Glibc
import Ground
import Perception

/// The networks of the user's own: all that are installed but those that know the demo scene and nothing else.
public struct OwnNetworks {
  /// How to get a network, where there is none.
  public static let remedy = "ocellus models pull yolox-nano, or --model best.onnx"
  /// The same as a line of its own, for the screen and for standard error.
  static let advice = "no network for this source: \(remedy)"

  private let store: ModelStore

  public init() { self.init(InstalledModels.store) }

  init(_ store: ModelStore) { self.store = store }

  /// The newest first. Reads no network.
  private var names: [String] {
    store.list().filter { $0.problem == nil && !InstalledModels.ofDemo.contains($0.name) }
      .map { (name: $0.name, age: Self.modified($0.path)) }
      .sorted { ($0.age, $1.name) > ($1.age, $0.name) }.map(\.name)
  }

  /// Those that can look at a source, the newest first. Reads the heads of their files.
  public var usable: [String] { names.filter { name in task(of: name).flatMap(Self.rank) != nil } }

  /// The network for a source of which nothing else is known: the newest that finds objects, else the newest that says
  /// something of the whole picture. nil where there is none. Reads the heads of files until one finds objects.
  var best: String? {
    var other: (name: String, rank: Int)?
    for name in names {
      guard let task = task(of: name), let rank = Self.rank(task) else { continue }
      if rank == 0 { return name }
      if rank < other?.rank ?? .max { other = (name, rank) }
    }
    return other?.name
  }

  /// nil for a file that cannot be used: `models check` says why.
  private func task(of name: String) -> ModelTask? {
    do { return try store.describe(name).task } catch { return nil }
  }

  /// The place of a task among those that a first network may have; nil where it may not.
  private static func rank(_ task: ModelTask) -> Int? {
    switch task {
    case .detection, .instanceSegmentation, .pose, .orientedDetection: 0
    case .semanticSegmentation: 1
    case .classification: 2
    case .depth: 3
    case .embedding, .sequence: nil
    }
  }

  private static func modified(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mtim.tv_sec : 0
  }
}

import Configuration
import Ground
import Perception

/// The network that a session runs where the user names none.
enum UsualNetwork {
  /// Those that ship with the program, which know its demo scene.
  case demo
  /// One of the user's own, by name or path.
  case own(String)
  /// None: there is none that would know what the source shows.
  case none

  /// For the demo scene its own networks. For everything else never those: the configuration's (`default` in `[models]`),
  /// else the one that was used last on this source, else the best of the user's own.
  ///
  /// - Parameters:
  ///   - source: its name; nil for photos, of which nothing is remembered.
  ///   - problem: what is wrong with the configuration.
  init(for source: String?, isDemo: Bool, _ user: UserConfiguration, problem: inout String?) {
    if isDemo {
      self = .demo
    } else if let name = Self.configured(user, problem: &problem) ?? source.flatMap({ LastNetworks().name(for: $0) })
      ?? OwnNetworks().best
    {
      self = .own(name)
    } else {
      self = .none
    }
  }

  private static func configured(_ user: UserConfiguration, problem: inout String?) -> String? {
    guard let document = user.document, case .table(let section)? = document.root["models"],
      let value = section["default"]
    else { return nil }
    if case .string(let name) = value, !name.isEmpty { return name }
    problem = "\(document.place(of: "models.default")): default in [models] takes a model's name"
    return nil
  }
}

/// Which network was used last on a source: a small file for each source, so that two instances cannot destroy each
/// other's.
struct LastNetworks {
  private static let limit = 1 << 12
  private let folder: String

  init(folder: String = UserFolders.state + "/networks") { self.folder = folder }

  /// The network, where it is still there.
  func name(for source: String) -> String? {
    // A missing or damaged note is none.
    guard let text = try? SmallFile.text(path(for: source), limit: Self.limit) else { return nil }
    let lines = text.split(separator: "\n").map(String.init)
    guard lines.count == 2, lines[0] == source.plainLine, !InstalledModels.ofDemo.contains(lines[1]) else { return nil }
    do { _ = try InstalledModels.store.networkPath(of: lines[1]) } catch { return nil }
    return lines[1]
  }

  /// - Throws: `ConfigurationError` where it cannot be written.
  func remember(_ network: String, for source: String) throws(ConfigurationError) {
    guard !network.contains("\n") else { return }
    try SmallFile.update(path(for: source), limit: Self.limit) { _ in "\(source.plainLine)\n\(network)\n" }
  }

  /// FNV-1a: a source's name may hold what a file's may not.
  private func path(for source: String) -> String {
    let hash = source.utf8.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    return folder + "/" + String(hash, radix: 16)
  }
}

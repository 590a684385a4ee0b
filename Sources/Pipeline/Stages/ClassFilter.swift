import Configuration
import Ground
package import Perception

/// Compares the classes that a stage is limited to with those that its network knows.
package enum ClassFilter {
  /// The classes of `wanted` that the network does not know; none where its classes have no names.
  package static func unknown(_ wanted: [String], in model: ModelDescription) -> [String] {
    guard !model.labels.isEmpty else { return [] }
    let known = Set(model.labels)
    return wanted.filter { !known.contains($0) }
  }

  /// - Throws: `PerceptionError` where the network knows none of the classes, so that it would never report anything.
  static func check(_ wanted: [String], in model: ModelDescription) throws {
    let missing = unknown(wanted, in: model)
    guard !wanted.isEmpty, missing.count == wanted.count else { return }
    throw PerceptionError(
      .notFound, problem(missing, in: model), place: model.path, remedy: remedy(missing, in: model))
  }

  package static func problem(_ missing: [String], in model: ModelDescription) -> String {
    let names = missing.map { "'\($0)'" }.joined(separator: ", ")
    return missing.count == 1 ? "\(model.name) has no class \(names)" : "\(model.name) has none of the classes \(names)"
  }

  package static func remedy(_ missing: [String], in model: ModelDescription) -> String {
    if let word = missing.first, let near = Spelling.nearest(to: word, among: model.labels) {
      return "did you mean '\(near)'?"
    }
    let shown = model.labels.prefix(12).joined(separator: ", ")
    return "its classes: \(shown)\(model.labels.count > 12 ? ", … (`ocellus models show` lists all)" : "")"
  }
}

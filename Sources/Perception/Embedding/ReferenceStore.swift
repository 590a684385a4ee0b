import Foundation
import Ground
import Synchronization

/// Things to find again: named feature vectors, kept on disk.
///
/// A vector means something only to the network that made it, so each reference remembers its model. Thread-safe.
public final class ReferenceStore: Sendable {
  /// A marked object.
  public struct Reference: Sendable, Hashable, Codable {
    public var name: String
    /// The model that made the vector.
    public var model: String
    /// Unit length.
    public var vector: [Float]
    /// Whether it is written to disk.
    public var isKept = true

    private enum CodingKeys: CodingKey { case name, model, vector }

    public init(name: String, model: String, vector: [Float], isKept: Bool = true) {
      self.name = name
      self.model = model
      self.vector = vector
      self.isKept = isKept
    }
  }

  /// As many as fit a glance and a scan per detection.
  public static let limit = 256
  private static let fileLimit = 64 << 20

  /// nil for a store that is never written.
  private let path: String?
  private let references: Mutex<[Reference]>

  /// Opens the store; a missing file is an empty store.
  ///
  /// - Throws: ``PerceptionError`` when the file is there but not a store.
  public init(path: String) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      references = Mutex([])
      return
    }
    // A file that cannot be examined, read or decoded is refused below, whatever the reason.
    let attributes = try? FileManager.default.attributesOfItem(atPath: path.realPath ?? path)
    guard let bytes = attributes?[.size] as? Int, bytes <= ReferenceStore.fileLimit,
      attributes?[.type] as? FileAttributeType == .typeRegular,
      let data = FileManager.default.contents(atPath: path),
      let read = try? JSONDecoder().decode([Reference].self, from: data),
      read.allSatisfy({ !$0.vector.isEmpty && $0.vector.allSatisfy(\.isFinite) })
    else {
      throw PerceptionError(
        .badInput, "is not a file of references", place: path, remedy: "move the file away to start with an empty list")
    }
    references = Mutex(
      read.prefix(ReferenceStore.limit).map {
        Reference(name: $0.name, model: $0.model, vector: Embeddings.normalized($0.vector))
      })
  }

  /// A store that lives as long as the program.
  public init() {
    path = nil
    references = Mutex([])
  }

  public var isEmpty: Bool { references.withLock { $0.isEmpty } }

  /// All references, oldest first.
  public var all: [Reference] { references.withLock { $0 } }

  /// Adds a reference, or replaces the one of that name and model, and writes the file.
  ///
  /// - Parameter isKept: false for a reference that the file is not to hold.
  /// - Throws: ``PerceptionError`` when the store is full, the vector has no direction, or the file cannot be written: the
  ///   store is then as before.
  public func add(name: String, model: String, vector: [Float], isKept: Bool = true) throws {
    let unit = Embeddings.normalized(vector)
    guard unit.contains(where: { $0 != 0 }) else {
      throw PerceptionError(.badInput, "the feature vector of '\(name)' has no direction")
    }
    try change { references in
      references.removeAll { $0.name == name && $0.model == model }
      guard references.count < ReferenceStore.limit else {
        throw PerceptionError(
          .badInput, "there are \(ReferenceStore.limit) references already", place: path ?? "",
          remedy: "remove some first")
      }
      references.append(Reference(name: name, model: model, vector: unit, isKept: isKept))
    }
  }

  /// Removes every reference of that name and writes the file.
  public func remove(name: String) throws { try change { $0.removeAll { $0.name == name } } }

  /// The references of `model`, most similar to `vector` first, `limit` at most.
  public func matches(_ vector: [Float], model: String, limit: Int = .max) -> [Likeness.Match] {
    references.withLock { references in
      var matches: [Likeness.Match] = []
      for reference in references where reference.model == model {
        guard let value = Embeddings.similarity(reference.vector, vector) else { continue }
        matches.append(Likeness.Match(name: reference.name, similarity: value))
      }
      matches.sort { ($0.similarity, $1.name) > ($1.similarity, $0.name) }
      return matches.count > limit ? Array(matches.prefix(limit)) : matches
    }
  }

  /// Changes the list and writes it; a list that cannot be written stays as it was.
  private func change(_ body: (inout [Reference]) throws -> Void) throws {
    try references.withLock { references in
      var copy = references
      try body(&copy)
      let kept = copy.filter(\.isKept)
      if let path, kept != references.filter(\.isKept) { try ReferenceStore.write(kept, to: path) }
      references = copy
    }
  }

  /// Under another name first, then renamed: a reader or a power cut sees the old list or the new one.
  private static func write(_ references: [Reference], to path: String) throws {
    do {
      let folder = path.folderPath
      if !folder.isEmpty {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      }
      try JSONEncoder().encode(references).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw PerceptionError(.badInput, "cannot be written: \(error.localizedDescription)", place: path)
    }
  }
}

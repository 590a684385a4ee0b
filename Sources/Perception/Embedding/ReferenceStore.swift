import Foundation
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

    public init(name: String, model: String, vector: [Float]) {
      self.name = name
      self.model = model
      self.vector = vector
    }
  }

  /// How much a detection looks like a reference.
  public struct Match: Sendable, Hashable {
    public var name: String
    /// Cosine similarity, -1...1.
    public var similarity: Float
  }

  /// As many as fit a glance and a scan per detection.
  public static let limit = 256
  private static let fileLimit = 64 << 20

  private let path: String
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
    guard let data = FileManager.default.contents(atPath: path), data.count <= ReferenceStore.fileLimit,
      let read = try? JSONDecoder().decode([Reference].self, from: data),
      read.allSatisfy({ !$0.vector.isEmpty && $0.vector.allSatisfy(\.isFinite) })
    else {
      throw PerceptionError(
        .badInput, "is not a file of references", place: path, remedy: "move it away to begin anew")
    }
    references = Mutex(
      read.prefix(ReferenceStore.limit).map {
        Reference(name: $0.name, model: $0.model, vector: Embeddings.normalized($0.vector))
      })
  }

  /// All references, oldest first.
  public var all: [Reference] { references.withLock { $0 } }

  /// Adds a reference, or replaces the one of that name and model, and writes the file.
  ///
  /// - Throws: ``PerceptionError`` when the store is full, the vector has no direction, or the file cannot be written: the
  ///   store is then as before.
  public func add(name: String, model: String, vector: [Float]) throws {
    let unit = Embeddings.normalized(vector)
    guard unit.contains(where: { $0 != 0 }) else {
      throw PerceptionError(.badInput, "the feature vector of '\(name)' has no direction")
    }
    try change { references in
      references.removeAll { $0.name == name && $0.model == model }
      guard references.count < ReferenceStore.limit else {
        throw PerceptionError(
          .badInput, "there are \(ReferenceStore.limit) references already", place: path, remedy: "remove some first")
      }
      references.append(Reference(name: name, model: model, vector: unit))
    }
  }

  /// Removes every reference of that name and writes the file.
  public func remove(name: String) throws { try change { $0.removeAll { $0.name == name } } }

  /// The references of `model`, most similar to `vector` first.
  public func matches(_ vector: [Float], model: String) -> [Match] {
    references.withLock { references in
      references.compactMap { reference -> Match? in
        guard reference.model == model, let value = Embeddings.similarity(reference.vector, vector) else { return nil }
        return Match(name: reference.name, similarity: value)
      }
      .sorted { $0.similarity > $1.similarity }
    }
  }

  private func change(_ body: (inout [Reference]) throws -> Void) throws {
    try references.withLock { references in
      var copy = references
      try body(&copy)
      do {
        let folder = (path as NSString).deletingLastPathComponent
        if !folder.isEmpty {
          try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try JSONEncoder().encode(copy).write(to: URL(filePath: path), options: .atomic)
      } catch {
        throw PerceptionError(.badInput, "cannot be written: \(error.localizedDescription)", place: path)
      }
      references = copy
    }
  }
}

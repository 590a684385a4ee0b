import Configuration
import Foundation
import Glibc
import Ground
import Synchronization

/// Things to find again: named feature vectors, kept on disk.
///
/// A vector means something only to the network that made it, so each reference remembers its model. Several processes may
/// have the same file open: each change reads it, changes it and writes it under a lock, and ``refresh()`` brings what others
/// changed. Thread-safe.
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

    fileprivate func isSame(as other: Reference) -> Bool { name == other.name && model == other.model }
  }

  private struct State: Sendable {
    /// What the file held when it was read or written last.
    var kept: [Reference] = [] { didSet { join() } }
    /// References of this process alone; they stand for kept ones of the same name and model.
    var passing: [Reference] = [] { didSet { join() } }
    /// What is compared: made once per change.
    private(set) var all: [Reference] = []
    /// The file's version that ``kept`` is of; nil where there was no file.
    var version: ReferenceFile.Version?

    private mutating func join() {
      let joined = kept.filter { one in !passing.contains { $0.isSame(as: one) } } + passing
      all = Array(joined.prefix(ReferenceStore.limit))
    }
  }

  /// As many as fit a glance and a scan per detection.
  public static let limit = 256

  /// nil for a store that is never written.
  private let file: ReferenceFile?
  private let state: Mutex<State>

  /// Opens the store; a missing file is an empty store.
  ///
  /// - Throws: ``PerceptionError`` when the file is there but not a store.
  public init(path: String) throws {
    let file = ReferenceFile(path: path)
    self.file = file
    let version = file.version
    let kept = try file.read()
    state = Mutex(State())
    state.withLock { ($0.version, $0.kept) = (version, kept) }
  }

  /// A store that lives as long as the program.
  public init() {
    file = nil
    state = Mutex(State())
  }

  public var isEmpty: Bool { state.withLock { $0.kept.isEmpty && $0.passing.isEmpty } }

  /// All references, oldest first, ``limit`` at most.
  public var all: [Reference] { state.withLock { $0.all } }

  /// Adds a reference, or replaces the one of that name and model, and writes the file.
  ///
  /// - Parameter isKept: false for a reference of this process alone, which the file is not to hold.
  /// - Throws: ``PerceptionError`` when the store is full, the vector has no direction, or the file cannot be written: the
  ///   store is then as before.
  public func add(name: String, model: String, vector: [Float], isKept: Bool = true) throws {
    let unit = Embeddings.normalized(vector)
    guard unit.contains(where: { $0 != 0 }) else {
      throw PerceptionError(.badInput, "the feature vector of '\(name)' has no direction")
    }
    let added = Reference(name: name, model: model, vector: unit, isKept: isKept)
    func put(into list: inout [Reference], beside others: Int) throws {
      list.removeAll { $0.isSame(as: added) }
      guard list.count + others < ReferenceStore.limit else {
        throw PerceptionError(
          .badInput, "there are \(ReferenceStore.limit) references already", place: file?.path ?? "",
          remedy: "remove some first: 'ocellus references remove NAME'")
      }
      list.append(added)
    }
    try state.withLock { state in
      guard isKept else { return try put(into: &state.passing, beside: state.kept.count) }
      let passing = state.passing.count { !$0.isSame(as: added) }
      try change(&state) { try put(into: &$0, beside: passing) }
      state.passing.removeAll { $0.isSame(as: added) }
    }
  }

  /// Removes every reference of that name and writes the file; how many there were.
  ///
  /// - Throws: ``PerceptionError`` when the file cannot be written: the store is then as before.
  @discardableResult
  public func remove(name: String) throws -> Int {
    try state.withLock { state in
      let before = state.all.count { $0.name == name }
      let kept = try change(&state) { references in
        let count = references.count
        references.removeAll { $0.name == name }
        return count - references.count
      }
      state.passing.removeAll { $0.name == name }
      return max(before, kept)
    }
  }

  /// Gives every kept reference called `name` another name and writes the file; how many there were.
  ///
  /// - Throws: ``PerceptionError`` when the new name is empty or one of the same model has it, or when the file cannot be
  ///   written: the store is then as before.
  @discardableResult
  public func rename(_ name: String, to newName: String) throws -> Int {
    guard newName.contains(where: { !$0.isWhitespace }) else {
      throw PerceptionError(.badInput, "a reference needs a name")
    }
    return try state.withLock { state in
      try change(&state) { references in
        let models = Set(references.lazy.filter { $0.name == name }.map(\.model))
        guard name == newName || !references.contains(where: { $0.name == newName && models.contains($0.model) }) else {
          throw PerceptionError(
            .badInput, "another reference is called '\(newName)'", place: file?.path ?? "",
            remedy: "choose another name, or remove that one first: 'ocellus references remove NAME'")
        }
        for index in references.indices where references[index].name == name { references[index].name = newName }
        return models.count
      }
    }
  }

  /// Reads the file again if another process has changed it.
  ///
  /// - Returns: whether the list may have changed.
  /// - Throws: ``PerceptionError`` when it cannot be read: the store stays as it was, and says so once per change.
  public func refresh() throws -> Bool {
    guard let file else { return false }
    return try state.withLock { state in
      let version = file.version
      guard version != state.version else { return false }
      state.version = version
      state.kept = try file.read()
      return true
    }
  }

  /// The references of `model`, most similar to `vector` first, `limit` at most.
  public func matches(_ vector: [Float], model: String, limit: Int = .max) -> [Likeness.Match] {
    var matches: [Likeness.Match] = []
    for reference in all where reference.model == model {
      guard let value = Embeddings.similarity(reference.vector, vector) else { continue }
      matches.append(Likeness.Match(name: reference.name, similarity: value))
    }
    matches.sort { ($0.similarity, $1.name) > ($1.similarity, $0.name) }
    return matches.count > limit ? Array(matches.prefix(limit)) : matches
  }

  /// Changes what the file holds now, which may be more than what was read of it, and writes it; a list that cannot be
  /// written stays as it was.
  private func change<Value>(_ state: inout State, _ body: (inout [Reference]) throws -> Value) throws -> Value {
    guard let file else { return try body(&state.kept) }
    let (kept, value) = try file.change(body)
    (state.kept, state.version) = (kept, file.version)
    return value
  }
}

/// The file of a ``ReferenceStore``, which several processes may read and write.
private struct ReferenceFile: Sendable {
  /// What tells two states of a file apart: every writer puts a new file in its place.
  struct Version: Sendable, Equatable {
    var device: UInt64
    var inode: UInt64
    var bytes: Int
    var seconds: Int
    var nanoseconds: Int
  }

  private static let byteLimit = 64 << 20

  let path: String

  /// The file's present version; nil while it does not exist.
  var version: Version? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Version(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), bytes: Int(status.st_size),
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
  }

  /// The references in the file; none where it is missing.
  ///
  /// - Throws: ``PerceptionError`` when it is not a file of references.
  func read() throws -> [ReferenceStore.Reference] {
    let bytes: [UInt8]
    do { bytes = try SmallFile.bytes(path, limit: ReferenceFile.byteLimit) } catch {
      if error.kind == .notFound { return [] }
      throw PerceptionError(.badInput, error.what, place: path, remedy: ReferenceFile.remedy, errno: error.errno)
    }
    // Whatever the decoder finds, it is not a file of references.
    guard let read = try? JSONDecoder().decode([ReferenceStore.Reference].self, from: Data(bytes)),
      read.allSatisfy({ !$0.vector.isEmpty && $0.vector.allSatisfy(\.isFinite) })
    else {
      throw PerceptionError(.badInput, "is not a file of references", place: path, remedy: ReferenceFile.remedy)
    }
    return read.map {
      ReferenceStore.Reference(name: $0.name, model: $0.model, vector: Embeddings.normalized($0.vector))
    }
  }

  private static let remedy = "move the file away to start with an empty list"

  /// Reads, changes and writes the list while no other process does.
  func change<Value>(
    _ body: (inout [ReferenceStore.Reference]) throws -> Value
  ) throws -> ([ReferenceStore.Reference], Value) {
    SmallFile.makeFolder(of: path)
    return try FileLock.hold(beside: path, refusal: unwritable) {
      let before = try read()
      var references = before
      let value = try body(&references)
      if references != before { try write(references) }
      return (references, value)
    }
  }

  /// Under another name first, then renamed: a reader or a power cut sees the old list or the new one. A link stays a link.
  private func write(_ references: [ReferenceStore.Reference]) throws {
    let bytes = Array(try JSONEncoder().encode(references))
    do throws(SystemError) { try WholeFile.write(bytes, to: path.realPath ?? path, synchronized: true) } catch {
      throw unwritable(error)
    }
  }

  private func unwritable(_ error: SystemError) -> any Error {
    error.code == EBUSY
      ? PerceptionError(
        .badInput, "another process keeps it locked", place: path, remedy: "try again", errno: error.code)
      : PerceptionError(
        .badInput, "cannot be written: \(error.lowercaseWords)", place: path,
        remedy: "check the folder's permissions and the disk", errno: error.code)
  }
}

import Capture
import Ground
import Perception
import Synchronization
import Vision

/// The references of a session: marks objects, and compares those of every frame with what was marked. Any thread, but
/// where a method says otherwise.
package final class ReferenceBook: Sendable {
  /// An object that was marked before any network had made a feature vector of it.
  private struct Mark: Sendable {
    var image: Image
    var region: Box
    var name: String
  }

  /// The outcome of a mark.
  enum Marking {
    /// The list has changed.
    case added
    /// The object waits for a network that makes feature vectors.
    case waits
    /// Nothing has changed; why was reported.
    case failed
  }

  /// Marks that wait for an embedder, at most.
  private static let queueLimit = 16
  /// Matches that an object carries, at most.
  private static let matchLimit = 5

  private let store: ReferenceStore
  private let waiting = Monitor<[Mark]>([])
  /// When the file was looked at last, in nanoseconds.
  private let lookedAt = Atomic<Int64>(MonotonicTime.now.nanoseconds)
  /// How often it is looked at for what other processes have changed.
  private static let lookingPeriod: Int64 = 1_000_000_000
  private let report: @Sendable (SessionEvent) -> Void

  init(store: ReferenceStore, report: @escaping @Sendable (SessionEvent) -> Void) {
    self.store = store
    self.report = report
  }

  var isEmpty: Bool { store.isEmpty }

  /// Whether any reference was made by that network.
  func knows(model: String) -> Bool { store.all.contains { $0.model == model } }

  /// Reads what other processes have changed, once a second at most.
  private func look() {
    let now = MonotonicTime.now.nanoseconds
    let before = lookedAt.load(ordering: .relaxed)
    guard now - before >= ReferenceBook.lookingPeriod,
      lookedAt.compareExchange(expected: before, desired: now, ordering: .relaxed).exchanged
    else { return }
    do { _ = try store.refresh() } catch {
      report(SessionEvent(severity: .warning, message: "references are not read again: \(error)"))
    }
  }

  var references: [ReferenceListing] {
    look()
    return store.all.map { ReferenceListing(name: $0.name, model: $0.model, isKept: $0.isKept) }
  }

  /// Remembers an object under a name.
  func mark(_ detection: Detection, of result: FrameResult, name: String) -> Marking {
    if let vector = detection.vector { return add(name, vector.values, by: vector.model) ? .added : .failed }
    let fits = waiting.withLock { waiting in
      guard waiting.count < ReferenceBook.queueLimit else { return false }
      waiting.append(Mark(image: result.frame.image, region: detection.box, name: name))
      return true
    }
    if !fits {
      report(SessionEvent(severity: .warning, message: "'\(name)' not marked: others still wait for an embedder"))
    }
    return fits ? .waits : .failed
  }

  /// - Returns: whether the list has changed.
  func remove(name: String) -> Bool {
    do {
      try store.remove(name: name)
      report(SessionEvent(severity: .info, message: "reference '\(name)' removed"))
      return true
    } catch {
      report(SessionEvent(severity: .error, message: "reference '\(name)' not removed: \(error)"))
      return false
    }
  }

  /// Adds a photo's vector for this session only; replaces one of that name. Loader's thread.
  func add(photo: ReferencePhoto, by model: any VisionModel) throws {
    let (findings, _) = try model.perceive(try PhotoFile.load(photo.path), region: nil, minimumConfidence: nil)
    guard let vector = findings.embedding else { return }
    try store.add(name: photo.name, model: model.description.name, vector: vector, isKept: false)
  }

  /// Marks the objects that wait, with a network that makes feature vectors. Pipeline thread only.
  ///
  /// - Returns: whether the list has changed.
  func serveWaiting(with embedder: any VisionModel) -> Bool {
    var hasChanged = false
    for mark in takeWaiting() {
      do {
        let (findings, _) = try embedder.perceive(mark.image, region: mark.region, minimumConfidence: nil)
        guard let vector = findings.embedding else { continue }
        hasChanged = add(mark.name, vector, by: embedder.description.name) || hasChanged
      } catch {
        report(SessionEvent(severity: .error, message: "'\(mark.name)' not marked: \(error)"))
      }
    }
    return hasChanged
  }

  private func takeWaiting() -> [Mark] {
    waiting.withLock { waiting in
      defer { if !waiting.isEmpty { waiting.removeAll() } }
      return waiting
    }
  }

  /// Drops the marks that wait: no network makes feature vectors.
  func giveUpWaiting(because reason: String) {
    for mark in takeWaiting() {
      report(SessionEvent(severity: .error, message: "'\(mark.name)' not marked: \(reason)"))
    }
  }

  /// Attaches to each object, and to the whole picture, how much it looks like the references.
  func compare(_ findings: inout Findings, by stage: StageID) {
    look()
    for index in findings.detections.indices { compare(&findings.detections[index].attributes, by: stage) }
    compare(&findings.layers, by: stage)
  }

  private func compare(_ layers: inout [Layer], by stage: StageID) {
    layers.removeAll { $0.stage == stage && $0.content is Likeness }
    var matches: [Likeness.Match] = []
    for layer in layers {
      guard let vector = layer.content as? FeatureVector else { continue }
      matches += store.matches(vector.values, model: vector.model, limit: ReferenceBook.matchLimit)
    }
    guard !matches.isEmpty else { return }
    matches.sort { $0.similarity > $1.similarity }
    layers.append(Layer(Likeness(Array(matches.prefix(ReferenceBook.matchLimit))), by: stage))
  }

  /// - Returns: whether the list has changed.
  private func add(_ name: String, _ vector: [Float], by model: String) -> Bool {
    do {
      try store.add(name: name, model: model, vector: vector)
      report(SessionEvent(severity: .info, message: "'\(name)' is a reference now, by \(model)"))
      return true
    } catch {
      report(SessionEvent(severity: .error, message: "'\(name)' not marked: \(error)"))
      return false
    }
  }
}

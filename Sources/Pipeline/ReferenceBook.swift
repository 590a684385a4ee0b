import Capture
import Ground
import Perception
import Vision

/// The references of a session: marks detections, and compares those of every frame with what was marked.
final class ReferenceBook: ReferenceControl {
  /// A detection that was marked before any network had made a feature vector of it.
  private struct Mark: Sendable {
    var image: Image
    var region: Box
    var name: String
  }

  /// As many marks wait as a hasty operator sets.
  private static let queueLimit = 16
  /// So many matches a detection carries.
  private static let matchLimit = 5

  private let store: ReferenceStore
  private let waiting = Monitor<[Mark]>([])
  private let report: @Sendable (SessionEvent) -> Void
  /// Set once, before the session starts: what to do when the list has changed, and when a mark needs an embedder.
  private let hooks = Monitor(Hooks())

  struct Hooks: Sendable {
    var changed: @Sendable () -> Void = {}
    var needsEmbedder: @Sendable () -> Void = {}
  }

  init(store: ReferenceStore, report: @escaping @Sendable (SessionEvent) -> Void) {
    self.store = store
    self.report = report
  }

  func connect(_ hooks: Hooks) { self.hooks.withLock { $0 = hooks } }

  /// Whether any reference was made by that network.
  func knows(model: String) -> Bool { store.all.contains { $0.model == model } }

  var references: [ReferenceListing] {
    store.all.map { ReferenceListing(name: $0.name, model: $0.model, isKept: $0.isKept) }
  }

  func markReference(_ detection: Detection, of result: FrameResult, name: String) {
    if let vector = detection.embedding, let model = detection.embeddingModel {
      add(name, vector, by: model)
      return
    }
    let fits = waiting.withLock { waiting in
      guard waiting.count < ReferenceBook.queueLimit else { return false }
      waiting.append(Mark(image: result.frame.image, region: detection.box, name: name))
      return true
    }
    guard fits else {
      report(SessionEvent(severity: .warning, message: "'\(name)' not marked: others still wait for an embedder"))
      return
    }
    hooks.withLock { $0.needsEmbedder }()
  }

  func removeReference(named name: String) {
    do {
      try store.remove(name: name)
      hooks.withLock { $0.changed }()
      report(SessionEvent(severity: .info, message: "reference '\(name)' removed"))
    } catch {
      report(SessionEvent(severity: .error, message: "reference '\(name)' not removed: \(error)"))
    }
  }

  /// Adds a photo's vector for this session only; replaces one of that name. Loader's thread.
  func add(photo: ReferencePhoto, by model: any VisionModel) throws {
    let (findings, _) = try model.perceive(try ImageFile.load(photo.path), region: nil, minimumConfidence: nil)
    guard let vector = findings.embedding else { return }
    try store.add(name: photo.name, model: model.description.name, vector: vector, isKept: false)
  }

  /// Marks what waits, with a network that makes feature vectors. Pipeline thread only.
  func serveWaiting(with embedder: any VisionModel) {
    for mark in takeWaiting() {
      do {
        let (findings, _) = try embedder.perceive(mark.image, region: mark.region, minimumConfidence: nil)
        guard let vector = findings.embedding else { continue }
        add(mark.name, vector, by: embedder.description.name)
      } catch {
        report(SessionEvent(severity: .error, message: "'\(mark.name)' not marked: \(error)"))
      }
    }
  }

  private func takeWaiting() -> [Mark] {
    waiting.withLock { waiting in
      defer { if !waiting.isEmpty { waiting.removeAll() } }
      return waiting
    }
  }

  /// Gives up what waits: no network makes feature vectors.
  func giveUpWaiting(because reason: String) {
    for mark in takeWaiting() {
      report(SessionEvent(severity: .error, message: "'\(mark.name)' not marked: \(reason)"))
    }
  }

  /// Writes how much each detection, and the whole picture, look like the references.
  func compare(_ findings: inout Findings, pictureModel: String) {
    for index in findings.detections.indices {
      guard let vector = findings.detections[index].embedding, let model = findings.detections[index].embeddingModel
      else { continue }
      findings.detections[index].matches = store.matches(vector, model: model, limit: ReferenceBook.matchLimit)
    }
    if let vector = findings.embedding {
      findings.matches = store.matches(vector, model: pictureModel, limit: ReferenceBook.matchLimit)
    }
  }

  /// A result of an earlier frame, compared with the references of now.
  func renewed(_ result: FrameResult) -> FrameResult {
    var renewed = result
    compare(&renewed.findings, pictureModel: result.detector)
    return renewed
  }

  private func add(_ name: String, _ vector: [Float], by model: String) {
    do {
      try store.add(name: name, model: model, vector: vector)
      hooks.withLock { $0.changed }()
      report(SessionEvent(severity: .info, message: "'\(name)' is a reference now, by \(model)"))
    } catch {
      report(SessionEvent(severity: .error, message: "'\(name)' not marked: \(error)"))
    }
  }
}

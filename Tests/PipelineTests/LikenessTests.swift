import Capture
import Foundation
import Ground
import Perception
import Pipeline
import TestSupport
import Testing
import Vision

/// References marked in a session, and typed labels.
@Suite struct LikenessTests {
  /// A session that goes on until it is stopped.
  private func session(
    stages: [StageSpec]? = nil, embedder: String? = nil, labels: [String] = [], models: [any VisionModel],
    store: ReferenceStore? = nil, collector: Collector = Collector()
  ) -> Session {
    var configuration = SessionConfiguration(detector: "trio")
    configuration.stages = stages
    configuration.embedder = embedder
    configuration.labels = labels
    var extras = SessionExtras()
    extras.references = store
    return Session(
      source: ScriptedSource.endless(), provider: FakeProvider(models: [FakeTrio()] + models),
      configuration: configuration, consumers: [collector],
      extras: extras)
  }

  /// The first snapshot of a view that meets the condition. The view stays open: objects on what it has shown can be marked.
  private func wait(_ session: Session, until condition: (SessionSnapshot) -> Bool) -> SessionSnapshot {
    let view = session.openView()
    var snapshot = view.snapshot()
    eventually {
      if condition(snapshot) { return true }
      snapshot = view.snapshot()
      return condition(snapshot)
    }
    return snapshot
  }

  private func end(_ session: Session) {
    session.stop()
    session.wait()
  }

  @Test func aMarkedDetectionIsFoundAgain() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("made/references.json")
    let session = session(embedder: "embedder", models: [FakeEmbedder()], store: try ReferenceStore(path: path))
    session.start()
    let before = wait(session) { $0.latest?.findings.detections.last?.embedding != nil }
    let result = try #require(before.latest)
    let first = try #require(result.findings.detections.first)
    session.perform(.markReference(result.id(of: first), name: "our pallet"))
    #expect(session.snapshot().references == [ReferenceListing(name: "our pallet", model: "embedder", isKept: true)])
    let after = wait(session) { $0.latest?.number ?? 0 > result.number + 2 }
    let found = try #require(after.latest).findings.detections
    #expect(found.allSatisfy { $0.matches.map(\.name) == ["our pallet"] })
    // The objects lie 60 degrees apart for the embedder.
    for (detection, cosine) in zip(found, [1, 0.5, -0.5] as [Float]) {
      #expect(abs((detection.matches.first?.similarity ?? 9) - cosine) < 1e-5)
    }
    #expect(after.references.count == 1)
    end(session)

    let reopened = try ReferenceStore(path: path)
    #expect(reopened.all.map(\.name) == ["our pallet"])
    // The next session looks for it by itself: its embedder is loaded without being named.
    let next = self.session(models: [FakeEmbedder()], store: reopened)
    next.start()
    let again = wait(next) { $0.latest?.findings.detections.first?.matches.isEmpty == false }
    #expect(again.latest?.findings.detections.first?.matches.first?.name == "our pallet")
    next.perform(.removeReference(name: "our pallet"))
    #expect(next.snapshot().references.isEmpty && reopened.all.isEmpty)
    end(next)
  }

  @Test func markingWithoutAnEmbedderLoadsOne() throws {
    let session = session(models: [FakeEmbedder()])
    session.start()
    let before = wait(session) { $0.latest?.findings.detections.isEmpty == false }
    let result = try #require(before.latest)
    #expect(result.findings.detections.allSatisfy { $0.embedding == nil })
    session.perform(.markReference(result.id(of: result.findings.detections[1]), name: "middle"))
    let after = wait(session) { $0.latest?.findings.detections.last?.matches.isEmpty == false }
    let similarities = after.latest?.findings.detections.map { $0.matches.first?.similarity ?? 9 } ?? []
    #expect(similarities.count == 3 && abs(similarities[1] - 1) < 1e-5)
    end(session)
  }

  @Test func markingWhereNothingEmbedsSaysSo() throws {
    let collector = Collector()
    let session = session(models: [], collector: collector)
    session.start()
    let before = wait(session) { $0.latest?.findings.detections.isEmpty == false }
    let result = try #require(before.latest)
    session.perform(.markReference(result.id(of: result.findings.detections[0]), name: "it"))
    _ = wait(session) { $0.events.contains { $0.message.contains("not marked") } }
    end(session)
    #expect(
      collector.events.contains { $0.message.hasPrefix("'it' not marked: no network here makes feature vectors") })
  }

  @Test func typedLabelsAreTheClasses() {
    let session = session(models: [FakeEmbedder()])
    session.start()
    session.perform(.setLabels(["left", "middle", "right"]))
    let labelled = wait(session) { $0.latest?.findings.detections.last?.classes.isEmpty == false }
    #expect(labelled.labels == LabelStatus(labels: ["left", "middle", "right"], state: .active))
    let best = labelled.latest?.findings.detections.map { $0.classes.first?.label }
    #expect(best == ["left", "middle", "right"])
    #expect(labelled.latest?.findings.detections.first?.classes.count == 3)
    session.perform(.setLabels(["nonsense"]))
    let failed = wait(session) { $0.labels?.state != .loading && $0.labels?.labels == ["nonsense"] }
    #expect(failed.labels?.state == .failed(reason: "broken.onnx: the file is not a network"))
    session.perform(.setLabels([]))
    let off = wait(session) { $0.latest?.findings.detections.first?.classes.isEmpty == true }
    #expect(off.labels == nil && off.latest?.findings.detections.first?.classes.isEmpty == true)
    end(session)
  }

  @Test func labelsWithoutAPairFailPlainly() {
    let session = session(labels: ["left"], models: [])
    session.start()
    let failed = wait(session) { $0.labels == nil || $0.labels?.state != .loading }
    end(session)
    #expect(failed.events.contains { $0.message.contains("need a pair of image and text networks") })
  }

  @Test func typedListsAreRead() {
    #expect(ZeroShotLabels.parse(" a  cat, a dog,,a cat ,") == ["a cat", "a dog"])
    #expect(ZeroShotLabels.parse(" , ") == [])
  }
}

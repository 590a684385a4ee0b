import Capture
import Foundation
import Ground
import Perception
import Pipeline
import TestSupport
import Testing
import Vision

/// Stages on crops: who is looked at, how often, and what stays.
@Suite struct ChainTests {
  private func run(
    _ stages: [StageSpec], frames: Int = 12, models: [any VisionModel], classifier: String? = nil
  ) -> (results: [FrameResult], events: [SessionEvent], failure: String?) {
    var configuration = SessionConfiguration(detector: "trio", classifier: classifier)
    configuration.waitForModels = true
    configuration.stages = stages
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(frames), live: false),
      provider: FakeProvider(models: [FakeTrio()] + models), configuration: configuration, consumers: [collector])
    session.start()
    let failure = session.wait()
    return (collector.results, collector.events, failure)
  }

  /// A stage on the crops of objects, as a `[[chain]]` table makes it.
  private static func crops(
    _ model: String, classes: [String] = [], minimumConfidence: Float = 0, maximumCrops: Int = 8, every: Int = 1,
    maximumHertz: Float? = nil, newTracksOnly: Bool = false
  ) -> StageSpec {
    StageSpec(
      model: model, runsOnObjects: true, classes: classes, minimumConfidence: minimumConfidence,
      maximumCrops: maximumCrops, every: every, maximumHertz: maximumHertz, newTracksOnly: newTracksOnly)
  }

  @Test func cropsGoTogetherAndOnlyThoseOfTheirClass() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run([Self.crops("embedder", classes: ["a"])], models: [embedder])
    #expect(embedder.calls == [Int](repeating: 2, count: 12))
    for result in results {
      #expect(result.findings.detections.map { $0.embedding != nil } == [true, false, true])
      #expect(result.latency["embedder"]?.inference == 5)
    }
  }

  @Test func aHeavyStageRunsOnEveryNthFrameAndItsAnswersStay() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run([Self.crops("embedder", every: 5)], models: [embedder])
    // Frames 1, 6 and 11; tracks are numbered from the second frame on.
    #expect(embedder.calls == [3, 3, 3])
    #expect(results.dropFirst(5).allSatisfy { $0.findings.detections.allSatisfy { $0.embedding != nil } })
    #expect(results.map { $0.latency["embedder"] != nil } == (1...12).map { [1, 6, 11].contains($0) })
  }

  @Test func newTracksAloneAreLookedAtOnce() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run([Self.crops("embedder", newTracksOnly: true)], models: [embedder])
    // The first frame has no numbers yet, so the second looks again; from then on the answers stay.
    #expect(embedder.calls == [3, 3])
    #expect(results.allSatisfy { $0.findings.detections.allSatisfy { $0.embedding != nil } })
  }

  @Test func aRateLimitsByTheFramesOwnTime() throws {
    let embedder = FakeEmbedder()
    let loader = StageLoader(provider: FakeProvider(models: [FakeTrio(), embedder]))
    var graph = StageGraph([
      try loader.prepare(StageSpec(model: "trio"), as: "trio"),
      try loader.prepare(Self.crops("embedder", maximumHertz: 10), as: "embedder"),
    ])
    // The first run of an embedder warms it up.
    let before = embedder.calls.count
    let image = ScriptedSource.frame(sequence: 1).image
    for frame in 0..<30 {
      let time = MonotonicTime(nanoseconds: Int64(frame) * 33_333_333)
      let outcome = graph.run(StageFrame(image: image, number: UInt64(frame + 1), time: time))
      #expect(outcome.failures.isEmpty)
    }
    // One second at 30 frames a second: every third frame.
    #expect(embedder.calls.count - before == 10)
  }

  @Test func theCapKeepsTheSurest() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run(
      [Self.crops("embedder", minimumConfidence: 0.75, maximumCrops: 1)], models: [embedder])
    #expect(Set(embedder.calls) == [1])
    #expect(results[0].findings.detections.map { $0.embedding != nil } == [true, false, false])
  }

  @Test func aStageThatCannotBeLoadedIsToldAndTheRestRuns() {
    let embedder = FakeEmbedder()
    var configuration = SessionConfiguration(detector: "trio")
    configuration.stages = [Self.crops("broken"), Self.crops("trio"), Self.crops("embedder")]
    let collector = Collector()
    let session = Session(
      source: ScriptedSource.endless(), provider: FakeProvider(models: [FakeTrio(), embedder]),
      configuration: configuration, consumers: [collector])
    session.start()
    eventually { !embedder.calls.isEmpty && collector.events.count { $0.severity == .error } >= 2 }
    session.stop()
    session.wait()
    let errors = collector.events.filter { $0.severity == .error }.map(\.message)
    #expect(errors.count == 2)
    #expect(errors.first == "stage broken not loaded: broken.onnx: the file is not a network")
    #expect(errors.last?.contains("has no place on crops") == true)
    #expect(!embedder.calls.isEmpty)
  }

  @Test func aSessionThatWaitsForItsModelsNeedsItsChain() {
    let (_, _, failure) = run([Self.crops("broken")], models: [])
    #expect(failure?.hasPrefix("stage broken not loaded") == true)
  }

  @Test func theDetectorsManifestBringsItsChain() {
    let embedder = FakeEmbedder()
    var configuration = SessionConfiguration(detector: "trio")
    configuration.waitForModels = true
    let collector = Collector()
    let trio = FakeTrio(stages: [Self.crops("embedder"), Self.crops("kinds", classes: ["b"])])
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(3), live: false),
      provider: FakeProvider(models: [trio, embedder]), configuration: configuration, consumers: [collector])
    session.start()
    session.wait()
    let detections = collector.results.first?.findings.detections ?? []
    #expect(detections.map { $0.embedding != nil } == [true, true, true])
    #expect(detections.map { $0.classes.first?.label } == [nil, "open", nil])
  }
}

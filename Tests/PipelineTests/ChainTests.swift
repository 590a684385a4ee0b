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
    _ stages: [ChainStage], frames: Int = 12, models: [any VisionModel], classifier: String? = nil
  ) -> (results: [FrameResult], events: [SessionEvent], failure: String?) {
    var configuration = SessionConfiguration(detector: "trio", classifier: classifier)
    configuration.waitForModels = true
    configuration.chain = stages
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(frames), live: false),
      provider: FakeProvider(models: [FakeTrio()] + models), configuration: configuration, consumers: [collector])
    session.start()
    let failure = session.wait()
    return (collector.results, collector.events, failure)
  }

  @Test func cropsGoTogetherAndOnlyThoseOfTheirClass() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run([ChainStage(model: "embedder", classes: ["a"])], models: [embedder])
    #expect(embedder.calls == [Int](repeating: 2, count: 12))
    for result in results {
      #expect(result.findings.detections.map { $0.embedding != nil } == [true, false, true])
      #expect(result.latency.embedder.inference == 5)
    }
  }

  @Test func aHeavyStageRunsOnEveryNthFrameAndItsAnswersStay() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run([ChainStage(model: "embedder", every: 5)], models: [embedder])
    // Frames 1, 6 and 11; tracks are numbered from the second frame on.
    #expect(embedder.calls == [3, 3, 3])
    #expect(results.dropFirst(5).allSatisfy { $0.findings.detections.allSatisfy { $0.embedding != nil } })
    #expect(results.map { $0.latency.embedder.inference > 0 } == (1...12).map { [1, 6, 11].contains($0) })
  }

  @Test func newTracksAloneAreLookedAtOnce() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run([ChainStage(model: "embedder", newTracksOnly: true)], models: [embedder])
    // The first frame has no numbers yet, so the second looks again; from then on the answers stay.
    #expect(embedder.calls == [3, 3])
    #expect(results.allSatisfy { $0.findings.detections.allSatisfy { $0.embedding != nil } })
  }

  @Test func aRateLimitsByTheFramesOwnTime() throws {
    let embedder = FakeEmbedder()
    let chain = StageChain([
      ChainLink(stage: ChainStage(model: "embedder", maximumHertz: 10), network: .crops(embedder), embeds: true)
    ])
    let image = ScriptedSource.frame(sequence: 1).image
    for frame in 0..<30 {
      var (findings, _) = try FakeTrio().perceive(image, region: nil, minimumConfidence: nil)
      var latency = FrameLatency()
      let time = MonotonicTime(nanoseconds: Int64(frame) * 33_333_333)
      let trouble = chain.run(
        on: &findings.detections, of: StageFrame(image: image, number: UInt64(frame + 1), time: time),
        latency: &latency)
      #expect(trouble == nil)
    }
    // One second at 30 frames a second: every third frame.
    #expect(embedder.calls.count == 10)
  }

  @Test func theCapKeepsTheSurest() {
    let embedder = FakeEmbedder()
    let (results, _, _) = run(
      [ChainStage(model: "embedder", minimumConfidence: 0.75, maximumCrops: 1)], models: [embedder])
    #expect(Set(embedder.calls) == [1])
    #expect(results[0].findings.detections.map { $0.embedding != nil } == [true, false, false])
  }

  @Test func aStageThatCannotBeLoadedIsToldAndTheRestRuns() {
    let embedder = FakeEmbedder()
    var configuration = SessionConfiguration(detector: "trio")
    configuration.chain = [ChainStage(model: "broken"), ChainStage(model: "trio"), ChainStage(model: "embedder")]
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
    #expect(errors.first == "stage broken of the chain not loaded: broken.onnx: the file is not a network")
    #expect(errors.last?.contains("has no place on crops") == true)
    #expect(!embedder.calls.isEmpty)
  }

  @Test func aSessionThatWaitsForItsModelsNeedsItsChain() {
    let (_, _, failure) = run([ChainStage(model: "broken")], models: [])
    #expect(failure?.hasPrefix("stage broken of the chain not loaded") == true)
  }

  @Test func theDetectorsManifestBringsItsChain() {
    let embedder = FakeEmbedder()
    var configuration = SessionConfiguration(detector: "trio")
    configuration.waitForModels = true
    let collector = Collector()
    let trio = FakeTrio(chain: [ChainStage(model: "embedder"), ChainStage(model: "kinds", classes: ["b"])])
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

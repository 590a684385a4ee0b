import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Synchronization
import TestSupport
import Testing
import Vision

/// Views of one session: each with its own pause and threshold.
@Suite struct ViewTests {
  private func session(
    _ objects: [(label: String, confidence: Float, x: Float)], collector: Collector = Collector()
  ) -> Session {
    var configuration = SessionConfiguration(detector: "people")
    configuration.waitForModels = true
    configuration.minimumConfidence = 0.5
    return Session(
      source: ScriptedSource(ScriptedSource.frames(20_000), live: true, interval: 1_000_000),
      provider: FakeProvider(models: [ScriptedModel.detector("people", objects)]), configuration: configuration,
      consumers: [collector])
  }

  private func wait(_ view: any SessionView, until condition: (SessionSnapshot) -> Bool) -> SessionSnapshot {
    var snapshot = view.snapshot()
    eventually {
      snapshot = view.snapshot()
      return condition(snapshot)
    }
    return snapshot
  }

  @Test func eachViewHasItsOwnPauseAndThreshold() {
    let collector = Collector()
    let session = session([("a", 0.9, 0), ("b", 0.6, 20), ("c", 0.45, 40)], collector: collector)
    let (calm, curious) = (session.openView(), session.openView())
    session.start()
    curious.perform(.showAtLeast(0.2))
    calm.perform(.showAtLeast(0.8))
    let all = wait(curious) { $0.latest?.findings.detections.count == 3 }
    #expect(all.minimumConfidence == 0.2 && all.latest?.findings.detections.count == 3)
    let few = wait(calm) { $0.latest?.findings.detections.count == 1 }
    #expect(few.minimumConfidence == 0.8 && few.latest?.findings.detections.map(\.label) == ["a"])
    calm.perform(.pause(true))
    let frozen = calm.snapshot().latest?.number
    let later = wait(curious) { ($0.latest?.number ?? 0) > (frozen ?? 0) + 5 }
    #expect(calm.snapshot().latest?.number == frozen && calm.snapshot().paused)
    #expect(!later.paused)
    session.stop()
    session.wait()
    // What is recorded and streamed keeps to the session's own threshold.
    #expect(collector.results.dropFirst(3).allSatisfy { $0.findings.detections.map(\.label) == ["a", "b"] })
  }

  @Test func aClosedViewIsNotTold() {
    let calls = Atomic<Int>(0)
    let session = session([("a", 0.9, 0)])
    let view = session.openView { calls.add(1, ordering: .relaxed) }
    session.start()
    _ = wait(view) { ($0.latest?.number ?? 0) > 3 }
    view.close()
    let told = calls.load(ordering: .relaxed)
    #expect(told > 0)
    let other = session.openView()
    let number = other.snapshot().latest?.number ?? 0
    _ = wait(other) { ($0.latest?.number ?? 0) > number + 5 }
    #expect(calls.load(ordering: .relaxed) == told)
    session.stop()
    session.wait()
  }

  /// A front may call the session from within the call that tells it of a picture.
  @Test func nothingCallsOutUnderALock() {
    let count = Atomic<Int>(0)
    let session = session([("a", 0.9, 0)])
    let view = session.openView { [weak session] in
      guard let session else { return }
      let another = session.openView()
      another.perform(.showAtLeast(0.5))
      _ = another.snapshot()
      session.perform(.prompt([Prompt(id: 1, text: "a")]))
      another.close()
      count.add(1, ordering: .relaxed)
    }
    session.start()
    _ = wait(view) { _ in count.load(ordering: .relaxed) > 5 }
    #expect(count.load(ordering: .relaxed) > 5)
    session.stop()
    session.wait()
    view.close()
  }

  @Test func commandsAndSnapshotsAreValues() throws {
    let object = ObjectID(
      Detection(label: "a", classID: 0, confidence: 1, box: Box(x: 0, y: 0, width: 1, height: 1)), on: 7)
    let commands: [SessionCommand] = [
      .selectModel(name: "a", stage: "people"), .selectClassifier(name: nil), .setLabels(["a"]), .compare(with: "b"),
      .setMinimumConfidence(0.5), .setRecording(true), .savePhoto, .markReference(object, name: "it"),
      .removeReference(name: "it"),
      .prompt([Prompt(id: 1, points: [.init(x: 1, y: 2)], box: Box(x: 1, y: 2, width: 3, height: 4))]),
      .seek(to: 1.5), .step(by: -1), .setPlaying(false), .setSpeed(2), .stop, .pause(true), .showAtLeast(0.3),
      .useSource("demo"), .useTopic("/front"), .record(to: "a.mcap"), .adjust(.set(name: "gain", value: 3)),
      .adjust(.reset(name: "gain")), .adjust(.resetAll), .adjust(.remember), .adjust(.read),
    ]
    for command in commands {
      let data = try JSONEncoder().encode(command)
      #expect(try JSONDecoder().decode(SessionCommand.self, from: data) == command)
    }
    let session = session([("a", 0.9, 0)])
    let view = session.openView()
    session.start()
    var snapshot = wait(view) { ($0.latest?.number ?? 0) > 3 }
    snapshot.replay = PlaybackStatus(position: 1, duration: 2, isPlaying: true, marks: [.init(seconds: 1, title: "x")])
    snapshot.comparison = ComparisonStatus(model: "b", state: .failed(reason: "no"))
    session.stop()
    session.wait()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let data = try encoder.encode(snapshot)
    let decoded = try JSONDecoder().decode(SessionSnapshot.self, from: data)
    #expect(try encoder.encode(decoded) == data)
    #expect(
      decoded.latest?.findings.detections.map(\.label) == ["a"]
        && decoded.pipeline.map(\.id) == snapshot.pipeline.map(\.id))
  }

  @Test func framesAreDeliveredWhileNoNetworkServes() {
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(10), live: false), provider: FakeProvider(),
      configuration: SessionConfiguration(detector: nil), consumers: [collector])
    session.start()
    session.wait()
    #expect(collector.results.map(\.number) == (1...10).map(UInt64.init))
    #expect(collector.results.allSatisfy { $0.detector.isEmpty && $0.findings.detections.isEmpty })
  }

  @Test func aStageOfThePipelineTakesPrompts() throws {
    final class Echo: Stage {
      func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
        findings.attach(
          Classes(frame.prompts.map { Classification(label: $0.text, classID: $0.id, confidence: 1) }), by: "echo")
        return StageTimes()
      }
    }
    var graph = StageGraph([PreparedStage(id: "echo", kind: "echo", spec: StageSpec(kind: "echo")) { Echo() }])
    let image = ScriptedSource.frame(sequence: 1).image
    let frame = StageFrame(image: image, number: 1, time: .now, prompts: [Prompt(id: 4, text: "yellow barrel")])
    #expect(graph.run(frame).findings.classes == [Classification(label: "yellow barrel", classID: 4, confidence: 1)])
  }

  @Test func anotherModelMayServeAnyStageOnTheWholeFrame() {
    let models: [any VisionModel] = [
      ScriptedModel.detector("people", [("person", 0.9, 0)]), ScriptedModel.detector("things", [("cup", 0.8, 30)]),
      ScriptedModel.detector("tools", [("hammer", 0.7, 30)]),
    ]
    var configuration = SessionConfiguration(primaries: [StageSpec(model: "people"), StageSpec(model: "things")])
    configuration.waitForModels = true
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(20_000), live: true, interval: 1_000_000),
      provider: FakeProvider(models: models), configuration: configuration)
    let view = session.openView()
    session.start()
    _ = wait(view) { $0.latest?.findings.detections.count == 2 }
    #expect(view.snapshot().pipeline.map(\.id) == ["detector", "things", "merge", "tracker", "references"])
    view.perform(.selectModel(name: "tools", stage: "things"))
    let after = wait(view) { $0.latest?.findings.detections.map(\.label) == ["person", "hammer"] }
    #expect(after.latest?.findings.detections.map(\.label) == ["person", "hammer"])
    #expect(after.detectors.filter { $0.state == .active }.map(\.name) == ["people", "tools"])
    view.perform(.selectModel(name: "tools", stage: "nothing"))
    let told = wait(view) { $0.events.contains { $0.message.hasPrefix("no stage is called 'nothing'") } }
    #expect(told.events.last?.message.contains("detector") == true)
    session.stop()
    session.wait()
  }
}

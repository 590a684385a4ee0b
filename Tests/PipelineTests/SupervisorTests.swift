import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Synchronization
import TestSupport
import Testing
import Vision

/// A live source whose calls can be made to hang.
private final class HangingSource: FrameSource {
  let description = SourceDescription(
    name: "hanging", detail: "", width: 64, height: 48, framesPerSecond: 200, isLive: true)
  private let hangs = Monitor(false)
  private let count = Atomic<Int>(0)

  func hang(_ on: Bool) { hangs.update { $0 = on } }

  func next(timeout: Int) throws -> SourceEvent {
    _ = hangs.wait(timeout: nil, until: { !$0 }, then: { _ in })
    pass(5_000_000)
    count.add(1, ordering: .relaxed)
    return .frame(ScriptedSource.frame(sequence: UInt64(count.load(ordering: .relaxed))))
  }

  func close() {}
}

/// A detector that hangs on request.
private final class HangingDetector: VisionModel {
  let description = FakeDetector("first").description
  let hangs = Monitor(false)

  func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
    _ = hangs.wait(timeout: nil, until: { !$0 }, then: { _ in })
    return (Findings(), StageTimes())
  }
}

private struct HangingProvider: ModelProvider {
  let detector: HangingDetector
  func offers() -> [ModelOffer] { [] }
  func describe(_ name: String) throws -> ModelDescription { detector.description }
  func loadVisionModel(_ name: String) throws -> any VisionModel { detector }
  func loadSequenceModel(_ name: String) throws -> any SequenceModel { throw Broken() }
}

/// Keeps what is reported of the source.
private final class Reports: ResultConsumer {
  private let kept = Mutex<[SourceReport]>([])
  var all: [SourceReport] { kept.withLock { $0 } }
  func receive(_ result: FrameResult) {}
  func receive(_ event: SessionEvent) {}
  func receive(_ report: SourceReport) { kept.withLock { $0.append(report) } }
}

@Suite struct SupervisorTests {
  private func configuration() -> SessionConfiguration {
    var configuration = SessionConfiguration(detector: "first")
    configuration.waitForModels = true
    configuration.patience.source = 150
    configuration.patience.stage = 150
    configuration.patience.end = 200
    return configuration
  }

  /// Waits for a state of the session, without a word about how long it may take.
  private func holds(_ session: Session, _ condition: (SessionSnapshot) -> Bool) -> Bool {
    eventually(every: 10) { condition(session.snapshot()) }
  }

  @Test func aStuckDriverIsSaidAndForgottenOnceItAnswers() throws {
    let source = HangingSource()
    let reports = Reports()
    let session = Session(
      source: source, provider: FakeProvider(), configuration: configuration(), consumers: [reports])
    session.start()
    #expect(holds(session) { $0.sourceState == .streaming })
    source.hang(true)
    var silent: (state: SourceState, since: MonotonicTime)?
    #expect(
      holds(session) {
        guard case .noSignal("the source's driver does not answer", let since) = $0.sourceState else { return false }
        silent = ($0.sourceState, since)
        return true
      })
    let (state, since) = try #require(silent)
    #expect(state.line(at: since)?.hasPrefix("no signal since 0 s: the source's driver") == true)
    source.hang(false)
    #expect(holds(session) { $0.sourceState == .streaming })
    #expect(holds(session) { _ in reports.all.contains { $0.state == .streaming && $0.outageSeconds > 0 } })
    #expect(session.snapshot().events.contains { $0.message.hasPrefix("the picture is back after ") })
    session.stop()
    #expect(session.wait() == nil)
  }

  @Test func aStuckStageIsSaidAndThePictureGoesOn() throws {
    let detector = HangingDetector()
    let session = Session(
      source: HangingSource(), provider: HangingProvider(detector: detector), configuration: configuration())
    session.start()
    #expect(holds(session) { $0.processed > 3 })
    detector.hangs.update { $0 = true }
    #expect(holds(session) { $0.stall?.stage == "detector" })
    let first = try #require(session.snapshot().latest?.frame.sequence)
    #expect(holds(session) { ($0.latest?.frame.sequence ?? 0) > first + 5 }, "the picture goes on")
    let during = session.snapshot()
    #expect(during.stall?.line(at: .now) == "the detector has not answered for 0 s" || during.stall != nil)
    #expect(during.latest?.detector == "")
    #expect(during.events.contains { $0.severity == .error && $0.message.hasPrefix("the detector has not answered") })
    detector.hangs.update { $0 = false }
    #expect(holds(session) { $0.stall == nil && $0.latest?.detector == "first" })
    #expect(session.snapshot().events.contains { $0.message.hasPrefix("the detector answers again") })
    session.stop()
    #expect(session.wait() == nil)
  }

  @Test func aSessionEndsAlthoughAStageHangs() {
    let detector = HangingDetector()
    let session = Session(
      source: HangingSource(), provider: HangingProvider(detector: detector), configuration: configuration())
    session.start()
    #expect(holds(session) { $0.processed > 3 })
    detector.hangs.update { $0 = true }
    #expect(holds(session) { $0.stall != nil })
    session.stop()
    #expect(session.wait() == "left behind, since it hangs: pipeline")
    #expect(session.wait() == nil || session.wait() != nil, "waiting again returns")
    detector.hangs.update { $0 = false }
  }

  @Test func outagesAreReportedOnceAndThenEverySecond() {
    let since = MonotonicTime.now
    let gone = SourceEvent.noSignal(reason: "the camera is disconnected, retrying", since: since)
    let events =
      ScriptedSource.frames(1) + Array(repeating: gone, count: 250)
      + [.noSignal(reason: "waiting for the camera's first picture", since: since)] + ScriptedSource.frames(2)
    let reports = Reports()
    let session = Session(
      source: ScriptedSource(events, live: true, interval: 10_000_000), provider: FakeProvider(),
      configuration: configuration(), consumers: [reports])
    session.start()
    session.wait()
    let told = reports.all
    #expect(told.count >= 4 && told.count < 12)
    #expect(told.last?.state == .streaming)
    #expect((told.last?.outageSeconds ?? 0) > 2)
    let events2 = session.snapshot().events.map(\.message)
    #expect(events2.filter { $0 == "no signal: the camera is disconnected, retrying" }.count == 1)
  }

  @Test func theHealthOfThePictureIsInSnapshotResultAndEvents() throws {
    // All of the scripted frames are one grey: nothing to see.
    var configuration = configuration()
    configuration.health.holdSeconds = 0
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(40), live: true, interval: 5_000_000), provider: FakeProvider(),
      configuration: configuration, consumers: [collector])
    session.start()
    session.wait()
    #expect(session.snapshot().health?.complaints == [.covered])
    #expect(collector.events.contains { $0.message == "the picture is without any structure (is the lens covered?)" })
    let line = try FrameRecord(try #require(collector.results.last)).jsonLine()
    #expect(line.contains(#""health":{"brightness":90,"complaints":["covered"],"contrast":0}"#))
    #expect(line.contains(#""skipped":{"damaged":0,"driver":0,"passed_over":0,"pipeline":"#))
  }

  @Test func reportsAsJSON() throws {
    let time = MonotonicTime(nanoseconds: 15_000_000_000)
    let report = SourceReport(
      source: HangingSource().description,
      state: .noSignal(
        reason: "the camera is disconnected, retrying", since: MonotonicTime(nanoseconds: 3_000_000_000)),
      time: time, outageSeconds: 12)
    #expect(
      try SourceRecord(report).jsonLine()
        == #"{"message":"no signal since 12 s: the camera is disconnected, retrying","outage_s":12,"#
        + #""reason":"the camera is disconnected, retrying","since_ns":3000000000,"source":"hanging","#
        + #""state":"no_signal","timestamp_ns":15000000000}"#)
  }
}

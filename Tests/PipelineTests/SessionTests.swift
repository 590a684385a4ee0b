import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Testing
import Vision

@Suite struct SessionTests {
  private func configuration(_ detector: String?, wait: Bool = true) -> SessionConfiguration {
    var configuration = SessionConfiguration(detector: detector)
    configuration.waitForModels = wait
    return configuration
  }

  @Test func processesEveryFrameOfAFile() {
    let source = ScriptedSource(ScriptedSource.frames(50), live: false)
    let collector = Collector()
    let session = Session(
      source: source, provider: FakeProvider(), configuration: configuration("first"), consumers: [collector])
    session.start()
    #expect(session.wait() == nil)
    #expect(collector.results.map(\.frame.sequence) == (1...50).map(UInt64.init))
    #expect(collector.results.allSatisfy { $0.skipped == SkipCounts() && $0.findings.detections.count == 1 })
    #expect(source.closed >= 1)
  }

  @Test func liveSourceSkipsAndCounts() {
    let source = ScriptedSource(ScriptedSource.frames(60), live: true, interval: 1_000_000)
    let collector = Collector()
    let session = Session(
      source: source, provider: FakeProvider(delay: 10_000_000), configuration: configuration("first"),
      consumers: [collector])
    session.start()
    session.wait()
    let snapshot = session.snapshot()
    #expect(snapshot.captured == 60)
    #expect(snapshot.processed < 60)
    #expect(snapshot.processed + snapshot.skipped.pipeline == 60, "every frame is processed or counted")
    let sequences = collector.results.map(\.frame.sequence)
    #expect(sequences == sequences.sorted())
    #expect(sequences.last == 60, "the newest frame wins")
  }

  @Test func tellsOfEveryNewPictureUntilNobodyListens() {
    let told = Monitor(0)
    let source = ScriptedSource(ScriptedSource.frames(50), live: false)
    let collector = Collector()
    let session = Session(
      source: source, provider: FakeProvider(), configuration: configuration("first"), consumers: [collector])
    session.whenPictureChanges { [weak session] in
      // What is told of is in the snapshot already.
      told.withLock { $0 += session?.snapshot().latest?.number == UInt64($0 + 1) ? 1 : 0 }
    }
    session.start()
    session.wait()
    #expect(told.withLock { $0 } == 50)
    session.whenPictureChanges(nil)

    // Pictures that no network has seen are pictures too.
    let blind = Session(
      source: ScriptedSource(ScriptedSource.frames(5), live: false), provider: FakeProvider(),
      configuration: configuration(nil))
    blind.whenPictureChanges { told.withLock { $0 += 1 } }
    blind.start()
    blind.wait()
    #expect(told.withLock { $0 } == 55)
  }

  @Test func stopsAtTheFrameLimit() {
    var configuration = configuration("first")
    configuration.frameLimit = 5
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(50), live: false), provider: FakeProvider(),
      configuration: configuration, consumers: [collector])
    session.start()
    session.wait()
    #expect(collector.results.map(\.number) == [1, 2, 3, 4, 5])
  }

  @Test func aFailedModelEndsASessionThatNeedsIt() {
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(50), live: false), provider: FakeProvider(),
      configuration: configuration("broken"))
    session.start()
    #expect(session.wait() == "broken.onnx: the file is not a network")
  }

  @Test func aModelThatFailsOnEveryFrameIsReportedOnce() {
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(20), live: false), provider: FakeProvider(),
      configuration: configuration("failing"), consumers: [collector])
    session.start()
    #expect(session.wait() == nil)
    #expect(collector.results.count == 20)
    #expect(collector.events.filter { $0.severity == .error }.count == 1)
  }

  @Test func switchingKeepsTheOldModelUntilTheNewOneIsReady() {
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(400), live: true, interval: 1_000_000), provider: FakeProvider(),
      configuration: configuration("first"), consumers: [collector])
    session.start()
    pause(80_000_000)
    session.selectDetector("broken")
    session.selectDetector("second")
    session.wait()
    let names = collector.results.map(\.detector)
    #expect(Set(names) == ["first", "second"])
    #expect(names == names.sorted(), "once the new one serves, the old one is gone")
    #expect(session.snapshot().detectors.first { $0.name == "second" }?.state == .active)
    #expect(session.snapshot().detectors.first { $0.name == "first" }?.state == .available)
  }

  @Test func aModelAskedForByItsPathIsListedOnceAndCanBePickedAgain() {
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(400), live: true, interval: 1_000_000), provider: FakeProvider(),
      configuration: configuration("/far/away/net"))
    session.start()
    pause(80_000_000)
    session.selectDetector("second")
    session.wait()
    let listed = session.snapshot().detectors.filter { $0.title == "net" }
    #expect(listed.map(\.name) == ["/far/away/net"])
    #expect(listed.first?.state == .available)
  }

  @Test func pauseFreezesThePictureButNotTheSession() {
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(2000), live: true, interval: 1_000_000),
      provider: FakeProvider(), configuration: configuration("first"))
    session.start()
    pause(60_000_000)
    session.setPaused(true)
    let frozen = session.snapshot()
    pause(60_000_000)
    let later = session.snapshot()
    #expect(later.paused)
    #expect(frozen.latest?.number == later.latest?.number)
    #expect(later.processed > frozen.processed)
    session.stop()
    session.wait()
  }

  @Test func noSignalIsAStateAndAFrameEndsIt() {
    let events: [SourceEvent] =
      [.noSignal(reason: "device disconnected, retrying", since: .now), .notice("camera is back")]
      + ScriptedSource.frames(1)
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(events, live: false), provider: FakeProvider(), configuration: configuration("first"),
      consumers: [collector])
    session.start()
    session.wait()
    #expect(collector.events.contains { $0.message == "camera is back" })
    #expect(collector.results.count == 1)
  }

  @Test func classifierLooksAtTheCrops() {
    var configuration = configuration("first")
    configuration.classifier = "kinds"
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(3), live: false), provider: FakeProvider(),
      configuration: configuration, consumers: [collector])
    session.start()
    session.wait()
    #expect(collector.results.allSatisfy { $0.findings.detections[0].classes.first?.label == "open" })
    #expect(collector.results.allSatisfy { $0.latency.classifier.inference == 2 })
  }

  @Test func comparesASecondDetectorOnTheSameFrames() throws {
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(3000), live: true, interval: 1_000_000), provider: FakeProvider(),
      configuration: configuration("first"))
    session.start()
    session.comparison?.compare(with: "second")
    var status: ComparisonStatus?
    for _ in 0..<100 where status?.frameNumber ?? 0 == 0 {
      pause(10_000_000)
      status = session.snapshot().comparison
    }
    let compared = try #require(status)
    #expect(compared.model == "second" && compared.state == .active && compared.frameNumber > 0)
    #expect(compared.findings.detections.count == 1 && compared.primaryFindings.detections.count == 1)
    session.comparison?.compare(with: "broken")
    for _ in 0..<100 where session.snapshot().comparison?.state == .loading { pause(10_000_000) }
    #expect(session.snapshot().comparison?.state == .failed(reason: "broken.onnx: the file is not a network"))
    session.comparison?.compare(with: nil)
    #expect(session.snapshot().comparison == nil)
    session.stop()
    session.wait()
  }

  @Test func savesWhatIsOnTheScreenAsAPhoto() throws {
    let folder = NSTemporaryDirectory() + "ocellus-photo-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var extras = SessionExtras()
    extras.photoFolder = folder
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(3000), live: true, interval: 1_000_000), provider: FakeProvider(),
      configuration: configuration("first"), extras: extras)
    session.start()
    for _ in 0..<100 where session.snapshot().latest == nil { pause(10_000_000) }
    session.photographer?.savePhoto()
    var files: [String] = []
    for _ in 0..<200 where files.isEmpty {
      pause(10_000_000)
      files = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.filter { $0.hasSuffix(".png") } ?? []
    }
    session.stop()
    session.wait()
    let photo = try ImageFile.load(folder + "/" + (try #require(files.first)))
    #expect(photo.width == 64 && photo.height == 48)
    let canvas = try #require(Canvas(photo))
    #expect(canvas[29, 29] == ClassPalette.color(ofClass: 0), "the box's corner is drawn")
  }
}

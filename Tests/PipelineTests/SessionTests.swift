import Capture
import Foundation
import Ground
import Perception
import Pipeline
import TestSupport
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
    let source = ScriptedSource(ScriptedSource.frames(60), live: true)
    let collector = Collector()
    // The detector answers once the camera has sent everything.
    let session = Session(
      source: source, provider: FakeProvider(waits: { eventually { source.isPlayed } }),
      configuration: configuration("first"),
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
    let seen = Monitor<(any SessionView)?>(nil)
    let view = session.openView {
      // The picture that a view is told of is in its snapshot already.
      let latest = seen.withLock { $0 }?.snapshot().latest?.number
      told.withLock { $0 += latest == UInt64($0 + 1) ? 1 : 0 }
    }
    seen.withLock { $0 = view }
    session.start()
    session.wait()
    #expect(told.withLock { $0 } == 50)
    view.close()

    // Pictures that no network has seen are pictures too.
    let blind = Session(
      source: ScriptedSource(ScriptedSource.frames(5), live: false), provider: FakeProvider(),
      configuration: configuration(nil))
    let blindView = blind.openView { told.withLock { $0 += 1 } }
    blind.start()
    blind.wait()
    blindView.close()
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
      source: ScriptedSource.endless(), provider: FakeProvider(),
      configuration: configuration("first"), consumers: [collector])
    session.start()
    #expect(eventually { !collector.results.isEmpty })
    session.perform(.selectModel(name: "broken", stage: nil))
    session.perform(.selectModel(name: "second", stage: nil))
    #expect(eventually { collector.results.last?.detector == "second" })
    session.stop()
    session.wait()
    let names = collector.results.map(\.detector)
    #expect(Set(names) == ["first", "second"])
    #expect(names == names.sorted(), "once the new one serves, the old one is gone")
    #expect(session.snapshot().detectors.first { $0.name == "second" }?.state == .active)
    #expect(session.snapshot().detectors.first { $0.name == "first" }?.state == .available)
  }

  @Test func aModelAskedForByItsPathIsListedOnceAndCanBePickedAgain() {
    let session = Session(
      source: ScriptedSource.endless(), provider: FakeProvider(), configuration: configuration("/far/away/net"))
    session.start()
    #expect(eventually { session.snapshot().processed > 0 })
    session.perform(.selectModel(name: "second", stage: nil))
    #expect(eventually { session.snapshot().detectors.first { $0.name == "second" }?.state == .active })
    session.stop()
    session.wait()
    let listed = session.snapshot().detectors.filter { $0.title == "net" }
    #expect(listed.map(\.name) == ["/far/away/net"])
    #expect(listed.first?.state == .available)
  }

  @Test func pauseFreezesThePictureButNotTheSession() {
    let session = Session(
      source: ScriptedSource.endless(), provider: FakeProvider(), configuration: configuration("first"))
    session.start()
    #expect(eventually { session.snapshot().processed > 3 })
    let view = session.openView()
    view.perform(.pause(true))
    let frozen = view.snapshot()
    #expect(eventually { session.snapshot().processed > frozen.processed + 3 })
    let later = view.snapshot()
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
    #expect(collector.results.allSatisfy { $0.latency["classifier"]?.inference == 2 })
  }

  @Test func comparesASecondDetectorOnTheSameFrames() throws {
    let session = Session(
      source: ScriptedSource.endless(), provider: FakeProvider(), configuration: configuration("first"))
    session.start()
    session.perform(.compare(with: "second"))
    var status: ComparisonStatus?
    eventually {
      status = session.snapshot().comparison
      return status?.frameNumber ?? 0 > 0
    }
    let compared = try #require(status)
    #expect(compared.model == "second" && compared.state == .active && compared.frameNumber > 0)
    #expect(compared.findings.detections.count == 1 && compared.primaryFindings.detections.count == 1)
    session.perform(.compare(with: "broken"))
    let failed = ModelListing.State.failed(reason: "broken.onnx: the file is not a network")
    #expect(eventually { session.snapshot().comparison?.state == failed })
    session.perform(.compare(with: nil))
    #expect(session.snapshot().comparison == nil)
    session.stop()
    session.wait()
  }

  @Test func savesWhatIsOnTheScreenAsAPhoto() throws {
    let scratch = try TemporaryFolder()
    let folder = scratch.file("photos")
    var extras = SessionExtras()
    extras.photoFolder = folder
    let session = Session(
      source: ScriptedSource.endless(), provider: FakeProvider(), configuration: configuration("first"),
      extras: extras)
    session.start()
    #expect(eventually { session.snapshot().latest != nil })
    session.perform(.savePhoto)
    var files: [String] = []
    eventually {
      files = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.filter { $0.hasSuffix(".png") } ?? []
      return !files.isEmpty
    }
    session.stop()
    session.wait()
    let photo = try ImageFile.load(folder + "/" + (try #require(files.first)))
    #expect(photo.width == 64 && photo.height == 48)
    let canvas = try #require(Canvas(photo))
    #expect(canvas[29, 29] == ClassPalette.color(ofClass: 0), "the box's corner is drawn")
  }
}

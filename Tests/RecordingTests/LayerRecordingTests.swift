import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Recording
import TestSupport
import Testing
import Vision

/// What many stages said of a frame: recorded, replayed and exported without loss.
@Suite struct LayerRecordingTests {
  /// A result with an answer of every kind, several of some.
  private static func result(_ number: Int, start: MonotonicTime) -> FrameResult {
    var result = Scene.result(number, start: start)
    var object = Scene.detection(number)
    object.stage = "people"
    object.attach(Sighting(label: "person", classID: 3, confidence: 0.625), by: "things")
    object.attach(Classes([Classification(label: "calm", classID: 0, confidence: 0.5)]), by: "moods")
    object.attach(Pose([Keypoint(x: 4.25, y: 5.5, confidence: 0.75)]), by: "poses")
    object.attach(FeatureVector([0.6, 0.8], model: "reid"), by: "first")
    object.attach(FeatureVector([1, 0], model: "clip"), by: "second")
    object.attach(Activity([Classification(label: "walking", classID: 1, confidence: 0.25)]), by: "gait")
    object.attach(Likeness([.init(name: "our pallet", similarity: 0.5)]), by: "references")
    object.mask = Mask(
      region: Box(x: 0, y: 0, width: 64, height: 48), columns: 64, rows: 48,
      bits: (0..<64 * 48).map { UInt8(($0 / 64 + number) % 3 == 0 ? 1 : 0) })
    result.findings = Findings()
    result.findings.detections = [object]
    for (index, stage) in ["roads", "rooms"].enumerated() {
      result.findings.attach(
        SegmentationMap(
          columns: 4, rows: 2, classes: (0..<8).map { UInt16(($0 + number + index) % 3) }, labels: ["a", "b", "c"]),
        by: StageID(stage))
    }
    result.findings.attach(
      DepthMap(columns: 3, rows: 1, nearness: [0, Float(number % 5) * 51 / 255, 1], range: 0.5...12.25, unit: "m"),
      by: "ranges")
    result.findings.attach(Classes([Classification(label: "indoors", classID: 3, confidence: 0.875)]), by: "scenes")
    result.findings.attach(FeatureVector([0, 1], model: "clip"), by: "second")
    result.findings.attach(Motion(share: 0.25, regions: [Box(x: 1, y: 2, width: 3, height: 4)]), by: "motion")
    let times = StageTimes(preprocess: 1000, inference: 2_000_000, postprocess: 3000)
    result.latency.stages = ["people", "things", "roads", "rooms", "ranges", "moods"].map {
      StageTiming(id: StageID($0), kind: "network", model: $0 + "-net", times: times)
    }
    return result
  }

  private func reader(_ frames: Int) throws -> (MCAPReader, lines: [String]) {
    let start = MonotonicTime.now
    let results = (0..<frames).map { Self.result($0, start: start) }
    let disk = ScriptedDisk()
    var configuration = RecordingConfiguration(directory: "d")
    let clock = WallClock.now
    configuration.wallClockOffset = { clock.offset }
    let recorder = Recorder(configuration, layer: disk)
    recorder.setRecording(true)
    for result in results { recorder.receive(result) }
    let outcome = recorder.close()
    #expect(outcome.failure == nil && outcome.frames == UInt64(frames))
    let name = try #require(disk.names.first)
    let reader = try MCAPReader(MemoryBytes(try #require(disk.contents(name)), name: name))
    return (reader, try results.map { try FrameRecord($0, datedBy: clock).jsonLine() })
  }

  @Test func everyLayerComesBack() throws {
    let (reader, lines) = try reader(7)
    let source = try RecordingSource(reader)
    defer { source.close() }
    for (index, line) in lines.enumerated() {
      let recorded = try #require(source.recordedResult(at: index))
      #expect(recorded.line == line)
      // What was read is what was written, to the last field.
      var again = try #require(FrameRecord(jsonLine: line))
      again.findings = recorded.findings
      #expect(try again.jsonLine() == line)
      let kinds = recorded.findings.layers.map { "\($0.stage) \($0.kind)" }.sorted()
      #expect(
        kinds == [
          "motion motion", "ranges depth", "roads segmentation", "rooms segmentation", "scenes classes",
          "second vector",
        ])
      #expect(recorded.findings.detections[0].attributes.count == 8)
    }
  }

  @Test func aReplayShowsWhatWasRecorded() throws {
    let (reader, lines) = try reader(5)
    var options = RecordingSource.Options()
    options.speed = 0
    let source = try RecordingSource(reader, options: options)
    final class Lines: ResultConsumer {
      let kept = Monitor<[FrameResult]>([])
      func receive(_ result: FrameResult) { kept.withLock { $0.append(result) } }
      func receive(_ event: SessionEvent) {}
    }
    let lines2 = Lines()
    struct NoModels: ModelProvider {
      func offers() -> [ModelOffer] { [] }
      func describe(_ name: String) throws -> ModelDescription { throw PerceptionError(.notFound, "no model") }
      func loadVisionModel(_ name: String) throws -> any VisionModel { throw PerceptionError(.notFound, "no model") }
      func loadSequenceModel(_ name: String) throws -> any SequenceModel {
        throw PerceptionError(.notFound, "no model")
      }
    }
    var configuration = SessionConfiguration(detector: RecordedModel.name)
    configuration.waitForModels = true
    let session = Session(
      source: source, provider: ReplayModelProvider(NoModels(), source: source), configuration: configuration,
      consumers: [lines2])
    session.start()
    #expect(session.wait() == nil)
    let replayed = lines2.kept.withLock { $0 }
    #expect(replayed.count == 5)
    for (result, line) in zip(replayed, lines) {
      var record = try #require(FrameRecord(jsonLine: line))
      record.findings = result.findings
      #expect(try record.jsonLine() == line)
    }
  }

  @Test func mapsAreExportedBesideTheirPictures() throws {
    let (reader, _) = try reader(2)
    let folder = try TemporaryFolder()
    let report = try RecordingExport(reader).write(.frames, to: folder.file("out"))
    #expect(report.frames == 2 && report.damaged == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted()
    #expect(
      names.filter { $0.hasPrefix("frame_000001") } == [
        "frame_000001.jpg", "frame_000001.ranges.depth.png", "frame_000001.roads.classes.png",
        "frame_000001.rooms.classes.png",
      ])
    let map = try ImageFile.load(folder.file("out/frame_000002.rooms.classes.png"))
    #expect(map.width == 4 && map.height == 2)
    let canvas = try #require(Canvas(map))
    // Frame 2 is number 1, and the second map begins with class 2.
    for (x, level) in [UInt8(2), 0, 1, 2].enumerated() {
      #expect(canvas[x, 0] == Canvas.Color(level, level, level))
    }
  }
}

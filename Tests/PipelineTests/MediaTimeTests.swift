import Capture
import Foundation
import Ground
import Perception
import Pipeline
import TestSupport
import Testing
import Vision

/// Results follow the frames' own time, not the moments at which they come.
@Suite struct MediaTimeTests {
  /// Finds one object, as far to the right as the picture is bright: 6 pixels a step, 12 wide.
  final class Follower: VisionModel {
    let description = ModelDescription(
      name: "follower", task: .detection, path: "", fileBytes: 0, inputWidth: 16, inputHeight: 16, labels: ["a"],
      decoder: "fake")

    func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
      var findings = Findings()
      let number = withExtendedLifetime(image) {
        image.base(ofPlane: 0).loadUnaligned(as: UInt8.self)
      }
      findings.detections = [
        Detection(
          label: "a", classID: 0, confidence: 0.9, box: Box(x: Float(number) * 6, y: 10, width: 12, height: 12))
      ]
      return (findings, StageTimes(inference: 1))
    }
  }

  /// Frames of a file, thirty a second by its own time; all are there at once.
  private func frames(_ count: Int, timeline: (Int) -> UInt64 = { _ in 0 }) -> [SourceEvent] {
    let start = MonotonicTime.now
    return (0..<count).map { index in
      let image = greyPicture(64, 48)
      memset(image.storage.bytes.baseAddress!, Int32(index % 200), image.storage.bytes.count)
      var frame = Frame(
        image: image, sequence: UInt64(index),
        timestamp: MonotonicTime(nanoseconds: start.nanoseconds + Int64(index) * 33_333_333))
      frame.mediaTime = Double(index) / 30
      frame.captured = start
      frame.timeline = timeline(index)
      return .frame(frame)
    }
  }

  /// - Parameter interval: nanoseconds that each frame takes to come.
  private func run(_ events: [SourceEvent], interval: Int64 = 0, hertz: Float? = nil) throws -> [FrameResult] {
    let rate = hertz.map { "max_hz = \($0)\n" } ?? ""
    let spec = try StageTests.configuration("[[stage]]\nid = \"follower\"\nmodel = \"follower\"\n\(rate)")
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(events, live: false, interval: interval), provider: FakeProvider(models: [Follower()]),
      configuration: spec, consumers: [collector])
    session.start()
    #expect(session.wait() == nil)
    return collector.results
  }

  @Test(arguments: [0, 5_000_000, 80_000_000] as [Int64])
  func tracksAreTheSameAtEveryPace(interval: Int64) throws {
    let results = try run(frames(24), interval: interval)
    #expect(results.count == 24)
    #expect(results.dropFirst(1).map { $0.findings.detections.first?.track } == Array(repeating: 1, count: 23))
  }

  @Test(arguments: [0, 5_000_000] as [Int64])
  func aStagesRateCountsInTheMediasTime(interval: Int64) throws {
    let results = try run(frames(31), interval: interval, hertz: 10)
    let ran = results.indices.filter { results[$0].latency["follower"] != nil }
    #expect(ran == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30])
  }

  @Test func anotherTimelineBeginsAgain() throws {
    // The object goes on as if nothing had happened, but the media went elsewhere.
    let results = try run(frames(24) { $0 < 12 ? 0 : 1 })
    #expect(results[11].findings.detections.first?.track == 1)
    #expect(results[12].findings.detections.first?.track == nil)
    #expect(results[23].findings.detections.first?.track == 2)
  }

  @Test func latencyCountsFromTheClocksMoment() throws {
    for result in try run(frames(24)) {
      #expect(result.latency.total == result.completed.nanoseconds(since: result.frame.captured))
      #expect(result.latency.total > 0)
    }
  }
}

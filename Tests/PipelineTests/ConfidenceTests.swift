import Capture
import Perception
import Pipeline
import Synchronization
import TestSupport
import Testing
import Vision

/// What is filtered is the network's confidence in the frame, and the session's threshold reaches the tracker.
@Suite struct ConfidenceTests {
  /// Three objects whose confidences follow a script, frame by frame: those asked for are given.
  private final class Script: VisionModel {
    let description = ModelDescription(
      name: "script", task: .detection, path: "", fileBytes: 0, inputWidth: 16, inputHeight: 16, labels: ["a"],
      decoder: "fake")
    private let confidences: [[Float]]
    private let calls = Mutex(0)

    init(_ confidences: [[Float]]) { self.confidences = confidences }

    func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
      var findings = Findings()
      guard region == nil, image.width == 64 else { return (findings, StageTimes()) }
      let frame = calls.withLock { count in
        defer { count += 1 }
        return min(count, confidences.count - 1)
      }
      findings.detections = confidences[frame].enumerated().filter { $0.element >= minimumConfidence ?? 0 }.map {
        Detection(
          label: "a", classID: 0, confidence: $0.element,
          box: Box(x: Float($0.offset) * 20, y: 10, width: 12, height: 12))
      }
      findings.detections.sort { $0.confidence > $1.confidence }
      return (findings, StageTimes(inference: 1))
    }
  }

  private func run(_ confidences: [[Float]], threshold: Float) throws -> [[Detection]] {
    var configuration = SessionConfiguration(primaries: [StageSpec(model: "script")])
    configuration.waitForModels = true
    configuration.minimumConfidence = threshold
    let collector = Collector()
    let session = Session(
      source: ScriptedSource(ScriptedSource.frames(confidences.count), live: false),
      provider: FakeProvider(models: [Script(confidences)]), configuration: configuration, consumers: [collector])
    session.start()
    #expect(session.wait() == nil)
    return collector.results.map(\.findings.detections)
  }

  @Test(arguments: [0.02, 0.12, 0.25, 0.3, 0.4, 0.5, 0.9] as [Float])
  func steadyObjectsAtOrAboveTheThresholdShow(threshold: Float) throws {
    let objects: [Float] = [0.9, 0.5, 0.4, 0.3, 0.25, 0.12, 0.05]
    for (number, found) in try run(Array(repeating: objects, count: 6), threshold: threshold).enumerated() {
      #expect(found.map(\.confidence) == objects.filter { $0 >= threshold }, "frame \(number)")
      #expect(number == 0 || found.allSatisfy { $0.track != nil })
    }
  }

  @Test(arguments: [0.2, 0.4, 0.8] as [Float])
  func aFramesOwnConfidenceDecides(threshold: Float) throws {
    var random = SeededGenerator(21)
    let script = (0..<60).map { frame in frame < 2 ? [0.95] : [(random.unit() * 100).rounded() / 100] }
    for (confidences, found) in zip(script, try run(script, threshold: threshold)) {
      #expect(found.map(\.ownConfidence) == confidences.filter { $0 >= threshold })
      #expect(found.allSatisfy { $0.confidence >= threshold })
    }
  }
}

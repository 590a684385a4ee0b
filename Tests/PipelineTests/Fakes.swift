import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Synchronization
import TestSupport
import Vision

/// A source that plays a script of events, then ends or goes on with frames for ever.
final class ScriptedSource: FrameSource {
  let description: SourceDescription
  private let remaining: Mutex<[SourceEvent]>
  private let interval: Int64
  private let isEndless: Bool
  private let frames = Atomic<UInt64>(0)
  private let closes = Atomic<Int>(0)
  var closed: Int { closes.load(ordering: .relaxed) }
  /// Whether the whole script was taken.
  var isPlayed: Bool { remaining.withLock { $0.isEmpty } }

  /// - Parameter interval: nanoseconds that each event takes.
  init(_ events: [SourceEvent], live: Bool, interval: Int64 = 0, isEndless: Bool = false) {
    description = SourceDescription(
      name: "script", detail: "", width: 64, height: 48, framesPerSecond: 30, isLive: live)
    remaining = Mutex(events)
    self.interval = interval
    self.isEndless = isEndless
  }

  /// A live source of a thousand frames a second that goes on until its session is stopped.
  static func endless() -> ScriptedSource {
    ScriptedSource([], live: true, interval: 1_000_000, isEndless: true)
  }

  static func frames(_ count: Int) -> [SourceEvent] {
    (1...count).map { .frame(frame(sequence: UInt64($0))) }
  }

  static func frame(sequence: UInt64) -> Frame {
    Frame(image: greyPicture(64, 48), sequence: sequence, timestamp: .now)
  }

  func next(timeout: Int) throws -> SourceEvent {
    if interval > 0 { pass(interval) }
    if let event = remaining.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return event }
    guard isEndless else { return .end }
    return .frame(ScriptedSource.frame(sequence: frames.add(1, ordering: .relaxed).newValue))
  }

  func close() { closes.add(1, ordering: .relaxed) }
}

struct Broken: ExplainedError {
  var what = "the file is not a network"
  var place = "broken.onnx"
  var remedy = ""
}

/// A detector that finds one object, after `waits` returns.
final class FakeDetector: VisionModel {
  let description: ModelDescription
  private let waits: @Sendable () -> Void
  private let failing: Bool

  /// - Parameters:
  ///   - name: what is asked for; of a path, the file's name becomes the model's.
  ///   - waits: called on every frame, before it is answered.
  init(_ name: String, waits: @escaping @Sendable () -> Void = {}, failing: Bool = false, classifies: Bool = false) {
    description = ModelDescription(
      name: name.split(separator: "/").last.map(String.init) ?? name, task: classifies ? .classification : .detection,
      path: "", fileBytes: 0, inputWidth: 32,
      inputHeight: 32, labels: ["thing"],
      decoder: "fake")
    self.waits = waits
    self.failing = failing
  }

  func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
    // The warm-up picture is 32x32; only real frames wait and fail.
    if image.width == 64 { waits() }
    if failing, image.width == 64 { throw Broken() }
    var findings = Findings()
    if region == nil {
      findings.detections = [
        Detection(label: "thing", classID: 0, confidence: 0.9, box: Box(x: 10, y: 10, width: 20, height: 20))
      ]
    } else {
      findings.classes = [Classification(label: "open", classID: 1, confidence: 0.8)]
    }
    return (findings, StageTimes(preprocess: 1, inference: 2, postprocess: 3))
  }
}

/// A detector of three objects in a row, at x = 0, 20 and 40, surest first.
final class FakeTrio: VisionModel {
  let description: ModelDescription

  init(stages: [StageSpec] = []) {
    var description = ModelDescription(
      name: "trio", task: .detection, path: "", fileBytes: 0, inputWidth: 32, inputHeight: 32, labels: ["a", "b"],
      decoder: "fake")
    description.stages = stages
    self.description = description
  }

  func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
    var findings = Findings()
    findings.detections = [("a", 0.9, 0), ("b", 0.8, 20), ("a", 0.7, 40)].map { label, confidence, x in
      Detection(
        label: label, classID: label == "a" ? 0 : 1, confidence: confidence,
        box: Box(x: Float(x), y: 10, width: 16, height: 20))
    }
    return (findings, StageTimes(preprocess: 1, inference: 2, postprocess: 3))
  }
}

/// An embedder: what it says of a crop tells where the crop was. Counts what it is asked.
final class FakeEmbedder: VisionModel {
  let description: ModelDescription
  private let asked = Mutex<[Int]>([])
  /// How many crops each call brought.
  var calls: [Int] { asked.withLock { $0 } }

  init(_ name: String = "embedder") {
    var description = ModelDescription(
      name: name, task: .embedding, path: "", fileBytes: 0, inputWidth: 16, inputHeight: 16, labels: [],
      decoder: "fake")
    description.text = TextPairing(path: "text", vocabulary: "words")
    description.cropMargin = 0
    self.description = description
  }

  func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
    var findings = Findings()
    let angle = Double(region?.x ?? 0) / 20 * .pi / 3
    findings.embedding = [Float(cos(angle)), Float(sin(angle))]
    return (findings, StageTimes(inference: 5))
  }

  func perceive(_ image: Image, regions: [Box], minimumConfidence: Float?) throws -> ([Findings], StageTimes) {
    asked.withLock { $0.append(regions.count) }
    return (
      try regions.map { try perceive(image, region: $0, minimumConfidence: nil).0 }, StageTimes(inference: 5)
    )
  }
}

/// Places "left", "middle" and "right" where ``FakeEmbedder`` puts the three objects.
final class FakeText: TextModel {
  let template = "{}"
  func embed(_ text: String) throws -> [Float] {
    guard let place = ["left", "middle", "right"].firstIndex(of: text) else { throw Broken() }
    let angle = Double(place) * .pi / 3
    return [Float(cos(angle)), Float(sin(angle))]
  }
}

struct FakeProvider: ModelProvider {
  /// Called by detectors on every frame, before it is answered.
  var waits: @Sendable () -> Void = {}
  /// Handed out for their own names, beside those made on demand.
  var models: [any VisionModel] = []

  func offers() -> [ModelOffer] {
    ["first", "second"].map { ModelOffer(name: $0, task: nil) }
      + models.map { ModelOffer(name: $0.description.name, task: $0.description.task) }
  }

  func describe(_ name: String) throws -> ModelDescription { try loadVisionModel(name).description }

  func loadVisionModel(_ name: String) throws -> any VisionModel {
    if let model = models.first(where: { $0.description.name == name }) { return model }
    if name == "broken" { throw Broken() }
    return FakeDetector(name, waits: waits, failing: name == "failing", classifies: name == "kinds")
  }

  func loadSequenceModel(_ name: String) throws -> any SequenceModel { throw Broken() }

  func loadTextModel(_ pairing: TextPairing) throws -> any TextModel { FakeText() }
}

/// Keeps everything it receives.
final class Collector: ResultConsumer {
  private let kept = Mutex<(results: [FrameResult], events: [SessionEvent])>(([], []))
  var results: [FrameResult] { kept.withLock { $0.results } }
  var events: [SessionEvent] { kept.withLock { $0.events } }
  func receive(_ result: FrameResult) { kept.withLock { $0.results.append(result) } }
  func receive(_ event: SessionEvent) { kept.withLock { $0.events.append(event) } }
}

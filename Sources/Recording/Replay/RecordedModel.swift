import Capture
public import Perception
public import Pipeline
public import Vision

/// The recorded results as a detector: shows what was found then, and can be compared with any network now.
public final class RecordedModel: VisionModel {
  /// The name in the list of models.
  public static let name = "recorded"

  /// Pictures that are looked at for whether their objects have numbers.
  private static let samples = 30

  private let source: RecordingSource
  public let description: ModelDescription

  public init(_ source: RecordingSource) {
    self.source = source
    let results = (0..<min(RecordedModel.samples, source.pictures.count)).lazy.compactMap {
      source.recordedResult(at: $0)
    }
    let recorded = results.first
    let detector = recorded?.detector ?? ""
    var description = ModelDescription(
      name: RecordedModel.name, task: .detection, path: source.description.name, fileBytes: 0,
      inputWidth: source.description.width, inputHeight: source.description.height, labels: [],
      decoder: "recording",
      reasons: [
        detector.isEmpty ? "results of another program, as recorded" : "results of \(detector), as recorded"
      ])
    // Its own recordings hold followed objects, and so do those of other programs that number them: their numbers are shown.
    description.isComplete = results.contains { result in
      result.line != nil || result.findings.detections.contains { $0.track != nil }
    }
    self.description = description
  }

  /// The findings recorded with the picture; empty for pictures that did not come from the recording just now.
  public func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes) {
    guard region == nil, let index = source.index(of: image.storage),
      let result = try source.readResult(at: index)
    else { return (Findings(), StageTimes()) }
    var findings = result.findings
    if let minimumConfidence { findings.detections.removeAll { $0.confidence < minimumConfidence } }
    return (findings, result.times)
  }
}

/// Offers the recorded results beside the networks that another provider has.
public struct ReplayModelProvider: ModelProvider {
  private let base: any ModelProvider
  private let recorded: RecordedModel?

  /// - Parameter source: the recording; without results in it, nothing is added.
  public init(_ base: any ModelProvider, source: RecordingSource) {
    self.base = base
    recorded = source.hasResults ? RecordedModel(source) : nil
  }

  public func offers() -> [ModelOffer] {
    (recorded.map { [ModelOffer(name: RecordedModel.name, task: $0.description.task)] } ?? []) + base.offers()
  }

  public func describe(_ name: String) throws -> ModelDescription {
    if name == RecordedModel.name, let recorded { return recorded.description }
    return try base.describe(name)
  }

  public func loadVisionModel(_ name: String) throws -> any VisionModel {
    if name == RecordedModel.name, let recorded { return recorded }
    return try base.loadVisionModel(name)
  }

  public func loadSequenceModel(_ name: String) throws -> any SequenceModel { try base.loadSequenceModel(name) }
}

public import Ground
public import Perception
public import Vision

/// What a session does to a frame, on single photos: detector, the chain's stages, references, labels; no tracks.
///
/// One thread at a time.
public final class PhotoPipeline {
  private let models: ActiveModels
  private let references: ReferenceBook

  /// Loads every network that the configuration names.
  ///
  /// - Parameter store: what detections are compared with.
  /// - Throws: ``SessionFailure`` with the reason why the first load that failed did.
  public init(
    provider: any ModelProvider, configuration: SessionConfiguration,
    references store: ReferenceStore = ReferenceStore()
  ) throws {
    let references = ReferenceBook(store: store, report: { _ in })
    let board = ModelSwitchboard(
      provider: provider, configuration: configuration, references: references, report: { _ in })
    board.start()
    board.waitUntilIdle()
    board.stop()
    if let reason = board.failure { throw SessionFailure(what: reason) }
    models = board.active
    self.references = references
  }

  /// What the detector is.
  public var detector: ModelDescription? { models.detector?.description }

  /// Looks at one photo.
  ///
  /// - Parameter minimumConfidence: nil for the detector's own threshold.
  /// - Returns: the findings, and what the detector took.
  public func look(at image: Image, minimumConfidence: Float? = nil) throws -> (Findings, StageTimes) {
    guard let detector = models.detector else { return (Findings(), StageTimes()) }
    var (findings, times) = try detector.perceive(image, region: nil, minimumConfidence: minimumConfidence)
    var latency = FrameLatency()
    // Without tracks a stage remembers nothing: every photo is a first frame.
    let trouble = StageChain(models.links).run(
      on: &findings.detections, of: StageFrame(image: image, number: 1, time: .now), latency: &latency)
    if let trouble { throw trouble }
    references.compare(&findings, pictureModel: detector.description.name)
    models.labels?.write(to: &findings, pictureModel: detector.description.name)
    return (findings, times)
  }
}

/// Why a session cannot begin: a line that says all.
public struct SessionFailure: ExplainedError {
  public var what: String
  public var place = ""
  public var remedy = ""
}

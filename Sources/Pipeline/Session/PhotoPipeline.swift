public import Ground
public import Perception
public import Vision

/// What a session does to a frame, on single photos: every stage but the tracker.
///
/// One thread at a time.
public final class PhotoPipeline {
  private let stages: ActiveStages
  private var graph: StageGraph

  /// Loads every network that the configuration names.
  ///
  /// - Parameters:
  ///   - store: the references that objects are compared with.
  ///   - warn: takes a sentence for each file of a network that is not used, on the loader's thread.
  /// - Throws: ``SessionFailure`` with the reason why the first load that failed did; ``ThreadFailure``.
  public init(
    provider: any ModelProvider, configuration: SessionConfiguration,
    references store: ReferenceStore = ReferenceStore(), warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    let references = ReferenceBook(store: store, report: { _ in })
    let board = ModelSwitchboard(
      provider: provider, configuration: configuration, references: references,
      report: { event in if event.severity == .warning { warn(event.message) } })
    try board.start()
    board.waitUntilIdle()
    board.stop()
    if let reason = board.failure { throw SessionFailure(what: reason) }
    stages = board.active
    graph = StageGraph(stages.ordered(followsTracks: false))
  }

  /// What the first network on the whole picture is.
  public var primary: ModelDescription? { stages.wholeFrame.first?.model }

  /// Looks at one photo.
  ///
  /// - Parameter minimumConfidence: nil for each network's own threshold.
  /// - Returns: the findings, and what each stage took.
  public func look(at image: Image, minimumConfidence: Float? = nil) throws -> (Findings, [StageTiming]) {
    // Every photo is a first frame: nothing of the one before counts.
    graph.reset()
    let outcome = graph.run(
      StageFrame(image: image, number: 1, time: .now, minimumConfidence: minimumConfidence))
    if let failure = outcome.failures.first { throw failure.error }
    return (outcome.findings, outcome.timings)
  }
}

/// Why a session cannot begin: a line that says all.
public struct SessionFailure: ExplainedError {
  public var what: String
  public var place = ""
  public var remedy = ""
}

public import Capture
import Ground
import Perception
import Vision

/// What a session can be asked for beyond showing pictures.
public enum SessionCapability: String, Sendable, Hashable, Codable, CaseIterable {
  case recording, replay, comparison, photos, references, labels, controls, sources
}

/// The whole session at one moment, as one view shows it: immutable, cheap to take, safe on any thread. Its JSON form has
/// everything but pixels.
public struct SessionSnapshot: Sendable {
  public var source: SourceDescription
  public var sourceState: SourceState
  /// How the newest captured picture looks; nil before the first.
  public var health: PictureHealth?
  /// A stage of the pipeline that does not come to an end; nil while all is well.
  public var stall: StageStall?
  /// The newest result, or the one that the view is paused on, with the objects that the view shows.
  public var latest: FrameResult?
  /// Whether the view is paused.
  public var paused: Bool
  /// Objects below this confidence are not shown in this view.
  public var minimumConfidence: Float
  public var rates: Rates
  public var skipped: SkipCounts
  /// In the order of the flow.
  public var latencies: [StageStatistics]
  /// The stages of the pipeline, in order.
  public var pipeline: [StageListing]
  public var detectors: [ModelListing]
  public var classifiers: [ModelListing]
  /// The newest last; bounded.
  public var events: [SessionEvent]
  /// Captured and processed frames since the start.
  public var captured: UInt64
  public var processed: UInt64
  /// What the session can be asked for.
  public var capabilities: Set<SessionCapability>
  /// nil where the session cannot record.
  public var recording: RecordingStatus?
  /// nil for live sources.
  public var replay: PlaybackStatus?
  /// The controls of the source's camera; nil for a source that has none.
  public var controls: ControlListing?
  /// Grows when another source takes the place of the one before: nothing of the earlier snapshots holds for it.
  public var run = 0
  /// nil while no second detector runs.
  public var comparison: ComparisonStatus?
  /// What detections are compared with, oldest first.
  public var references: [ReferenceListing]
  /// nil while no labels are typed.
  public var labels: LabelStatus?
  /// How the machine fares; nil while that is not known.
  public var machine: MachineStatus?
  /// What the user can do about it that no network looks at the picture; nil while one does, or loads.
  public var advice: String?

  public init(source: SourceDescription) {
    self.source = source
    sourceState = .starting
    paused = false
    minimumConfidence = 0.4
    rates = Rates()
    skipped = SkipCounts()
    latencies = []
    pipeline = []
    detectors = []
    classifiers = []
    events = []
    captured = 0
    processed = 0
    capabilities = []
    references = []
  }
}

extension SessionSnapshot: Codable {
  private enum CodingKeys: CodingKey {
    case source, sourceState, health, stall, latest, paused, minimumConfidence, rates, skipped, latencies, pipeline
    case detectors, classifiers, events, captured, processed, capabilities, recording, replay, comparison
    case references, labels, advice, controls, machine, run
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(source, forKey: .source)
    try container.encode(sourceState, forKey: .sourceState)
    try container.encodeIfPresent(health, forKey: .health)
    try container.encodeIfPresent(stall, forKey: .stall)
    try container.encodeIfPresent(latest.map { FrameRecord($0, datedBy: .now) }, forKey: .latest)
    try container.encode(paused, forKey: .paused)
    try container.encode(minimumConfidence, forKey: .minimumConfidence)
    try container.encode(rates, forKey: .rates)
    try container.encode(skipped, forKey: .skipped)
    try container.encode(latencies, forKey: .latencies)
    try container.encode(pipeline, forKey: .pipeline)
    try container.encode(detectors, forKey: .detectors)
    try container.encode(classifiers, forKey: .classifiers)
    try container.encode(events, forKey: .events)
    try container.encode(captured, forKey: .captured)
    try container.encode(processed, forKey: .processed)
    try container.encode(capabilities.sorted { $0.rawValue < $1.rawValue }, forKey: .capabilities)
    try container.encodeIfPresent(recording, forKey: .recording)
    try container.encodeIfPresent(replay, forKey: .replay)
    try container.encodeIfPresent(comparison, forKey: .comparison)
    try container.encode(references, forKey: .references)
    try container.encodeIfPresent(labels, forKey: .labels)
    try container.encodeIfPresent(advice, forKey: .advice)
    try container.encodeIfPresent(controls, forKey: .controls)
    try container.encodeIfPresent(machine, forKey: .machine)
    try container.encode(run, forKey: .run)
  }

  /// The picture of ``latest`` is grey: pixels travel beside snapshots, not in them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(source: try container.decode(SourceDescription.self, forKey: .source))
    sourceState = try container.decode(SourceState.self, forKey: .sourceState)
    health = try container.decodeIfPresent(PictureHealth.self, forKey: .health)
    stall = try container.decodeIfPresent(StageStall.self, forKey: .stall)
    latest = try container.decodeIfPresent(FrameRecord.self, forKey: .latest).flatMap { record in
      Image.grey(record.width, record.height).map { record.result(image: $0) }
    }
    paused = try container.decode(Bool.self, forKey: .paused)
    minimumConfidence = try container.decode(Float.self, forKey: .minimumConfidence)
    rates = try container.decode(Rates.self, forKey: .rates)
    skipped = try container.decode(SkipCounts.self, forKey: .skipped)
    latencies = try container.decode([StageStatistics].self, forKey: .latencies)
    pipeline = try container.decode([StageListing].self, forKey: .pipeline)
    detectors = try container.decode([ModelListing].self, forKey: .detectors)
    classifiers = try container.decode([ModelListing].self, forKey: .classifiers)
    events = try container.decode([SessionEvent].self, forKey: .events)
    captured = try container.decode(UInt64.self, forKey: .captured)
    processed = try container.decode(UInt64.self, forKey: .processed)
    capabilities = try container.decode(Set<SessionCapability>.self, forKey: .capabilities)
    recording = try container.decodeIfPresent(RecordingStatus.self, forKey: .recording)
    replay = try container.decodeIfPresent(PlaybackStatus.self, forKey: .replay)
    comparison = try container.decodeIfPresent(ComparisonStatus.self, forKey: .comparison)
    references = try container.decode([ReferenceListing].self, forKey: .references)
    labels = try container.decodeIfPresent(LabelStatus.self, forKey: .labels)
    advice = try container.decodeIfPresent(String.self, forKey: .advice)
    controls = try container.decodeIfPresent(ControlListing.self, forKey: .controls)
    machine = try container.decodeIfPresent(MachineStatus.self, forKey: .machine)
    run = try container.decodeIfPresent(Int.self, forKey: .run) ?? 0
  }
}

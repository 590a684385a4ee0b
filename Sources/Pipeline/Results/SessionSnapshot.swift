public import Capture
public import Ground
import Logging
public import Perception

/// Something that happened, for the events pane, the log and the recording.
public struct SessionEvent: Sendable {
  public enum Severity: String, Sendable {
    case info, warning, error

    /// Its level in the log.
    var level: Logger.Level {
      switch self {
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    }
  }

  public var time: MonotonicTime
  public var severity: Severity
  public var message: String

  public init(time: MonotonicTime = .now, severity: Severity, message: String) {
    self.time = time
    self.severity = severity
    self.message = message
  }
}

/// A model in the list, with what is known of it at the moment.
public struct ModelListing: Sendable {
  /// How the model is before, while and after it serves.
  public enum State: Sendable, Equatable {
    case available
    case loading
    case active
    case failed(reason: String)
  }

  /// What it is asked for by: a name of the models' folders, or a path.
  public var name: String
  /// nil until the file has been looked into.
  public var description: ModelDescription?
  public var state: State

  public var hasFailed: Bool { if case .failed = state { true } else { false } }

  /// What people call it: its own name, or until that is known the file's, without folders.
  public var title: String { description?.name ?? Self.title(of: name) }

  /// A model's name from what it is asked for by: without folders and ending.
  public static func title(of name: String) -> String {
    let file = name.split(separator: "/").last.map(String.init) ?? name
    return file.hasSuffix(".onnx") ? String(file.dropLast(5)) : file
  }

  public init(name: String, description: ModelDescription?, state: State) {
    self.name = name
    self.description = description
    self.state = state
  }
}

/// One stage's latency over the sliding window, in milliseconds.
public struct StageStatistics: Sendable {
  public var name: String
  public var last: Double
  public var p50: Double
  public var p95: Double
  public var p99: Double
  /// Oldest to newest.
  public var history: [Double]

  public init(name: String, last: Double, p50: Double, p95: Double, p99: Double, history: [Double]) {
    self.name = name
    self.last = last
    self.p50 = p50
    self.p95 = p95
    self.p99 = p99
    self.history = history
  }
}

/// Frames a second, each counted over the last two seconds.
public struct Rates: Sendable {
  public var camera: Double = 0
  public var processed: Double = 0
  public var skippedByPipeline: Double = 0
  public var droppedByDriver: Double = 0

  public init() {}
}

/// The whole session at one moment: immutable, cheap to take, safe on any thread.
public struct SessionSnapshot: Sendable {
  public var source: SourceDescription
  public var sourceState: SourceState
  /// How the newest captured picture looks; nil before the first.
  public var health: PictureHealth?
  /// A stage of the pipeline that does not come to an end; nil while all is well.
  public var stall: StageStall?
  public var latest: FrameResult?
  public var paused: Bool
  public var minimumConfidence: Float
  public var rates: Rates
  public var skipped: SkipCounts
  public var stages: [StageStatistics]
  public var detectors: [ModelListing]
  public var classifiers: [ModelListing]
  /// The networks in service beside the detector and the classifier, in the order in which they run: stages of a chain, an
  /// embedder, a sequence network.
  public var companions: [ModelListing]
  /// The newest last; bounded.
  public var events: [SessionEvent]
  /// Captured and processed frames since the start.
  public var captured: UInt64
  public var processed: UInt64
  /// nil where the session cannot record.
  public var recording: RecordingStatus?
  /// nil for live sources.
  public var replay: ReplayStatus?
  /// nil while no second detector runs.
  public var comparison: ComparisonStatus?
  /// What detections are compared with, oldest first.
  public var references: [ReferenceListing]
  /// nil while no labels are typed.
  public var labels: LabelStatus?

  public init(source: SourceDescription) {
    self.source = source
    sourceState = .starting
    health = nil
    stall = nil
    latest = nil
    paused = false
    minimumConfidence = 0.4
    rates = Rates()
    skipped = SkipCounts()
    stages = []
    detectors = []
    classifiers = []
    companions = []
    events = []
    captured = 0
    processed = 0
    recording = nil
    replay = nil
    comparison = nil
    references = []
    labels = nil
  }
}

/// What a front may see of a session and ask of it. Every call is thread-safe and returns at once.
public protocol SessionControl: AnyObject, Sendable {
  func snapshot() -> SessionSnapshot
  /// Has `body` called whenever ``snapshot()`` shows another picture, on whichever thread made it; nil ends that. One at a
  /// time; it must not block.
  func whenPictureChanges(_ body: (@Sendable () -> Void)?)
  /// Starts loading; the present model serves until the new one is warm. The outcome is an event and a listing state.
  func selectDetector(_ name: String)
  /// nil switches the second stage off.
  func selectClassifier(_ name: String?)
  func setMinimumConfidence(_ value: Float)
  /// Freezes the picture; capture goes on.
  func setPaused(_ paused: Bool)
  func stop()
  /// What the session can do beyond; nil (the default) where it cannot.
  var recorder: (any RecordingControl)? { get }
  var replay: (any ReplayControl)? { get }
  var comparison: (any ComparisonControl)? { get }
  var photographer: (any SnapshotControl)? { get }
  var memory: (any ReferenceControl)? { get }
  var labeller: (any LabelControl)? { get }
}

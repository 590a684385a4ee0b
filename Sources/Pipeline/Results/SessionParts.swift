public import Ground
import Logging
public import Perception

/// Something that happened, for the events pane, the log and the recording.
public struct SessionEvent: Sendable, Codable {
  public enum Severity: String, Sendable, Codable {
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
public struct ModelListing: Sendable, Codable {
  /// How the model is before, while and after it serves.
  public enum State: Sendable, Equatable, Codable {
    case available
    case loading
    case active
    case failed(reason: String)
  }

  /// What it is asked for by: a name of the models' folders, or a path.
  public var name: String
  /// nil until the file has been read.
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

/// A part of a frame's way whose time is measured.
public enum LatencyPart: Sendable, Hashable, Codable {
  /// Driver timestamp to frame in hand.
  case capture
  case decode
  /// Frame in hand to pipeline free.
  case queue
  case stage(StageID)
  /// Driver timestamp to result ready.
  case total

  /// What lists call it.
  public var name: String {
    switch self {
    case .capture: "capture"
    case .decode: "decode"
    case .queue: "queue"
    case .stage(let id): id.name
    case .total: "total"
    }
  }
}

/// Where a network's time goes, in milliseconds, smoothed: making input tensors, running, reading outputs.
public struct LatencySplit: Sendable, Hashable, Codable {
  public var preprocess: Double
  public var inference: Double
  public var postprocess: Double

  public init(preprocess: Double, inference: Double, postprocess: Double) {
    self.preprocess = preprocess
    self.inference = inference
    self.postprocess = postprocess
  }

  func smoothed(with new: LatencySplit, share: Double) -> LatencySplit {
    LatencySplit(
      preprocess: preprocess + (new.preprocess - preprocess) * share,
      inference: inference + (new.inference - inference) * share,
      postprocess: postprocess + (new.postprocess - postprocess) * share)
  }
}

/// One part's latency over the sliding window, in milliseconds; of a stage, over the frames on which it ran.
public struct StageStatistics: Sendable, Hashable, Codable {
  public var part: LatencyPart
  public var last: Double
  public var p50: Double
  public var p95: Double
  public var p99: Double
  /// Oldest to newest.
  public var history: [Double]
  /// nil where the stage runs no network.
  public var split: LatencySplit?

  public var name: String { part.name }

  public init(
    part: LatencyPart, last: Double, p50: Double, p95: Double, p99: Double, history: [Double],
    split: LatencySplit? = nil
  ) {
    self.part = part
    self.last = last
    self.p50 = p50
    self.p95 = p95
    self.p99 = p99
    self.history = history
    self.split = split
  }
}

/// A stage of the running pipeline.
public struct StageListing: Sendable, Codable {
  public var id: StageID
  /// Its row of the registry of stages.
  public var kind: String
  /// The stages whose objects it looks at; empty for all.
  public var of: [StageID]
  /// Runs on every n-th frame.
  public var every: Int
  /// Runs this many times per second at most; nil for no limit.
  public var maximumHertz: Float?
  /// What its network is; nil for a stage without one.
  public var model: ModelDescription?

  public init(
    id: StageID, kind: String, of: [StageID] = [], every: Int = 1, maximumHertz: Float? = nil,
    model: ModelDescription? = nil
  ) {
    self.id = id
    self.kind = kind
    self.of = of
    self.every = every
    self.maximumHertz = maximumHertz
    self.model = model
  }
}

/// Frames a second, each counted over the last two seconds.
public struct Rates: Sendable, Codable {
  public var camera: Double = 0
  public var processed: Double = 0
  public var skippedByPipeline: Double = 0
  public var droppedByDriver: Double = 0

  public init() {}
}

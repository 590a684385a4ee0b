public import Capture
public import Ground

/// How things stand with the source.
public enum SourceState: Sendable, Equatable, Codable {
  case starting
  case streaming
  case noSignal(reason: String, since: MonotonicTime)
  case ended
  case failed(reason: String)

  /// What an operator should read: "no signal since 12 s: the camera is disconnected, retrying"; nil while all is well.
  public func line(at now: MonotonicTime) -> String? {
    switch self {
    case .starting, .streaming: return nil
    case .noSignal(let reason, let since):
      return "no signal since \(Int(saturating: max(0, now.milliseconds(since: since)) / 1000)) s: \(reason)"
    case .ended: return "the source has ended"
    case .failed(let reason): return "the source failed: \(reason)"
    }
  }
}

/// A source's state at a moment, for those who take results.
public struct SourceReport: Sendable {
  public var source: SourceDescription
  public var state: SourceState
  public var time: MonotonicTime
  /// Seconds without a picture: so far while there is no signal, altogether when it has come back; else 0.
  public var outageSeconds: Double

  public init(source: SourceDescription, state: SourceState, time: MonotonicTime, outageSeconds: Double = 0) {
    self.source = source
    self.state = state
    self.time = time
    self.outageSeconds = outageSeconds
  }
}

/// A stage of the pipeline that hangs.
public struct StageStall: Sendable, Equatable, Codable {
  /// The id of a stage, or "outputs" while consumers take a result.
  public var stage: String
  public var since: MonotonicTime

  public init(stage: String, since: MonotonicTime) {
    self.stage = stage
    self.since = since
  }

  /// "the detector has not answered for 7 s".
  public func line(at now: MonotonicTime) -> String {
    "the \(stage) has not answered for \(Int(saturating: max(0, now.milliseconds(since: since)) / 1000)) s"
  }
}

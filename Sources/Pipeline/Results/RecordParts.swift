public import Capture
public import Ground
import Perception

/// Skipped frames in JSON: totals since the session began.
struct SkipRecord: Codable {
  var pipeline: UInt64
  var driver: UInt64
  var passed_over: UInt64?
  var damaged: UInt64?

  init(_ counts: SkipCounts) {
    pipeline = counts.pipeline
    driver = counts.driver
    passed_over = counts.passedOver
    damaged = counts.damaged
  }

  var counts: SkipCounts {
    SkipCounts(pipeline: pipeline, driver: driver, passedOver: passed_over ?? 0, damaged: damaged ?? 0)
  }
}

/// Where a frame's time went, in JSON: milliseconds. `preprocess`, `inference` and `postprocess` are the sums over all stages.
struct LatencyRecord: Codable {
  var capture: Double
  var decode: Double
  var queue: Double?
  var preprocess: Double
  var inference: Double
  var postprocess: Double
  var total: Double

  init(_ latency: FrameLatency) {
    capture = milliseconds(latency.capture)
    decode = milliseconds(latency.decode)
    queue = milliseconds(latency.queue)
    // Of whole microseconds, as each stage's are: the sums are the same after reading them back.
    func sum(_ part: KeyPath<StageTimes, Int64>) -> Double {
      let microseconds = latency.stages.reduce(0.0) { $0 + (Double($1.times[keyPath: part]) / 1e3).rounded() }
      return microseconds / 1e3
    }
    preprocess = sum(\.preprocess)
    inference = sum(\.inference)
    postprocess = sum(\.postprocess)
    total = milliseconds(latency.total)
  }

  /// The latency again; a record of schema 1, which knows sums only, has them as one stage.
  var latency: FrameLatency {
    var latency = FrameLatency()
    latency.capture = nanoseconds(capture)
    latency.decode = nanoseconds(decode)
    latency.queue = nanoseconds(queue ?? 0)
    latency.total = nanoseconds(total)
    let times = StageTimes(
      preprocess: nanoseconds(preprocess), inference: nanoseconds(inference), postprocess: nanoseconds(postprocess))
    latency.stages = [StageTiming(id: "detector", kind: "network", times: times)]
    return latency
  }
}

/// What a stage took, in JSON: milliseconds.
struct StageRecord: Codable {
  var id: StageID
  var kind: String
  var model: String?
  var preprocess: Double
  var inference: Double
  var postprocess: Double
  var total: Double

  init(_ timing: StageTiming) {
    id = timing.id
    kind = timing.kind
    model = timing.model
    preprocess = milliseconds(timing.times.preprocess)
    inference = milliseconds(timing.times.inference)
    postprocess = milliseconds(timing.times.postprocess)
    total = milliseconds(timing.times.total)
  }

  var timing: StageTiming {
    StageTiming(
      id: id, kind: kind, model: model,
      times: StageTimes(
        preprocess: nanoseconds(preprocess), inference: nanoseconds(inference), postprocess: nanoseconds(postprocess)))
  }
}

/// How a picture looks, in JSON: brightness and contrast 0 to 255, sharpness 0 to 1 where there are edges to tell, and what
/// is wrong with it ("dark", "frozen" …).
public struct HealthRecord: Codable, Sendable {
  var brightness: Double
  var contrast: Double
  var sharpness: Double?
  var complaints: [PictureComplaint]

  /// The record of a verdict.
  public init(_ health: PictureHealth) {
    brightness = JSONNumber.rounded(Float(health.brightness), 1)
    contrast = JSONNumber.rounded(Float(health.contrast), 1)
    sharpness = health.sharpness.map { JSONNumber.rounded(Float($0), 2) }
    complaints = health.complaints
  }

  var health: PictureHealth {
    PictureHealth(brightness: brightness, contrast: contrast, sharpness: sharpness, complaints: complaints)
  }
}

/// The state of the source, in JSON: a line of its own when it changes, and once per second while there is no signal. Told
/// apart from frames by its `state`, which they lack.
public struct SourceRecord: Encodable, Sendable {
  var state: String
  var source: String
  var timestamp_ns: Int64
  /// The same moment in UTC.
  var time: String?
  /// What the user reads, as on the dashboard.
  var message: String?
  var reason: String?
  /// Since when there has been no picture.
  var since_ns: Int64?
  /// Seconds without a picture: so far, or altogether once it is back.
  var outage_s: Double

  /// The record of a report.
  ///
  /// - Parameter clock: gives the moment in UTC as well.
  public init(_ report: SourceReport, datedBy clock: WallClock? = nil) {
    time = clock.map { UTCText.milliseconds($0.wall(report.time)) }
    source = report.source.name
    timestamp_ns = report.time.nanoseconds
    message = report.state.line(at: report.time)
    outage_s = JSONNumber.rounded(Float(report.outageSeconds), 3)
    switch report.state {
    case .starting: state = "starting"
    case .streaming: state = "streaming"
    case .noSignal(let why, let since):
      state = "no_signal"
      reason = why
      since_ns = since.nanoseconds
    case .ended: state = "ended"
    case .failed(let why):
      state = "failed"
      reason = why
    }
  }
}

/// To whole microseconds.
private func milliseconds(_ nanoseconds: Int64) -> Double { (Double(nanoseconds) / 1e3).rounded() / 1e3 }

/// From outside: bounded to a quarter of an hour.
private func nanoseconds(_ milliseconds: Double) -> Int64 {
  milliseconds.isFinite ? Int64(saturating: (max(0, min(1e6, milliseconds)) * 1e6).rounded()) : 0
}

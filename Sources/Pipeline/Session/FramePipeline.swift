import Capture
import Ground
import Perception
import Vision

/// Runs the stages on one frame after the other, and makes their results. Pipeline thread only.
struct FramePipeline {
  private let heartbeat: Heartbeat
  private var stages = ActiveStages()
  private var graph = StageGraph()
  private var number: UInt64 = 0
  /// The timeline of the frame before, and the frames of it so far: stages with a lower rate begin with its first.
  private var timeline: UInt64?
  private var step: UInt64 = 0
  /// The first network on the whole frame.
  private var primary: ModelDescription?
  /// The trouble last reported of each stage, so that a stage that fails on every frame is reported once.
  private var reported: [StageID: String] = [:]

  init(heartbeat: Heartbeat) { self.heartbeat = heartbeat }

  /// Goes on with other stages.
  mutating func adopt(_ stages: ActiveStages) {
    guard stages.generation != self.stages.generation else { return }
    graph.adopt(stages.inOrder)
    reported = [:]
    self.stages = stages
    primary = stages.wholeFrame.first?.model
  }

  /// What a frame is processed with.
  struct Wishes {
    /// The source's name at the moment: a camera can come back as another node.
    var source: String
    /// Objects below are of no use to anybody.
    var minimumConfidence: Float
    var prompts: [Prompt]
    var skipped: SkipCounts
  }

  /// Runs every stage.
  ///
  /// - Parameter arrived: when the frame was in hand.
  /// - Returns: the result, and lines about trouble that has not been reported yet. A failing stage leaves its part of
  ///   the result empty; the frame is delivered all the same.
  mutating func process(_ frame: Frame, arrived: MonotonicTime, _ wishes: Wishes) -> (FrameResult, trouble: [String]) {
    number += 1
    if timeline != nil, timeline != frame.timeline {
      graph.reset()
      step = 0
    }
    timeline = frame.timeline
    step += 1
    let began = MonotonicTime.now
    let outcome = graph.run(
      StageFrame(
        image: frame.image, number: step, time: frame.timestamp, prompts: wishes.prompts,
        minimumConfidence: wishes.minimumConfidence),
      beginning: heartbeat.begin)
    heartbeat.end()
    var result = FrameResult(
      number: number, frame: frame, source: wishes.source, detector: primary?.name ?? "", findings: outcome.findings)
    result.classifier = stages.classifier?.model?.name
    result.engine = primary.flatMap { $0.engine.isEmpty ? nil : $0.engine }
    result.skipped = wishes.skipped
    result.completed = .now
    result.latency.capture = frame.captureNanoseconds
    result.latency.decode = frame.decodeNanoseconds
    result.latency.queue = max(0, began.nanoseconds(since: arrived))
    result.latency.stages = outcome.timings
    // Photos and other files are decoded before they are delivered, which is where the total begins: the parts count all the same.
    let parts = result.latency.stages.reduce(result.latency.capture &+ result.latency.decode &+ result.latency.queue) {
      $0 &+ $1.times.total
    }
    result.latency.total = max(parts, result.completed.nanoseconds(since: frame.captured))
    result.latency.takeOverRecorded()
    return (result, news(of: outcome.failures))
  }

  private mutating func news(of failures: [(stage: StageID, error: any Error)]) -> [String] {
    if failures.isEmpty {
      if !reported.isEmpty { reported = [:] }
      return []
    }
    var lines: [String] = []
    for (stage, error) in failures {
      let line = "\(error)"
      if reported[stage] != line { lines.append(line) }
      reported[stage] = line
    }
    return lines
  }
}

extension FrameLatency {
  /// Where a stage's times are a recording's, the rest is the recording's too, so that the parts and their total are of one
  /// machine. Stages that run here count on top.
  fileprivate mutating func takeOverRecorded() {
    guard let recorded = stages.lazy.compactMap(\.times.recorded).first else { return }
    capture = recorded.capture
    decode = recorded.decode
    queue = recorded.queue
    total = stages.reduce(recorded.total) { $1.times.recorded == nil ? $0 &+ $1.times.total : $0 }
  }
}

import Ground
import Perception

/// Sliding-window statistics for every stage of the flow. Not thread-safe: guarded by the session's lock.
struct LatencyBook {
  /// The stages that are shown, in the order of the flow, and where each one's time stands.
  static let stages: [(name: String, nanoseconds: @Sendable (FrameLatency) -> Int64)] = [
    ("capture", { $0.capture }),
    ("decode", { $0.decode }),
    ("queue", { $0.queue }),
    ("preprocess", { $0.detector.preprocess }),
    ("detector", { $0.detector.inference }),
    ("postprocess", { $0.detector.postprocess }),
    ("classifier", { $0.classifier.total }),
    ("embedder", { $0.embedder.total }),
    ("tracker", { $0.tracker }),
    ("sequence", { $0.sequence }),
    ("total", { $0.total }),
  ]

  /// Four seconds at 30 frames a second.
  private static let window = 120
  private var windows = [SlidingWindow](repeating: SlidingWindow(capacity: window), count: stages.count)

  mutating func add(_ latency: FrameLatency) {
    for (index, stage) in LatencyBook.stages.enumerated() {
      windows[index].add(Double(stage.nanoseconds(latency)) / 1e6)
    }
  }

  /// Forgets everything: after a model switch, the old model's figures would mislead.
  mutating func reset() { self = LatencyBook() }

  mutating func statistics() -> [StageStatistics] {
    LatencyBook.stages.indices.map { index in
      let (p50, p95, p99) = windows[index].percentiles((0.5, 0.95, 0.99))
      return StageStatistics(
        name: LatencyBook.stages[index].name, last: windows[index].last, p50: p50, p95: p95, p99: p99,
        history: windows[index].chronological)
    }
  }
}

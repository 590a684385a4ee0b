import Ground
import Perception

/// Sliding-window statistics for every part of a frame's way. Not thread-safe: guarded by the session's lock.
struct LatencyBook {
  private struct Entry {
    var part: LatencyPart
    var model: String?
    var window = SlidingWindow(capacity: LatencyBook.window)
    var split: LatencySplit?

    mutating func statistics() -> StageStatistics {
      let (p50, p95, p99) = window.percentiles((0.5, 0.95, 0.99))
      return StageStatistics(
        part: part, last: window.last, p50: p50, p95: p95, p99: p99, history: window.chronological, split: split)
    }
  }

  /// Four seconds at 30 frames per second.
  private static let window = 120
  /// Share of the newest value in smoothed splits.
  private static let smoothing = 0.1

  private var flow = [LatencyPart.capture, .decode, .queue].map { Entry(part: $0) }
  private var stages: [Entry] = []
  private var total = Entry(part: .total)

  /// Follows these stages from now on. What was measured of a stage stays while its model does.
  mutating func arrange(for listings: [StageListing]) {
    let before = stages
    stages = listings.map { listing in
      let part = LatencyPart.stage(listing.id)
      let model = listing.model?.name
      return before.first { $0.part == part && $0.model == model } ?? Entry(part: part, model: model)
    }
    // With other stages a frame takes another time.
    flow = flow.map { Entry(part: $0.part) }
    total = Entry(part: .total)
  }

  mutating func add(_ latency: FrameLatency) {
    for (index, nanoseconds) in [latency.capture, latency.decode, latency.queue].enumerated() {
      flow[index].window.add(Double(nanoseconds) / 1e6)
    }
    for timing in latency.stages { add(timing) }
    total.window.add(Double(latency.total) / 1e6)
  }

  private mutating func add(_ timing: StageTiming) {
    guard let index = stages.firstIndex(where: { $0.part == .stage(timing.id) }) else { return }
    let times = timing.times
    stages[index].window.add(Double(times.total) / 1e6)
    guard timing.model != nil else { return }
    let new = LatencySplit(
      preprocess: Double(times.preprocess) / 1e6, inference: Double(times.inference) / 1e6,
      postprocess: Double(times.postprocess) / 1e6)
    stages[index].split = stages[index].split?.smoothed(with: new, share: Self.smoothing) ?? new
  }

  mutating func statistics() -> [StageStatistics] {
    var all: [StageStatistics] = []
    all.reserveCapacity(flow.count + stages.count + 1)
    for index in flow.indices { all.append(flow[index].statistics()) }
    for index in stages.indices { all.append(stages[index].statistics()) }
    all.append(total.statistics())
    return all
  }
}

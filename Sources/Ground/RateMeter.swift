/// Events a second, counted over about the last two seconds, in steps of an eighth. Never allocates after creation.
///
/// Not thread-safe: owned by one thread or guarded by its owner's lock.
public struct RateMeter: Sendable {
  private static let bucketNanoseconds: Int64 = 125_000_000
  private static let bucketCount = 16
  private var buckets = [UInt32](repeating: 0, count: RateMeter.bucketCount)
  private var current: Int64 = -1
  private var first: MonotonicTime?

  /// A meter that has seen nothing.
  public init() {}

  private mutating func advance(to time: MonotonicTime) {
    let index = time.nanoseconds / RateMeter.bucketNanoseconds
    guard index > current else { return }
    let steps = min(Int64(RateMeter.bucketCount), index - current)
    for step in 0..<steps { buckets[Int((index - step) % Int64(RateMeter.bucketCount))] = 0 }
    current = index
  }

  /// Counts `count` events at `time`.
  public mutating func add(_ count: Int = 1, at time: MonotonicTime = .now) {
    if first == nil { first = time }
    advance(to: time)
    buckets[Int(current % Int64(RateMeter.bucketCount))] &+= UInt32(clamping: count)
  }

  /// Events a second up to `time`; over the time since the first event while that is shorter than the window.
  public mutating func rate(at time: MonotonicTime = .now) -> Double {
    guard let first else { return 0 }
    advance(to: time)
    // The newest step has only begun: it counts as long as it has lasted.
    let start = (current - Int64(RateMeter.bucketCount) + 1) * RateMeter.bucketNanoseconds
    let window = Double(max(0, time.nanoseconds - start)) / 1e9
    let span = max(0.125, min(window, Double(time.nanoseconds(since: first)) / 1e9))
    return Double(buckets.reduce(0) { $0 + UInt64($1) }) / span
  }
}

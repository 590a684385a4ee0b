/// The last `capacity` values of a measured quantity, with percentiles. Allocates only when created.
///
/// Not thread-safe: owned by one thread or guarded by its owner's lock.
public struct SlidingWindow: Sendable {
  private var values: [Double]
  private var scratch: [Double]
  private var next = 0
  /// How many values are held, at most the capacity.
  public private(set) var count = 0

  public init(capacity: Int) {
    values = [Double](repeating: 0, count: max(1, capacity))
    scratch = values
  }

  /// Adds a value, forgetting the oldest when full.
  public mutating func add(_ value: Double) {
    values[next] = value
    next = (next + 1) % values.count
    count = min(count + 1, values.count)
  }

  /// The most recently added value, or 0.
  public var last: Double { count == 0 ? 0 : values[(next + values.count - 1) % values.count] }

  /// The mean, or 0 of nothing.
  public var mean: Double { count == 0 ? 0 : values[0..<count].reduce(0, +) / Double(count) }

  /// Nearest-rank percentiles (each `p` in 0...1), sorted once for all of them.
  public mutating func percentiles(_ p: (Double, Double, Double)) -> (Double, Double, Double) {
    guard count > 0 else { return (0, 0, 0) }
    for i in 0..<count { scratch[i] = values[i] }
    scratch[0..<count].sort()
    func at(_ q: Double) -> Double {
      scratch[min(count - 1, max(0, Int(saturating: (q * Double(count)).rounded(.up)) - 1))]
    }
    return (at(p.0), at(p.1), at(p.2))
  }

  /// The values from oldest to newest: for sparklines.
  public var chronological: [Double] {
    count < values.count ? Array(values[0..<count]) : Array(values[next...] + values[..<next])
  }
}

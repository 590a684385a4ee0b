import Ground

/// Bytes and pictures sent to the terminal over the last two seconds.
struct OutputMeter {
  private static let window = 2000.0
  private var entries: [(time: MonotonicTime, bytes: Int, isPicture: Bool)] = []
  /// Smoothed.
  private(set) var bytesPerPicture = 0.0

  mutating func recordFrame(bytes: Int, isPicture: Bool, now: MonotonicTime) {
    entries.append((now, bytes, isPicture))
    entries.removeAll { now.milliseconds(since: $0.time) > Self.window }
    if isPicture { bytesPerPicture += (Double(bytes) - bytesPerPicture) * 0.1 }
  }

  func bytesPerSecond(now: MonotonicTime) -> Double {
    entries.reduce(0) { $0 + (now.milliseconds(since: $1.time) <= Self.window ? Double($1.bytes) : 0) } * 1000
      / Self.window
  }

  func picturesPerSecond(now: MonotonicTime) -> Double {
    Double(entries.count { $0.isPicture && now.milliseconds(since: $0.time) <= Self.window }) * 1000 / Self.window
  }
}

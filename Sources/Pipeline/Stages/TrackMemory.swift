/// What a stage remembers of each track, forgotten once the track has not been seen for a while.
struct TrackMemory<Value> {
  /// A track that has not been seen for this many frames is forgotten.
  private static var patience: UInt64 { 90 }
  private static var sweepPeriod: UInt64 { 32 }

  private var values: [Int: (value: Value, lastSeen: UInt64)] = [:]

  func has(_ track: Int) -> Bool { values[track] != nil }

  /// What is remembered of a track, which is seen on frame `number`; nil when nothing is.
  mutating func recall(_ track: Int, frame number: UInt64) -> Value? {
    guard let index = values.index(forKey: track) else { return nil }
    values.values[index].lastSeen = number
    return values.values[index].value
  }

  mutating func remember(_ value: Value, of track: Int, frame number: UInt64) { values[track] = (value, number) }

  /// Takes a value out, to be changed and remembered again without a copy.
  mutating func take(_ track: Int) -> Value? { values.removeValue(forKey: track)?.value }

  /// Call once per frame.
  mutating func sweep(frame number: UInt64) {
    guard number % Self.sweepPeriod == 0 else { return }
    values = values.filter { number &- $0.value.lastSeen < Self.patience }
  }

  mutating func forgetAll() { values.removeAll(keepingCapacity: true) }
}

import Synchronization

/// Hands out the numbers of tracks, from 1, each once. Any thread.
public final class TrackNumbers: Sendable {
  private let last = Atomic<Int>(0)

  public init() {}

  /// The next number.
  public func next() -> Int { last.add(1, ordering: .relaxed).newValue }
}

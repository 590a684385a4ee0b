import Synchronization

/// Recycles pixel memory, so that a steady flow of pictures allocates none.
///
/// The pool keeps a reference to every piece it ever lent, up to its capacity, and lends one again once no one else
/// holds it. When all are in use it allocates a piece that is freed normally: a slow consumer costs memory, never a
/// wait. Thread-safe.
public final class PixelPool: Sendable {
  private struct State {
    var pieces: [PixelStorage] = []
    var allocations: UInt64 = 0
  }

  private let state = Mutex(State())
  private let capacity: Int

  /// - Parameter capacity: how many pieces are kept for reuse.
  public init(capacity: Int = 8) { self.capacity = max(1, capacity) }

  /// How many times memory was really allocated: constant in steady flow.
  public var allocations: UInt64 { state.withLock { $0.allocations } }

  /// Memory of at least `count` bytes with undefined contents, which the caller alone may write until it shares it.
  public func take(_ count: Int) -> PixelStorage {
    state.withLock { state in
      var replaceable: Int?
      for index in state.pieces.indices where isKnownUniquelyReferenced(&state.pieces[index]) {
        let size = state.pieces[index].bytes.count
        // Pieces far too large would pin memory after a camera changed from a large to a small format.
        guard size >= count, size / 4 <= max(count, 65536) else {
          replaceable = index
          continue
        }
        // The last holder released its reference on another thread: this orders its reads before our writes.
        atomicMemoryFence(ordering: .acquiring)
        return state.pieces[index]
      }
      state.allocations += 1
      let fresh = PixelStorage(count: count)
      if let replaceable {
        state.pieces[replaceable] = fresh
      } else if state.pieces.count < capacity {
        state.pieces.append(fresh)
      }
      return fresh
    }
  }
}

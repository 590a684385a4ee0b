import Synchronization

/// Weights packed for kernels, shared by the plans of one network, so that a second input shape does not pack again.
///
/// Plans keep the packed forms alive, not the cache: what no plan uses any more is gone.
package final class WeightCache: Sendable {
  private struct Key: Hashable {
    let source: UInt64
    let byteOffset: Int
    let recipe: String
  }
  private struct Entry: Sendable {
    weak var packed: TensorStorage?
  }

  private let entries = Mutex<[Key: Entry]>([:])

  package init() {}

  /// The packed form of `source` under `recipe` (which must name everything that the packing depends on: kind, extents,
  /// instruction set, other tensors that went in by their storage's identity), made by `pack` the first time.
  ///
  /// - Throws: ``InferenceError`` of kind `.overLimit` if the allocation fails.
  package func packed(
    _ source: Tensor, recipe: String, byteCount: Int, _ pack: (UnsafeMutableRawPointer) -> Void
  ) throws -> TensorStorage {
    let key = Key(source: source.storage.identity, byteOffset: source.byteOffset, recipe: recipe)
    if let known = entries.withLock({ $0[key]?.packed }) { return known }
    let storage = try TensorStorage(byteCount: byteCount)
    // Safe: a storage is never without memory.
    pack(storage.bytes.baseAddress.unsafelyUnwrapped)
    entries.withLock { entries in
      entries = entries.filter { $0.value.packed != nil }
      entries[key] = Entry(packed: storage)
    }
    return storage
  }
}

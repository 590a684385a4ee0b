import Synchronization

/// Weights packed for kernels, shared by the plans of one network, so that a second input shape does not pack again.
package final class WeightCache: Sendable {
  private struct Key: Hashable {
    let address: UInt
    let recipe: String
  }
  /// A packed form, with the tensor it was made from: while that lives, its address names it alone.
  private struct Entry: Sendable {
    let source: Tensor
    let packed: TensorStorage
  }

  private let entries = Mutex<[Key: Entry]>([:])

  package init() {}

  /// The packed form of `source` under `recipe` (which must name everything that the packing depends on: kind, extents,
  /// instruction set, other tensors that went in), made by `pack` the first time.
  package func packed(
    _ source: Tensor, recipe: String, byteCount: Int, _ pack: (UnsafeMutableRawPointer) -> Void
  ) -> TensorStorage {
    let key = Key(address: UInt(bitPattern: source.base), recipe: recipe)
    if let known = entries.withLock({ $0[key]?.packed }) { return known }
    let storage = TensorStorage(byteCount: byteCount)
    // Safe: a storage is never without memory.
    pack(storage.bytes.baseAddress.unsafelyUnwrapped)
    entries.withLock { $0[key] = Entry(source: source, packed: storage) }
    return storage
  }
}

import Ground
import Glibc
import Synchronization

/// The memory behind tensors: owned, or borrowed from something that is kept alive (a mapped model file, an arena).
///
/// Sendable although it holds a raw pointer: an operator writes a tensor only while it is the sole owner, before handing
/// it on; from then on it is read-only.
public final class TensorStorage: @unchecked Sendable {
  private enum Backing {
    /// With whose allowance the bytes count against.
    case owned(AllocationBudget?)
    /// What keeps borrowed bytes alive.
    case borrowed(AnyObject)
    case file(FileBytes)
  }

  private let given: UnsafeMutableRawBufferPointer
  private let backing: Backing
  /// Names this storage alone, also after its address has been given to another.
  package let identity: UInt64

  private static let identities = Atomic<UInt64>(0)
  private static let hugePage = 2 << 20

  /// The elements' bytes, aligned to the elements' size.
  public var bytes: UnsafeMutableRawBufferPointer {
    if case .file(let file) = backing { return file.aligned(given) }
    return given
  }

  /// Allocates `byteCount` uninitialised bytes, 64-byte aligned (a cache line, an AVX-512 register).
  ///
  /// Large ones ask for huge pages: weights are streamed once a run, and every 4 KiB page would cost a table walk.
  public init(byteCount: Int) {
    let isLarge = byteCount >= TensorStorage.hugePage
    given = .allocate(byteCount: max(byteCount, 1), alignment: isLarge ? TensorStorage.hugePage : 64)
    // Advice only: where the system has no huge pages, nothing changes.
    if isLarge {
      madvise(given.baseAddress, byteCount / TensorStorage.hugePage * TensorStorage.hugePage, MADV_HUGEPAGE)
    }
    let budget = AllocationBudget.current
    budget?.take(given.count)
    backing = .owned(budget)
    identity = TensorStorage.nextIdentity()
  }

  /// Borrows `bytes`, which stay valid as long as `owner` lives. Borrowed bytes may be read-only memory.
  public init(borrowing bytes: UnsafeMutableRawBufferPointer, from owner: AnyObject) {
    given = bytes
    backing = .borrowed(owner)
    identity = TensorStorage.nextIdentity()
  }

  /// Borrows part of a mapped file, at any alignment.
  init(_ bytes: UnsafeRawBufferPointer, of file: MappedFile, alignment: Int) {
    given = UnsafeMutableRawBufferPointer(mutating: bytes)
    backing = .file(FileBytes(file, isAligned: UInt(bitPattern: bytes.baseAddress) % UInt(alignment) == 0))
    identity = TensorStorage.nextIdentity()
  }

  deinit {
    guard case .owned(let budget) = backing else { return }
    budget?.give(given.count)
    given.deallocate()
  }

  private static func nextIdentity() -> UInt64 { identities.add(1, ordering: .relaxed).newValue }

  /// Lends the bytes, unaligned as they may lie in a file, to something that makes its own form of them and does not come
  /// back soon: a file's pages are released afterwards.
  package func lend<Result>(_ body: (LentBytes) throws -> Result) rethrows -> Result {
    // Safe: a storage is never without memory.
    let start = UnsafeRawPointer(given.baseAddress.unsafelyUnwrapped)
    guard case .file(let file) = backing else { return try body(LentBytes(start: start, pages: nil)) }
    let lent = LentBytes(start: file.copied ?? start, pages: UnsafeRawBufferPointer(given))
    defer { lent.letGo(0..<given.count) }
    return try body(lent)
  }
}

/// What ``TensorStorage/lend(_:)`` lends; valid during that call.
package struct LentBytes {
  package let start: UnsafeRawPointer
  fileprivate let pages: UnsafeRawBufferPointer?

  /// The elements of a float tensor at a place in the storage, for kernels that cope with their lying unaligned: nothing
  /// in Swift may look through the pointer.
  package func floats(at byteOffset: Int) -> UnsafePointer<Float> {
    (start + byteOffset).assumingMemoryBound(to: Float.self)
  }

  /// Lets go of the file's pages behind bytes that the borrower is done with.
  package func letGo(_ done: Range<Int>) {
    guard let pages else { return }
    MappedFile.release(UnsafeRawBufferPointer(rebasing: pages[done.clamped(to: 0..<pages.count)]))
  }
}

/// Part of a mapped file. Elements that lie unaligned there, as protobuf often leaves them, are copied when somebody
/// first reads them in place.
private final class FileBytes: Sendable {
  /// Keeps the bytes mapped.
  private let file: MappedFile
  private let isAligned: Bool
  private let copy = Mutex<TensorStorage?>(nil)

  init(_ file: MappedFile, isAligned: Bool) {
    self.file = file
    self.isAligned = isAligned
  }

  /// The bytes, or their copy.
  func aligned(_ given: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
    if isAligned { return given }
    let storage = copy.withLock { copy -> TensorStorage in
      if let copy { return copy }
      let fresh = TensorStorage(byteCount: given.count)
      fresh.bytes.copyMemory(from: UnsafeRawBufferPointer(given))
      MappedFile.release(UnsafeRawBufferPointer(given))
      copy = fresh
      return fresh
    }
    // Safe: the copy lives as long as this object.
    return UnsafeMutableRawBufferPointer(rebasing: storage.bytes[..<given.count])
  }

  /// The copy, if somebody needed one.
  var copied: UnsafeRawPointer? { copy.withLock { $0?.bytes.baseAddress.map { UnsafeRawPointer($0) } } }
}

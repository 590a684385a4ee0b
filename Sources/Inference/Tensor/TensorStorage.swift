import Ground
import Glibc
import Ground
import Synchronization

/// The memory behind tensors: owned, or borrowed from something that is kept alive (a model file, an arena).
///
/// Sendable although it holds a raw pointer: an operator writes a tensor only while it is the sole owner, before handing
/// it on; from then on it is read-only.
public final class TensorStorage: @unchecked Sendable {
  private enum Backing {
    /// With whose allowance `counted` bytes count against.
    case owned(NetworkBudget?, counted: Int)
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
  /// What a tensor of one element costs beside it: this object, its block, the shape.
  private static let overhead = 256

  /// The elements' bytes, aligned to the elements' size.
  public var bytes: UnsafeMutableRawBufferPointer {
    if case .file(let file) = backing { return file.aligned(given) }
    return given
  }

  /// Allocates `byteCount` uninitialised bytes, 64-byte aligned (a cache line, an AVX-512 register).
  ///
  /// - Throws: ``InferenceError`` of kind `.overLimit` when the network may not take them, or the system has none.
  public init(byteCount: Int) throws {
    let budget = NetworkBudget.current
    let count = max(byteCount, 1)
    try budget?.reserve(count + TensorStorage.overhead)
    guard let bytes = TensorStorage.allocate(count) else {
      budget?.give(count + TensorStorage.overhead)
      throw InferenceError(
        .overLimit, "no memory for a tensor of \(max(1, byteCount >> 20)) MiB",
        remedy: "close other programs, or raise the limit that `ulimit -v` shows")
    }
    given = bytes
    backing = .owned(budget, counted: count + TensorStorage.overhead)
    identity = TensorStorage.nextIdentity()
  }

  /// Memory for `bytes`, which the caller holds already, and their copy. Ends the program where there is none, as making
  /// the original would have.
  ///
  /// - Parameter counted: bytes that belong to the tensor outside its storage.
  init(copying bytes: UnsafeRawBufferPointer, counted: Int = 0) {
    given = .allocate(byteCount: max(bytes.count, 1), alignment: 64)
    given.copyMemory(from: bytes)
    let budget = NetworkBudget.current
    let total = given.count + counted + TensorStorage.overhead
    budget?.take(total)
    backing = .owned(budget, counted: total)
    identity = TensorStorage.nextIdentity()
  }

  /// Large blocks ask for huge pages: weights are streamed once a run, and every 4 KiB page would cost a table walk.
  private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer? {
    let isLarge = count >= hugePage
    guard let start = aligned_alloc(isLarge ? hugePage : 64, count) else { return nil }
    // Advice only: where the system has no huge pages, nothing changes.
    if isLarge { madvise(start, count / hugePage * hugePage, MADV_HUGEPAGE) }
    return UnsafeMutableRawBufferPointer(start: start, count: count)
  }

  /// Borrows `bytes`, which stay valid as long as `owner` lives. Borrowed bytes may be read-only memory.
  public init(borrowing bytes: UnsafeMutableRawBufferPointer, from owner: AnyObject) {
    given = bytes
    backing = .borrowed(owner)
    identity = TensorStorage.nextIdentity()
  }

  /// Borrows part of a file's bytes, at any alignment.
  init(_ range: Range<Int>, of file: ModelFile, alignment: Int) {
    given = UnsafeMutableRawBufferPointer(mutating: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
    backing = .file(
      FileBytes(file, range, isAligned: UInt(bitPattern: given.baseAddress) % UInt(alignment) == 0))
    identity = TensorStorage.nextIdentity()
  }

  deinit {
    guard case .owned(let budget, let counted) = backing else { return }
    budget?.give(counted)
    free(given.baseAddress)
  }

  private static func nextIdentity() -> UInt64 { identities.add(1, ordering: .relaxed).newValue }

  /// Lends the bytes, unaligned as they may lie in a file, to something that makes its own form of them and does not come
  /// back soon: a file's pages are released afterwards.
  package func lend<Result>(_ body: (LentBytes) throws -> Result) rethrows -> Result {
    guard case .file(let file) = backing else {
      // Safe: a storage is never without memory.
      return try body(LentBytes(start: UnsafeRawPointer(given.baseAddress.unsafelyUnwrapped), file: nil))
    }
    let lent = LentBytes(start: file.readable(given), file: file)
    defer { lent.letGo(0..<given.count) }
    return try body(lent)
  }
}

/// What ``TensorStorage/lend(_:)`` lends; valid during that call.
package struct LentBytes {
  package let start: UnsafeRawPointer
  fileprivate let file: FileBytes?

  /// The elements of a float tensor at a place in the storage, for kernels that cope with their lying unaligned: nothing
  /// in Swift may look through the pointer.
  package func floats(at byteOffset: Int) -> UnsafePointer<Float> {
    (start + byteOffset).assumingMemoryBound(to: Float.self)
  }

  /// Lets go of the file's pages behind bytes that the borrower is done with.
  package func letGo(_ done: Range<Int>) { file?.letGo(done) }
}

/// Part of a model file. Elements that lie unaligned there, as protobuf often leaves them, are copied when somebody
/// first reads them in place.
private final class FileBytes: Sendable {
  private let file: ModelFile
  private let range: Range<Int>
  private let isAligned: Bool
  private let state = Mutex(State())

  private struct State {
    /// Set once somebody has a pointer into the file's bytes that may be used at any time.
    var isPinned = false
    var copy: TensorStorage?
  }

  init(_ file: ModelFile, _ range: Range<Int>, isAligned: Bool) {
    self.file = file
    self.range = range
    self.isAligned = isAligned
  }

  /// The bytes, or their copy.
  func aligned(_ given: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
    if isAligned {
      state.withLock { state in
        if !state.isPinned { file.pin(range) }
        state.isPinned = true
      }
      return given
    }
    let storage = state.withLock { state -> TensorStorage in
      if let copy = state.copy { return copy }
      file.restore(range)
      let fresh = TensorStorage(copying: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
      file.release(range)
      state.copy = fresh
      return fresh
    }
    // Safe: the copy lives as long as this object.
    return UnsafeMutableRawBufferPointer(rebasing: storage.bytes[..<given.count])
  }

  /// The bytes wherever they are; what was released is read again.
  func readable(_ given: UnsafeMutableRawBufferPointer) -> UnsafeRawPointer {
    let copy = state.withLock { state -> TensorStorage? in
      if state.copy == nil { file.restore(range) }
      return state.copy
    }
    // Safe: a storage is never without memory, and the copy lives as long as this object.
    return UnsafeRawPointer((copy?.bytes ?? given).baseAddress.unsafelyUnwrapped)
  }

  /// - Parameter done: counted from the region's start.
  func letGo(_ done: Range<Int>) {
    let done = done.clamped(to: 0..<range.count)
    file.release(range.lowerBound + done.lowerBound..<range.lowerBound + done.upperBound)
  }
}

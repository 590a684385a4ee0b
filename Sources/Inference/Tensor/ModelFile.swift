import Glibc
import Ground
import Synchronization

/// A file's bytes, read into memory: the weights of a model are used where they lie, not copied again.
///
/// Read, not mapped. A mapped file that another program truncates ends the process with SIGBUS, and one that is written
/// over in place changes the weights of a running network; `cp new.onnx model.onnx` does both. Pages whose weights a
/// kernel has packed are given back to the system all the same, as they would be with a mapping, so that a loaded
/// network holds its weights once. If something needs such a page again (a plan for another input shape), it is read
/// from the same file, which must not have changed since; if it has, ``problem`` says so and the network stops giving
/// answers until it is loaded again.
///
/// Sendable: the bytes change only by being released and read again, which ``pages`` orders.
package final class ModelFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer
  /// Bytes that the file takes on its disk: less than its size where it has holes.
  package let storedBytes: Int

  private let descriptor: Int32
  private let stamp: Stamp
  private let pages: Mutex<Pages>
  private let isChanged = Atomic<Bool>(false)

  private static let pageSize = Int(getpagesize())

  /// What tells one state of a file from another.
  private struct Stamp: Equatable {
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    /// Not the time of the last change of the entry: a file that is replaced by renaming keeps its contents for those who
    /// have it open.
    init(_ facts: stat) {
      size = Int(facts.st_size)
      (seconds, nanoseconds) = (facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec)
    }
  }

  /// The state of each page. Tables, one entry a page, are made when the first page is released.
  private struct Pages {
    var released: [Bool] = []
    /// Pages that somebody reads in place, at any time: they stay.
    var pinned: [Bool] = []
  }

  /// - Throws: ``InferenceError`` of kind `.unreadableFile`, or `.overLimit` when the file does not fit into memory.
  package init(path: String) throws {
    func failure(_ what: String) -> InferenceError { InferenceError(.unreadableFile, what, place: path) }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw failure("cannot be opened: \(String(cString: strerror(errno)))") }
    var isOpen = false
    defer { if !isOpen { close(file) } }
    var facts = stat()
    guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw failure("is not a regular file") }
    let count = Int(facts.st_size)
    guard count > 0 else { throw failure("is empty") }
    let stored = min(count, Int(facts.st_blocks) * 512)
    let holes = count - stored
    // Holes cost nothing on the disk and as much memory as anything else.
    let room = NetworkBudget.current?.memoryLimit ?? NetworkLimits.usualMemory
    guard holes < room, stored < MachineMemory.byteCount / 4 * 3 else {
      throw InferenceError(
        .overLimit, "is \(count >> 20) MiB large, more than the memory that a network may take", place: path,
        remedy: "--network-memory allows more")
    }
    guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      start != MAP_FAILED
    else {
      throw InferenceError(.overLimit, "no memory for its \(count >> 20) MiB", place: path)
    }
    let problem = ModelFile.fill(UnsafeMutableRawBufferPointer(start: start, count: count), from: file, at: 0)
    guard problem == 0 else {
      munmap(start, count)
      throw failure(
        problem == EPIPE ? "was cut while it was read" : "cannot be read: \(String(cString: strerror(problem)))")
    }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: start, count: count)
    storedBytes = stored
    descriptor = file
    stamp = Stamp(facts)
    pages = Mutex(Pages())
    isOpen = true
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    close(descriptor)
  }

  /// Set once bytes were needed again and the file was not the same any more; what was computed since is worthless.
  package var problem: InferenceError? {
    guard isChanged.load(ordering: .relaxed) else { return nil }
    return InferenceError(
      .unreadableFile, "was changed while the network was in use", place: path, remedy: "load it again")
  }

  /// Fills `target` from the file; an error number, EPIPE where the file ends too early, or 0.
  static func fill(_ target: UnsafeMutableRawBufferPointer, from file: Int32, at offset: Int) -> Int32 {
    var done = 0
    while done < target.count {
      // Safe: `done` is less than the count, so the buffer has a base address.
      let count = pread(file, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      if count < 0 { return errno }
      if count == 0 { return EPIPE }
      done += count
    }
    return 0
  }

  // MARK: regions

  /// The place of `slice`, which lies in the file's bytes.
  private func range(of slice: UnsafeRawBufferPointer) -> Range<Int> {
    guard let start = slice.baseAddress, let base = bytes.baseAddress else { return 0..<0 }
    return (start - base)..<(start - base + slice.count)
  }

  /// The bytes as tensor storage borrows them, for elements of this alignment. They are never written: weights are inputs,
  /// and inputs are read-only.
  package func region(_ slice: UnsafeRawBufferPointer, alignment: Int) -> TensorStorage {
    TensorStorage(range(of: slice), of: self, alignment: alignment)
  }

  // MARK: pages

  /// The whole pages inside `range`.
  private func wholePages(_ range: Range<Int>) -> Range<Int> {
    let first = (range.lowerBound + ModelFile.pageSize - 1) / ModelFile.pageSize
    return first..<max(first, range.upperBound / ModelFile.pageSize)
  }

  /// The pages that `range` touches.
  private func touchedPages(_ range: Range<Int>) -> Range<Int> {
    let first = range.lowerBound / ModelFile.pageSize
    return first..<max(first, (range.upperBound + ModelFile.pageSize - 1) / ModelFile.pageSize)
  }

  private func prepare(_ pages: inout Pages) {
    guard pages.released.isEmpty else { return }
    let count = touchedPages(0..<bytes.count).count
    pages.released = [Bool](repeating: false, count: count)
    pages.pinned = pages.released
  }

  /// Gives the pages inside `range` back to the system, but for those that are read in place.
  func release(_ range: Range<Int>) {
    let whole = wholePages(range)
    guard !whole.isEmpty, let base = bytes.baseAddress else { return }
    pages.withLock { pages in
      prepare(&pages)
      for run in ModelFile.runs(whole, where: { !pages.released[$0] && !pages.pinned[$0] }) {
        madvise(
          UnsafeMutableRawPointer(mutating: base + run.lowerBound * ModelFile.pageSize),
          run.count * ModelFile.pageSize, MADV_DONTNEED)
        for page in run { pages.released[page] = true }
      }
    }
  }

  /// The longest runs of pages in `range` that fulfil a condition.
  private static func runs(_ range: Range<Int>, where holds: (Int) -> Bool) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start: Int?
    for page in range {
      if holds(page) {
        start = start ?? page
      } else if let first = start {
        runs.append(first..<page)
        start = nil
      }
    }
    if let first = start { runs.append(first..<range.upperBound) }
    return runs
  }

  /// Reads the released pages that `range` touches again.
  func restore(_ range: Range<Int>) { pages.withLock { restore(range, &$0) } }

  /// Reads what is missing of `range`, and keeps its pages from now on.
  func pin(_ range: Range<Int>) {
    pages.withLock { pages in
      prepare(&pages)
      restore(range, &pages)
      for page in touchedPages(range) { pages.pinned[page] = true }
    }
  }

  private func restore(_ range: Range<Int>, _ pages: inout Pages) {
    guard !pages.released.isEmpty, let base = bytes.baseAddress else { return }
    let runs = ModelFile.runs(touchedPages(range)) { pages.released[$0] }
    if runs.isEmpty { return }
    var isSame = true
    for run in runs {
      let start = run.lowerBound * ModelFile.pageSize
      let target = UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(mutating: base + start),
        count: min(run.count * ModelFile.pageSize, bytes.count - start))
      isSame = ModelFile.fill(target, from: descriptor, at: start) == 0 && isSame
      for page in run { pages.released[page] = false }
    }
    // Looked at after reading: a change before or during it shows.
    var facts = stat()
    isSame = isSame && fstat(descriptor, &facts) == 0 && Stamp(facts) == stamp
    if !isSame { isChanged.store(true, ordering: .relaxed) }
  }
}

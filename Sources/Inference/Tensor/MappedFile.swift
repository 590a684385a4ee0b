import Glibc
import Ground

/// A file mapped read-only: the weights of a model are used where they lie, not copied.
///
/// Sendable: the bytes never change. (A file that another program truncates while mapped ends this process, as it does
/// with every program that maps files; models are replaced by renaming, never in place.)
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer

  /// - Throws: ``InferenceError`` of kind `.unreadableFile`.
  package init(path: String) throws {
    func failure(_ what: String) -> InferenceError { InferenceError(.unreadableFile, what, place: path) }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw failure("cannot be opened: \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw failure("is not a regular file") }
    guard facts.st_size > 0 else { throw failure("is empty") }
    guard let start = mmap(nil, Int(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
      throw failure("cannot be mapped: \(String(cString: strerror(errno)))")
    }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: start, count: Int(facts.st_size))
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  /// The bytes as tensor storage borrows them, for elements of this alignment. They are never written: weights are inputs,
  /// and inputs are read-only.
  package func region(_ slice: UnsafeRawBufferPointer, alignment: Int) -> TensorStorage {
    TensorStorage(slice, of: self, alignment: alignment)
  }

  /// Releases the whole pages of a part that is not read again soon; the next access maps them again.
  static func release(_ slice: UnsafeRawBufferPointer) {
    let page = Int(getpagesize())
    let start = Int(bitPattern: slice.baseAddress)
    let (first, end) = ((start + page - 1) / page * page, (start + slice.count) / page * page)
    if first < end { madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_DONTNEED) }
  }
}

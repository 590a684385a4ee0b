import CPosix
import Glibc
import Ground

/// Bytes that can be read anywhere: a file, or memory. Thread-safe.
public protocol InputBytes: AnyObject, Sendable {
  /// For messages.
  var name: String { get }
  var count: UInt64 { get }
  /// Exactly `count` bytes from `offset`; throws when they are not all there, before allocating anything.
  func read(at offset: UInt64, count: Int) throws -> [UInt8]
  /// The first place from `offset` on that may hold something else than zeros: holes of sparse files are stepped over.
  func firstData(from offset: UInt64) -> UInt64
}

extension InputBytes {
  public func firstData(from offset: UInt64) -> UInt64 { min(offset, count) }

  func checkRange(_ offset: UInt64, _ wanted: Int) throws {
    guard wanted >= 0, offset <= count, UInt64(wanted) <= count - offset else {
      throw RecordingError(.corrupt, "a record lies past the end of the file", place: name)
    }
  }
}

/// A file opened for reading.
public final class FileBytes: InputBytes {
  public let name: String
  public let count: UInt64
  private let descriptor: Int32

  public init(path: String) throws {
    // A named pipe would have us wait for a writer; without blocking it is found out to be none of ours.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw RecordingError(.fileFailed, String(cString: strerror(errno)), place: path, errno: errno)
    }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw RecordingError(.notARecording, "not a regular file", place: path)
    }
    name = path
    count = UInt64(clamping: information.st_size)
  }

  deinit { close(descriptor) }

  public func read(at offset: UInt64, count wanted: Int) throws -> [UInt8] {
    try checkRange(offset, wanted)
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted {
        // Safe: `filled` stays below the capacity that was asked for.
        let got = pread(
          descriptor, buffer.baseAddress.unsafelyUnwrapped + filled, wanted - filled,
          off_t(clamping: offset + UInt64(filled)))
        if got < 0 && errno == EINTR { continue }
        if got <= 0 {
          failure = got < 0 ? errno : EIO
          return
        }
        filled += got
      }
    }
    guard failure == 0 else {
      throw RecordingError(
        .fileFailed, "cannot read: \(String(cString: strerror(failure)))", place: name, errno: failure)
    }
    return bytes
  }

  public func firstData(from offset: UInt64) -> UInt64 {
    guard offset < count else { return count }
    let found = ocp_next_data(descriptor, Int64(clamping: offset))
    // ENXIO: nothing but holes follows. Other errors: the file system does not know its holes.
    if found < 0 { return errno == ENXIO ? count : offset }
    return min(count, max(offset, UInt64(found)))
  }
}

/// Bytes in memory.
public final class MemoryBytes: InputBytes {
  public let name: String
  private let bytes: [UInt8]
  public var count: UInt64 { UInt64(bytes.count) }

  public init(_ bytes: [UInt8], name: String = "memory") {
    self.bytes = bytes
    self.name = name
  }

  public func read(at offset: UInt64, count wanted: Int) throws -> [UInt8] {
    try checkRange(offset, wanted)
    return Array(bytes[Int(offset)..<Int(offset) + wanted])
  }
}

import Glibc
import Ground

/// A file that only grows: writes everything it is given, or says why not. One thread.
final class OutputFile {
  let path: String
  private let layer: any FileLayer
  private let descriptor: Int32
  private var isOpen = true
  /// Bytes written.
  private(set) var count: UInt64 = 0
  /// Over every byte written.
  private(set) var crc = CRC32()

  /// Creates the file; it must not exist.
  init(_ path: String, layer: any FileLayer) throws {
    self.path = path
    self.layer = layer
    do throws(SystemError) { descriptor = try layer.create(path) } catch {
      throw OutputFile.explain(error, "create", path)
    }
  }

  /// Creates the file under a working name, in place of one that a process that is gone has left; a link is replaced, not
  /// followed.
  convenience init(overStale path: String, layer: any FileLayer) throws {
    if layer.isLocked(path) {
      throw RecordingError(
        .fileFailed, "another process is writing it", place: path, remedy: "wait for it, or choose another name")
    }
    // Absent, as it should be, or removed: creating it tells.
    try? layer.remove(path)
    try self.init(path, layer: layer)
  }

  deinit { close() }

  /// Writes all bytes, however few the system takes at a time.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      do throws(SystemError) {
        let written = try layer.write(descriptor, rest)
        // A write of nothing, again and again, is a full or broken device that does not say so.
        guard written > 0 else { throw SystemError(EIO) }
        rest = UnsafeRawBufferPointer(rebasing: rest[min(written, rest.count)...])
      } catch {
        if error.code == EINTR || error.code == EAGAIN { continue }
        throw OutputFile.explain(error, "write", path)
      }
    }
    crc.update(bytes)
    count += UInt64(bytes.count)
  }

  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Returns when everything written is on the disk.
  func synchronize() throws {
    do throws(SystemError) { try layer.synchronize(descriptor) } catch {
      throw OutputFile.explain(error, "synchronise", path)
    }
  }

  /// What was written up to a moment, to come back to.
  struct Mark {
    var count: UInt64
    var crc: CRC32
  }

  var mark: Mark { Mark(count: count, crc: crc) }

  /// Forgets what was written since `mark`.
  func rewind(to mark: Mark) throws {
    do throws(SystemError) { try layer.truncate(descriptor, to: mark.count) } catch {
      throw OutputFile.explain(error, "truncate", path)
    }
    count = mark.count
    crc = mark.crc
  }

  func close() {
    if isOpen { layer.close(descriptor) }
    isOpen = false
  }

  static func explain(_ error: SystemError, _ action: String, _ path: String) -> RecordingError {
    switch error.code {
    case ENOSPC, EDQUOT:
      RecordingError(
        .diskFull, "the disk is full", place: path, remedy: "free some space or record elsewhere", errno: error.code)
    case EROFS:
      RecordingError(
        .fileFailed, "the disk has become read-only", place: path, remedy: "check the disk's health: dmesg",
        errno: error.code)
    case EIO, ENODEV, ENXIO, ESTALE:
      RecordingError(
        .fileFailed, "the disk failed: \(error.words)", place: path, remedy: "check the disk and its cable",
        errno: error.code)
    default:
      RecordingError(.fileFailed, "cannot \(action): \(error.words)", place: path, errno: error.code)
    }
  }
}

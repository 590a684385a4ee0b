import Glibc

/// Files that appear under their names only when they are complete: readers see the old file or the new one.
public enum WholeFile {
  /// The name of an output while it is being written: beside its final name, and of this process alone.
  public static func workingName(of path: String) -> String { "\(path).\(getpid()).part" }

  /// Writes `bytes` under a working name and renames it to `path`. Nothing is left behind on failure.
  ///
  /// - Parameter synchronized: whether to wait until the data is on the disk before the file gets its name.
  public static func write(
    _ bytes: UnsafeRawBufferPointer, to path: String, synchronized: Bool = false
  ) throws(SystemError) {
    let working = workingName(of: path)
    // What lies there is of a process that is gone, or a link that somebody put there; neither is written into.
    unlink(working)
    let descriptor = open(working, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemError(errno) }
    var problem = fill(descriptor, bytes)
    if problem == 0, synchronized, fsync(descriptor) != 0 { problem = errno }
    if close(descriptor) != 0, problem == 0 { problem = errno }
    if problem == 0, rename(working, path) != 0 { problem = errno }
    guard problem == 0 else {
      unlink(working)
      throw SystemError(problem)
    }
  }

  /// Writes `bytes`, an array, as above.
  public static func write(_ bytes: [UInt8], to path: String, synchronized: Bool = false) throws(SystemError) {
    // Array's own closures throw any error, so the typed one travels in a Result.
    let result: Result<Void, SystemError> = bytes.withUnsafeBytes { buffer in
      Result { () throws(SystemError) in try write(buffer, to: path, synchronized: synchronized) }
    }
    try result.get()
  }

  /// Writes all bytes, however few the system takes at a time; the error number, or 0.
  private static func fill(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var done = 0
    while done < bytes.count {
      // Safe: `done` is less than the count, so the buffer has a base address.
      let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      if count < 0, errno == EINTR { continue }
      // A write of nothing, again and again, is a full or broken device that does not say so.
      if count <= 0 { return count < 0 ? errno : EIO }
      done += count
    }
    return 0
  }
}

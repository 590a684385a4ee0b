import Glibc

/// A lock between processes over a file that several of them read and write: flock(2) on an empty file beside it,
/// `NAME.lock`, which is there while somebody holds the lock. Threads of one process exclude each other as well.
///
/// The file itself cannot be locked: it is replaced, and a process that waits would then hold the old one.
public enum FileLock {
  /// How long a lock is waited for, in nanoseconds: writers hold it for milliseconds.
  private static let patience: Int64 = 5_000_000_000

  /// Runs `body` while nobody else holds the lock beside `path`. On file systems without locks it runs all the same.
  ///
  /// - Parameters:
  ///   - path: the file; several links to one file share its lock. Its folder must exist.
  ///   - refusal: makes the error where the lock cannot be made, or another process keeps it (`EBUSY`).
  public static func hold<Value, Failure: Error>(
    beside path: String, refusal: (SystemError) -> Failure, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let lock = (path.realPath ?? path) + ".lock"
    let descriptor: Int32
    do throws(SystemError) { descriptor = try take(lock) } catch { throw refusal(error) }
    defer {
      // Before it is given back: who waits for this one sees that it is gone, and makes another.
      unlink(lock)
      close(descriptor)
    }
    return try body()
  }

  /// The descriptor of the lock's file, locked.
  private static func take(_ path: String) throws(SystemError) -> Int32 {
    let began = MonotonicTime.now
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw SystemError(errno) }
      let result = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno
      if result == 0, isPresent(descriptor, path) { return descriptor }
      if result != 0, result != EWOULDBLOCK, result != EINTR { return descriptor }
      close(descriptor)
      guard MonotonicTime.now.nanoseconds(since: began) < patience else { throw SystemError(EBUSY) }
      if result != 0 { usleep(2000) }
    }
  }

  /// Whether the open file still has its name.
  private static func isPresent(_ descriptor: Int32, _ path: String) -> Bool {
    var (mine, present) = (stat(), stat())
    return fstat(descriptor, &mine) == 0 && lstat(path, &present) == 0 && mine.st_ino == present.st_ino
      && mine.st_dev == present.st_dev
  }
}

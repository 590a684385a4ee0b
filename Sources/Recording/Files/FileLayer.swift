import Glibc
public import Ground

/// The system calls a recorder makes, so that tests can make a disk fill, fail, or vanish.
public protocol FileLayer: Sendable {
  /// Creates a file for writing and locks it, so that others can tell a recording in progress from one that a crash
  /// left; fails when it exists.
  func create(_ path: String) throws(SystemError) -> Int32
  /// Writes some of the bytes; how many.
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int
  /// Returns when the data is on the disk.
  func synchronize(_ descriptor: Int32) throws(SystemError)
  func truncate(_ descriptor: Int32, to size: UInt64) throws(SystemError)
  func close(_ descriptor: Int32)
  /// Gives a file another name, durably; fails when the new name is taken.
  func rename(_ path: String, to newPath: String) throws(SystemError)
  func remove(_ path: String) throws(SystemError)
  func exists(_ path: String) -> Bool
  func makeDirectory(_ path: String) throws(SystemError)
  /// Regular files of a folder with their sizes in bytes.
  func files(in directory: String) -> [(name: String, bytes: UInt64)]
  /// Whether another process, or this one, is writing the file.
  func isLocked(_ path: String) -> Bool
  /// Free space for ordinary users on the file system that holds `path`, in bytes.
  func freeBytes(at path: String) -> UInt64?
}

/// The real system calls.
public struct SystemFileLayer: FileLayer {
  public init() {}

  private func check(_ result: Int32) throws(SystemError) {
    if result != 0 { throw SystemError(errno) }
  }

  public func create(_ path: String) throws(SystemError) -> Int32 {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemError(errno) }
    // Some network file systems have no locks; a recording is worth more than the lock.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    synchronizeFolder(of: path)
    return descriptor
  }

  /// A file's name is on the disk only once its folder is (fsync(2)).
  private func synchronizeFolder(of path: String) {
    let directory = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    _ = fsync(directory)
    _ = Glibc.close(directory)
  }

  public func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
    let written = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    guard written >= 0 else { throw SystemError(errno) }
    return written
  }

  public func synchronize(_ descriptor: Int32) throws(SystemError) { try check(fdatasync(descriptor)) }

  public func truncate(_ descriptor: Int32, to size: UInt64) throws(SystemError) {
    try check(ftruncate(descriptor, off_t(clamping: size)))
    guard lseek(descriptor, off_t(clamping: size), SEEK_SET) >= 0 else { throw SystemError(errno) }
  }

  public func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

  public func rename(_ path: String, to newPath: String) throws(SystemError) {
    // link() refuses a taken name, which rename() would overwrite; FAT has no links.
    if link(path, newPath) == 0 {
      try check(unlink(path))
    } else if errno == EEXIST {
      throw SystemError(EEXIST)
    } else {
      if exists(newPath) { throw SystemError(EEXIST) }
      try check(Glibc.rename(path, newPath))
    }
    synchronizeFolder(of: newPath)
  }

  public func remove(_ path: String) throws(SystemError) { try check(unlink(path)) }

  public func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  public func makeDirectory(_ path: String) throws(SystemError) {
    var made = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      made += part
      if !part.isEmpty, mkdir(made, 0o755) != 0, errno != EEXIST { throw SystemError(errno) }
      made += "/"
    }
  }

  public func files(in directory: String) -> [(name: String, bytes: UInt64)] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var found: [(name: String, bytes: UInt64)] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var information = stat()
      guard stat(directory + "/" + name, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { continue }
      found.append((name, UInt64(clamping: information.st_size)))
    }
    return found
  }

  public func isLocked(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { _ = Glibc.close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  public func freeBytes(at path: String) -> UInt64? {
    var information = statvfs()
    guard statvfs(path, &information) == 0 else { return nil }
    return UInt64(information.f_bavail).multipliedReportingOverflow(by: UInt64(information.f_frsize)).partialValue
  }
}

/// The folder part of a path; "." where it has none.
func folder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The last part of a path.
func fileName(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
}

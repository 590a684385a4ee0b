import Glibc
public import Ground

/// Small files from outside, with a limit on their size: configurations, manifests, themes, vocabularies.
public enum SmallFile {
  /// The bytes of a regular file of at most `limit` bytes. Devices and pipes, which may never end, are refused.
  ///
  /// - Throws: ``ConfigurationError`` placed at `path`; of kind `.notFound` if the file does not exist.
  public static func bytes(_ path: String, limit: Int) throws(ConfigurationError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let error = SystemError(errno)
      let isMissing = error.code == ENOENT || error.code == ENOTDIR
      throw ConfigurationError(
        isMissing ? .notFound : .unreadable, isMissing ? "no such file" : "cannot be read: \(error.words)",
        place: path, errno: error.code)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ConfigurationError(.unreadable, "not a regular file", place: path)
    }
    guard status.st_size <= off_t(clamping: limit) else { throw tooLarge(path, limit) }
    // Files of /proc have no size, and any file may grow while it is read: the bytes that come are counted.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= limit {
      let count = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw ConfigurationError(.unreadable, "cannot be read: \(SystemError(errno).words)", place: path, errno: errno)
      }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
    throw tooLarge(path, limit)
  }

  /// The UTF-8 text of a regular file of at most `limit` bytes.
  ///
  /// - Throws: ``ConfigurationError`` placed at `path`, as ``bytes(_:limit:)`` does; of kind `.notText` for other bytes.
  public static func text(_ path: String, limit: Int) throws(ConfigurationError) -> String {
    guard let text = String(validating: try bytes(path, limit: limit), as: UTF8.self) else {
      throw ConfigurationError(.notText, "is not UTF-8 text", place: path)
    }
    return text
  }

  /// Changes a file in one step, on the disk when it returns; makes its folder where that is missing. Two processes that
  /// change one file wait for each other, so that each changes what the other wrote.
  ///
  /// - Parameter change: returns the new text from the present one, which is empty while the file does not exist.
  public static func update(
    _ path: String, limit: Int, _ change: (String) -> String
  ) throws(ConfigurationError) {
    func unwritable(_ error: SystemError) -> ConfigurationError {
      let what =
        error.code == EBUSY ? "another process keeps it locked" : "cannot be written: \(error.lowercaseWords)"
      return ConfigurationError(.unwritable, what, place: path, errno: error.code)
    }
    makeFolder(of: path)
    try FileLock.hold(beside: path, refusal: unwritable) { () throws(ConfigurationError) in
      var before = ""
      do throws(ConfigurationError) { before = try text(path, limit: limit) } catch {
        guard error.kind == .notFound else { throw error }
      }
      let after = Array(change(before).utf8)
      do throws(SystemError) { try WholeFile.write(after, to: path, synchronized: true) } catch {
        throw unwritable(error)
      }
    }
  }

  /// Makes the folder of a file where it is missing; where it cannot be made, writing the file says why.
  public static func makeFolder(of path: String) {
    if let slash = path.lastIndex(of: "/") { makeFolder(String(path[..<slash])) }
  }

  private static func makeFolder(_ path: String) {
    guard !path.isEmpty, mkdir(path, 0o755) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/") else { return }
    makeFolder(String(path[..<slash]))
    mkdir(path, 0o755)
  }

  private static func tooLarge(_ path: String, _ limit: Int) -> ConfigurationError {
    let size = limit >= 1 << 20 ? "\(limit >> 20) MiB" : "\(limit >> 10) KiB"
    return ConfigurationError(.tooLarge, "is larger than \(size)", place: path)
  }
}

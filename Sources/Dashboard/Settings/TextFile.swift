internal import Glibc

/// Small text files, with a limit on their size.
enum TextFile {
  /// The text of a file of at most `limit` bytes; nil if it cannot be read, is larger, or is not UTF-8.
  static func read(_ path: String, limit: Int) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let n = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count) }
      guard n > 0 else { break }
      count += n
    }
    guard count <= limit else { return nil }
    return String(validating: bytes[0..<count], as: UTF8.self)
  }

  /// Replaces a file in one step: readers see the old or the new one. Makes the folder where it lacks.
  static func replace(_ path: String, with text: String) -> Bool {
    if let slash = path.lastIndex(of: "/") { makeFolder(String(path[..<slash])) }
    let temporary = path + ".new"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { return false }
    let bytes = Array(text.utf8)
    let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    let synced = fsync(file) == 0
    close(file)
    guard written == bytes.count, synced, rename(temporary, path) == 0 else {
      unlink(temporary)
      return false
    }
    return true
  }

  private static func makeFolder(_ path: String) {
    guard !path.isEmpty, mkdir(path, 0o755) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/") else { return }
    makeFolder(String(path[..<slash]))
    mkdir(path, 0o755)
  }

  /// Names of the files in a folder that end in `suffix`, sorted.
  static func names(in folder: String, suffix: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory), names.count < 1000 {
      // Safe: d_name is a C string inside the entry, which lives until the next readdir.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(suffix), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}

/// Where a user's own files are (XDG Base Directory).
enum UserFolders {
  static func configuration() -> String {
    if let xdg = getenv("XDG_CONFIG_HOME").map({ String(cString: $0) }), xdg.hasPrefix("/") { return xdg + "/ocellus" }
    let home = getenv("HOME").map { String(cString: $0) } ?? "/root"
    return home + "/.config/ocellus"
  }
}

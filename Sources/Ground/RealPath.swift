import Glibc

extension String {
  /// The path without symbolic links, dots and repeated slashes; nil if the file does not exist.
  public var realPath: String? {
    guard let resolved = realpath(self, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

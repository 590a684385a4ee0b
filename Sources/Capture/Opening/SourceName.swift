import Glibc

/// What the user named as a source, with what the file system knows of it: what openers decide by.
public struct SourceName: Sendable {
  public enum File: Sendable, Equatable {
    case missing
    case folder
    case device
    /// A regular file and its first bytes, at most 64.
    case regular(head: [UInt8])
    /// A pipe or a socket.
    case other
    case unreadable(errno: Int32)
  }

  /// As it was typed.
  public let text: String
  /// "rtsp" of "rtsp://host/path"; nil without `://`.
  public let scheme: String?
  public let file: File

  public init(_ text: String) {
    self.text = text
    let colon = text.firstIndex(of: ":")
    if let colon, text[colon...].hasPrefix("://"), text[..<colon].allSatisfy({ $0.isLetter || $0.isNumber }) {
      scheme = text[..<colon].lowercased()
      file = .missing
    } else {
      scheme = nil
      file = Self.look(at: text)
    }
  }

  /// Whether it names the demo scene.
  public var isDemo: Bool { DemoOptions.names(text) }

  private static func look(at path: String) -> File {
    var status = stat()
    guard stat(path, &status) == 0 else {
      return errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(errno: errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFCHR: return .device
    case S_IFREG: break
    default: return .other
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .unreadable(errno: errno) }
    defer { close(descriptor) }
    let head = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      count = max(0, read(descriptor, buffer.baseAddress, 64))
    }
    return .regular(head: head)
  }
}

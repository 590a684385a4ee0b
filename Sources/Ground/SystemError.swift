import Glibc

/// A system call's failure.
public struct SystemError: Error, Equatable, Sendable {
  /// The system's error number (`errno`).
  public var code: Int32

  public init(_ code: Int32) { self.code = code }

  /// The system's own words: "No space left on device".
  public var words: String { String(cString: strerror(code)) }

  /// ``words`` for the middle of a sentence: "no space left on device".
  public var lowercaseWords: String { words.prefix(1).lowercased() + words.dropFirst() }
}

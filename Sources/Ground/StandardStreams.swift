import CPosix
import Glibc

/// The three descriptors that a program starts with.
public enum StandardStreams {
  /// Why standard output could not be written.
  public struct Failure: ExplainedError {
    public var what: String
    public var place = "standard output"
    public var remedy = ""

    /// - Parameter code: the system's error number; 0 where it is no longer known.
    public init(code: Int32) {
      what = "cannot be written" + (code == 0 ? "" : " (\(String(cString: strerror(code))))")
    }
  }

  /// Puts /dev/null where the starter closed one of the three. Call before any file is opened: it would get the number,
  /// and what is meant for standard output would be written into it.
  public static func occupy() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
      // Opens as the lowest number that is free, which is this one.
      _ = open("/dev/null", O_RDWR)
    }
  }

  /// Writes a line to standard output. Whatever the text holds, it is one line, and a terminal finds nothing in it to obey.
  ///
  /// All that commands say goes through here, ``writeLines(_:)`` and ``writeErrorLine(_:)``; what is written may be held until
  /// ``flush()``.
  public static func writeLine(_ text: String) { print(text.plainLine) }

  /// Writes lines to standard output in the same way; `text` ends with a line feed.
  public static func writeLines(_ text: String) { print(text.plainLines, terminator: "") }

  /// Longer lines of standard error are cut in their middle, in characters: they quote files, whose names have no end.
  private static let errorLength = 2000

  /// Writes a line to standard error, like ``writeLine(_:)``, and at once. The cause stands at its beginning and the remedy at its
  /// end, so that a line that is far too long loses its middle.
  public static func writeErrorLine(_ text: String) { writeError(readable(text.plainLine) + "\n") }

  /// Writes lines to standard error in the same way; `text` ends with a line feed.
  public static func writeErrorLines(_ text: String) {
    let lines = text.plainLines.split(separator: "\n", omittingEmptySubsequences: false)
    writeError(lines.map { readable(String($0)) }.joined(separator: "\n"))
  }

  private static func readable(_ line: String) -> String {
    guard line.utf8.count > errorLength, line.count > errorLength else { return line }
    return line.prefix(errorLength / 2) + " … " + line.suffix(errorLength / 4)
  }

  /// Writes to standard error as it stands: for the program's own control sequences. Failures are ignored: there is nowhere to
  /// report them.
  public static func writeError(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
    }
  }

  /// Writes what `print` still holds.
  ///
  /// - Throws: ``Failure`` when any of it, now or before, could not be written. A reader that went away is none.
  public static func flush() throws(Failure) {
    let code = ocp_flush_output()
    if code != 0, code != EPIPE { throw Failure(code: max(0, code)) }
  }
}

import CPosix
import Glibc

/// A program that runs as a child process: started, waited for and ended with system calls alone. It needs neither a run loop nor
/// sockets, so it also works without a network interface. Every wait has a time limit.
///
/// Belongs to one thread; should that one end, or the process be killed, the kernel ends the child. Ended and reaped when closed:
/// it leaves no zombie behind.
public final class ChildProgram {
  private var process: pid_t

  /// A pipe to hand one end of to a program; programs do not inherit the other.
  public static func pipe() throws(SystemError) -> (reading: Int32, writing: Int32) {
    var ends: (reading: Int32, writing: Int32) = (-1, -1)
    let problem = ocp_pipe(&ends.reading, &ends.writing)
    guard problem == 0 else { throw SystemError(problem) }
    return ends
  }

  /// Starts `arguments[0]`, found through PATH, in a process group of its own, with default signals.
  ///
  /// - Parameters:
  ///   - input: what it reads; nil for nothing.
  ///   - output: where it writes; nil for nowhere. The caller keeps the descriptors.
  ///   - errors: where it writes its errors; nil for nowhere.
  /// - Throws: why it cannot be started; `ENOENT` when the program is not installed.
  public init(_ arguments: [String], input: Int32? = nil, output: Int32? = nil, errors: Int32? = nil)
    throws(SystemError)
  {
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    let result = ocp_start(pointers, input ?? -1, output ?? -1, errors ?? -1)
    guard result > 0 else { throw SystemError(-result) }
    process = result
  }

  deinit { end() }

  /// Waits until it ends, with a limit in milliseconds.
  ///
  /// - Returns: its exit status, or 128 and the number of the signal that ended it; nil while it still runs.
  public func wait(milliseconds: Int) -> Int32? {
    guard process > 0 else { return nil }
    let deadline = MonotonicTime.now.nanoseconds + Int64(milliseconds) * 1_000_000
    while true {
      var status: Int32 = 0
      let result = waitpid(process, &status, WNOHANG)
      if result == process || (result < 0 && errno != EINTR) {
        process = 0
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
      }
      guard MonotonicTime.now.nanoseconds < deadline else { return nil }
      _ = poll(nil, 0, 5)
    }
  }

  /// Ends it and everything that it started, if it still runs.
  public func end() {
    guard process > 0 else { return }
    kill(-process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    process = 0
  }
}

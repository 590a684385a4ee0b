import CPosix
import Glibc
import Ground

/// A program that runs for us and writes to two pipes. Killed and reaped when closed: it leaves no zombie behind.
///
/// Belongs to one thread; should that one end, or the process be killed, the kernel ends the child.
package final class ChildProcess {
  let output: Int32
  private let errors: Int32
  private var process: pid_t
  private var partialLine: [UInt8] = []
  private let isTold: (String) -> String?
  /// The last whole line of its standard error that is told, without the passwords of addresses in it.
  private(set) var lastError = ""

  /// Starts `arguments[0]`, found through PATH.
  ///
  /// - Parameter telling: what of a line on its standard error is worth telling; nil for nothing.
  package init(_ arguments: [String], telling: @escaping (String) -> String? = { $0 }) throws(CaptureError) {
    isTold = telling
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var output: Int32 = -1
    var errors: Int32 = -1
    let result = ocp_spawn(pointers, &output, &errors)
    guard result > 0 else {
      let tool = arguments.first ?? ""
      throw -result == ENOENT
        ? CaptureError(
          .toolMissing, "\(tool) is not installed", remedy: "install it: sudo apt install ffmpeg", errno: ENOENT)
        : CaptureError(
          .deviceFailed, "cannot start \(tool) (\(String(cString: strerror(-result))))", errno: -result)
    }
    process = result
    self.output = output
    self.errors = errors
    _ = fcntl(errors, F_SETFL, O_NONBLOCK)
    // Whole pictures pass through: with the usual 64 KiB both sides would wake up many times for each.
    ocp_enlarge_pipe(output, 1 << 20)
  }

  deinit { close() }

  /// Reads what it has said on standard error, line by line.
  func drainErrors(_ report: (String) -> Void) {
    guard process > 0 else { return }
    var chunk = [UInt8](repeating: 0, count: 4096)
    for _ in 0..<64 {
      let count = read(errors, &chunk, chunk.count)
      guard count > 0 else { return }
      for byte in chunk[0..<count] {
        if byte != 10, byte != 13, partialLine.count < 1000 {
          partialLine.append(byte)
        } else if !partialLine.isEmpty {
          if endLine() { report(lastError) }
        }
      }
    }
  }

  /// Ends it if it still runs, and takes its exit status: 0 for done; nil when a signal ended it.
  @discardableResult
  func close() -> Int32? {
    guard process > 0 else { return nil }
    kill(-process, SIGKILL)
    let status = reap()
    return status
  }

  /// Waits for an end that has already begun (its output is closed), at most `milliseconds`, then insists.
  func finish(within milliseconds: Int, _ report: (String) -> Void) -> Int32? {
    guard process > 0 else { return nil }
    let deadline = MonotonicTime.now.nanoseconds + Int64(milliseconds) * 1_000_000
    var information = siginfo_t()
    // WNOWAIT leaves it to be reaped, so that its last words can be read first.
    while waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0, information.si_signo == 0,
      MonotonicTime.now.nanoseconds < deadline
    {
      _ = poll(nil, 0, 5)
    }
    drainErrors(report)
    if !partialLine.isEmpty { _ = endLine() }
    return close()
  }

  /// Whether the line is told. Programs repeat the addresses that they were given, passwords and all.
  private func endLine() -> Bool {
    defer { partialLine = [] }
    guard let told = isTold(String(decoding: partialLine, as: UTF8.self)) else { return false }
    lastError = SourceSecrets.redacted(FFmpegCommand.withoutPointers(told))
    return true
  }

  private func reap() -> Int32? {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    process = 0
    _ = Glibc.close(output)
    _ = Glibc.close(errors)
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
  }
}

import Glibc
import Ground

/// One run of a program whose output is appended to a file, counted: what comes beyond the limit is never written, and ends
/// the program. A server that does not stop sending therefore costs no more than was declared.
package struct CountedTransfer {
  package enum Outcome: Equatable {
    /// The program ended by itself.
    case ended(status: Int32)
    case tooMuch
    case cancelled
    /// Nothing came for too long, or the program did not end after its output.
    case silent
    case unwritable(errno: Int32)
  }

  /// The shell's exit status for a program that is not installed.
  static let noSuchProgram: Int32 = 127

  /// The program and its arguments, found through PATH.
  package var command: [String]
  package var target: String
  /// The size that the file may get, in bytes.
  package var limit: Int
  /// Milliseconds without a byte after which the program is ended, whatever it waits for itself.
  package var patience: Double

  package init(command: [String], target: String, limit: Int, patience: Double = 120_000) {
    self.command = command
    self.target = target
    self.limit = limit
    self.patience = patience
  }

  /// - Parameters:
  ///   - progress: called with the file's size about ten times a second on the calling thread.
  ///   - isCancelled: asked as often; true ends the program.
  /// - Throws: ``PerceptionError`` when the file cannot be opened (a link is not followed) or the program not be started.
  package func run(progress: (Int) -> Void, isCancelled: () -> Bool) throws -> Outcome {
    let file = open(target, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      let isLink = errno == ELOOP
      throw PerceptionError(
        .badInput,
        isLink ? "is a link, which is not written through" : "cannot be written: \(SystemError(errno).words)",
        place: target, remedy: isLink ? "remove it, then pull again" : "", errno: errno)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw PerceptionError(.badInput, "is not a regular file", place: target)
    }
    let ends: (reading: Int32, writing: Int32)
    do throws(SystemError) { ends = try ChildProgram.pipe() } catch {
      throw PerceptionError(.badInput, "no pipe can be made: \(error.words)", place: target, errno: error.code)
    }
    defer { close(ends.reading) }
    let program: ChildProgram
    do throws(SystemError) {
      defer { close(ends.writing) }
      program = try ChildProgram(command, output: ends.writing)
    } catch {
      guard error.code != ENOENT else { return .ended(status: Self.noSuchProgram) }
      throw PerceptionError(
        .badInput, "cannot start '\(command.first ?? "")': \(error.words)", place: target, errno: error.code)
    }
    defer { program.end() }
    if let outcome = copy(from: ends.reading, to: file, size: Int(status.st_size), progress, isCancelled) {
      return outcome
    }
    let closed = MonotonicTime.now
    while MonotonicTime.now.milliseconds(since: closed) < patience {
      if let status = program.wait(milliseconds: 100) { return .ended(status: status) }
      if isCancelled() { return .cancelled }
    }
    return .silent
  }

  /// Copies until the program closes its end; nil then, else why the program must be ended.
  private func copy(
    from source: Int32, to file: Int32, size: Int, _ progress: (Int) -> Void, _ isCancelled: () -> Bool
  ) -> Outcome? {
    var size = size
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var told: MonotonicTime?
    var last = MonotonicTime.now
    while true {
      if told.map({ MonotonicTime.now.milliseconds(since: $0) >= 100 }) ?? true {
        progress(size)
        if isCancelled() { return .cancelled }
        told = .now
      }
      guard MonotonicTime.now.milliseconds(since: last) < patience else { return .silent }
      var request = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, 100)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = buffer.withUnsafeMutableBytes { read(source, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        progress(size)
        return nil
      }
      last = .now
      guard count <= limit - size else { return .tooMuch }
      if let failure = write(buffer[..<count], to: file) { return .unwritable(errno: failure) }
      size += count
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>, to file: Int32) -> Int32? {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      rest = rest.dropFirst(count)
    }
    return nil
  }
}

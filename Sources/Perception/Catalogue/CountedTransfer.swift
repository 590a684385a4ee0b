import Foundation
import Glibc
import Ground

/// One run of a program whose output is appended to a file, counted: what comes beyond the limit is never written, and ends
/// the program. A server that does not stop sending therefore costs no more than was declared.
struct CountedTransfer {
  enum Outcome: Equatable {
    /// The program ended by itself.
    case ended(status: Int32)
    case tooMuch
    case cancelled
    case unwritable(errno: Int32)
  }

  /// The program and its arguments, found through PATH.
  var command: [String]
  var target: String
  /// The size that the file may get, in bytes.
  var limit: Int

  /// - Parameters:
  ///   - progress: called with the file's size about ten times a second on the calling thread.
  ///   - isCancelled: asked as often; true ends the program.
  /// - Throws: ``PerceptionError`` when the file cannot be opened (a link is not followed) or the program not be started.
  func run(progress: (Int) -> Void, isCancelled: () -> Bool) throws -> Outcome {
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
    let pipe = Pipe()
    let process = try start(writingTo: pipe)
    let outcome = copy(
      from: pipe.fileHandleForReading.fileDescriptor, to: file, size: Int(status.st_size), progress, isCancelled)
    // Not SIGTERM: the program inherits this thread's signal mask, which may block it.
    if outcome != nil, process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    return outcome ?? .ended(status: process.terminationStatus)
  }

  private func start(writingTo pipe: Pipe) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch {
      throw PerceptionError(
        .notFound, "cannot run '\(command.first ?? "")'", remedy: "install it: apt-get install curl")
    }
    return process
  }

  /// Copies until the program closes its end; nil then, else why the program must be ended.
  private func copy(
    from source: Int32, to file: Int32, size: Int, _ progress: (Int) -> Void, _ isCancelled: () -> Bool
  ) -> Outcome? {
    var size = size
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var told: MonotonicTime?
    while true {
      if told.map({ MonotonicTime.now.milliseconds(since: $0) >= 100 }) ?? true {
        progress(size)
        if isCancelled() { return .cancelled }
        told = .now
      }
      var request = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, 100)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = buffer.withUnsafeMutableBytes { read(source, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        progress(size)
        return nil
      }
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

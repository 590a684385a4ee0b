import Configuration
import Foundation
import Glibc
import Ground
import Logging
import Synchronization

/// swift-log's output as lines in a file: nothing but the dashboard may write to the terminal.
struct FileLog: LogHandler {
  /// The file behind every handler: appended to, started afresh beyond 8 MiB; the one before is kept as `NAME.1`.
  final class Sink: Sendable {
    private static let limit = 8 << 20
    private let path: String
    private let descriptor: Mutex<Int32>

    init?(path: String) {
      self.path = path
      try? FileManager.default.createDirectory(
        atPath: path.folderPath, withIntermediateDirectories: true)
      guard let file = Self.open(path) else { return nil }
      descriptor = Mutex(file)
    }

    private static func open(_ path: String) -> Int32? {
      let file = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
      return file >= 0 ? file : nil
    }

    func write(_ line: String) {
      let bytes = Array((line + "\n").utf8)
      descriptor.withLock { file in
        renew(&file)
        // A log that cannot be written is not worth stopping for.
        _ = Glibc.write(file, bytes, bytes.count)
      }
    }

    /// A session may last for months; and others of ours write into the same file, and may have put it aside already.
    private func renew(_ file: inout Int32) {
      var status = stat()
      guard fstat(file, &status) == 0, status.st_size > Self.limit else { return }
      var present = stat()
      if stat(path, &present) == 0, present.st_ino == status.st_ino { rename(path, path + ".1") }
      guard let next = Self.open(path) else { return }
      close(file)
      file = next
    }
  }

  /// Sends every logger's lines into the log file; where it cannot be written, nowhere. Once a process: later calls do
  /// nothing.
  static func start() { _ = started }

  private static let started: Void = {
    guard let sink = Sink(path: Installation.logPath) else {
      LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
      return
    }
    LoggingSystem.bootstrap { FileLog(label: $0, sink: sink) }
  }()

  let label: String
  let sink: Sink
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    sink.write("\(time) \(event.level) \(label): \("\(event.message)".plainLine)")
  }
}

import Foundation
import Glibc
import Logging
import Synchronization

/// swift-log's output as lines in a file: nothing but the dashboard may write to the terminal.
struct FileLog: LogHandler {
  /// The file behind every handler. Opened once, appended to, started afresh beyond 8 MiB.
  final class Sink: Sendable {
    let path: String
    private let descriptor: Mutex<Int32>

    init?(path: String) {
      self.path = path
      try? FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      var status = stat()
      if stat(path, &status) == 0, status.st_size > 8 << 20 { rename(path, path + ".1") }
      let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else { return nil }
      descriptor = Mutex(file)
    }

    func write(_ line: String) {
      let bytes = Array((line + "\n").utf8)
      // A log that cannot be written is not worth stopping for.
      descriptor.withLock { _ = Glibc.write($0, bytes, bytes.count) }
    }
  }

  /// Sends every logger's lines into the log file; where it cannot be written, nowhere. Once a process: later calls do
  /// nothing.
  static func start() { _ = started }

  private static let started: Void = {
    guard let sink = Sink(path: Installation.state + "/ocellus.log") else {
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
    let flat = "\(event.message)".map { $0.isNewline ? " " : $0 }
    let time = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
    sink.write("\(time) \(event.level) \(label): \(String(flat))")
  }
}

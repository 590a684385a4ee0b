import Configuration
import Foundation
import Glibc
package import Ground
package import Logging
import Synchronization

/// swift-log's output as lines in a file: nothing but the dashboard may write to the terminal.
package struct FileLog: LogHandler {
  /// The file behind every handler: appended to, started afresh beyond 8 MiB; the one before is kept as `NAME.1`.
  package final class Sink: Sendable {
    private static let limit = 8 << 20
    private let path: String
    private let descriptor: Mutex<Int32>

    /// - Throws: the system's error when the file cannot be opened for writing.
    package init(path: String) throws(SystemError) {
      self.path = path
      SmallFile.makeFolder(of: path)
      descriptor = Mutex(try Self.open(path))
    }

    private static func open(_ path: String) throws(SystemError) -> Int32 {
      let file = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
      guard file >= 0 else { throw SystemError(errno) }
      return file
    }

    package func write(_ line: String) {
      let bytes = Array((line + "\n").utf8)
      descriptor.withLock { file in
        renew(&file)
        // A log that cannot be written is not worth stopping for.
        _ = Glibc.write(file, bytes, bytes.count)
      }
    }

    /// A session may last for months; and others of ours write into the same file, and may have put it aside already. Only
    /// one of them at a time looks and renames, or the second would put the first one's new file over the old one's lines.
    private func renew(_ file: inout Int32) {
      var status = stat()
      guard fstat(file, &status) == 0, status.st_size > Self.limit else { return }
      do throws(SystemError) {
        let next = try FileLock.hold(beside: path, refusal: { $0 }) { () throws(SystemError) in
          var present = stat()
          if stat(path, &present) == 0, present.st_ino == status.st_ino, present.st_dev == status.st_dev {
            rename(path, path + ".1")
          }
          return try Self.open(path)
        }
        close(file)
        file = next
      } catch {
        // The old file stays in use: lines in a file that is too long are better than none.
      }
    }
  }

  /// Sends every logger's lines into the log file; where it cannot be written, nowhere. Once a process: later calls do
  /// nothing.
  static func start() { _ = started }

  private static let started: Void = {
    do throws(SystemError) {
      let sink = try Sink(path: UserFolders.state + "/ocellus.log")
      LoggingSystem.bootstrap { FileLog(label: $0, sink: sink) }
    } catch {
      // There is nowhere to say so: standard error may be the dashboard's terminal.
      LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
    }
  }()

  private let label: String
  private let sink: Sink
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level = .info

  package init(label: String, sink: Sink) {
    self.label = label
    self.sink = sink
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    // Several processes write into the file: the number tells their lines apart.
    sink.write("\(time) [\(getpid())] \(event.level) \(label): \("\(event.message)".plainLine)")
  }
}

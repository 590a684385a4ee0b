import Foundation
import Glibc
import Ground
import Perception
import Pipeline
import Synchronization

/// Writes a line of JSON a processed frame to standard output.
///
/// A reader that goes away (a closed pipe) stops the writing, and the session is told through ``isBroken``; one that is
/// slow slows the pipeline, because a log must not lose lines: skipped frames are counted as ever.
final class JSONLinesWriter: ResultConsumer {
  private let broken = Atomic<Bool>(false)
  private let writesFrames: Bool
  private let lastError = Mutex("")

  /// - Parameter writesFrames: false passes on only what went wrong, on standard error.
  init(writesFrames: Bool) { self.writesFrames = writesFrames }

  /// Whether standard output can no longer be written.
  var isBroken: Bool { broken.load(ordering: .relaxed) }

  /// Whether an error that says `reason` has been written already.
  func hasSaid(_ reason: String) -> Bool { lastError.withLock { $0.contains(reason) } }

  func receive(_ result: FrameResult) {
    guard writesFrames, !isBroken, let line = try? FrameRecord(result).jsonLine() else { return }
    var bytes = Array(line.utf8)
    bytes.append(UInt8(ascii: "\n"))
    bytes.withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count {
        let count = write(STDOUT_FILENO, buffer.baseAddress.map { $0 + sent }, buffer.count - sent)
        if count > 0 {
          sent += count
        } else if errno != EINTR {
          broken.store(true, ordering: .relaxed)
          return
        }
      }
    }
  }

  func receive(_ event: SessionEvent) {
    guard event.severity != .info else { return }
    if event.severity == .error { lastError.withLock { $0 = event.message } }
    // One line on standard error; standard output is for frames alone.
    let line = String("ocellus: \(event.message)".map { $0.isNewline ? " " : $0 }) + "\n"
    FileHandle.standardError.write(Data(line.utf8))
  }
}

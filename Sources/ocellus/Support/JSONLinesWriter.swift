import Glibc
import Ground
import Perception
import Pipeline
import Synchronization

/// Writes a line of JSON a processed frame to standard output, and one when the source fails or comes back.
///
/// A reader that goes away (a closed pipe) stops the writing, and the session is told through ``isBroken``; one that is
/// slow slows the pipeline, because a log must not lose lines: skipped frames are counted as ever.
final class JSONLinesWriter: ResultConsumer {
  private let broken = Atomic<Bool>(false)
  private let lastFailure = Mutex<StandardStreams.Failure?>(nil)
  private let writesFrames: Bool
  private let lastError = Mutex("")
  /// Standard output: one line at a time.
  private let output = Mutex(STDOUT_FILENO)
  /// Reports that are still to be written.
  private let reports = Mutex("")

  /// - Parameter writesFrames: false passes on only what went wrong, on standard error.
  init(writesFrames: Bool) { self.writesFrames = writesFrames }

  /// Whether standard output can no longer be written.
  var isBroken: Bool { broken.load(ordering: .relaxed) }

  /// Why standard output could not be written; nil where it could, or where only its reader went away.
  var failure: StandardStreams.Failure? { lastFailure.withLock { $0 } }

  /// Whether an error that says `reason` has been written already.
  func hasSaid(_ reason: String) -> Bool { lastError.withLock { $0.contains(reason) } }

  func receive(_ result: FrameResult) {
    guard writesFrames, !isBroken, let line = try? FrameRecord(result).jsonLine() else { return }
    output.withLock { output in
      let waiting = reports.withLock { reports in
        defer { reports = "" }
        return reports
      }
      write(waiting + line + "\n", &output)
    }
  }

  /// Never waits for the reader: a line that does not fit now goes before the next frame's.
  func receive(_ report: SourceReport) {
    guard writesFrames, !isBroken, let line = try? SourceRecord(report, datedBy: .now).jsonLine() else { return }
    reports.withLock { reports in
      if reports.utf8.count < 1 << 16 { reports += line + "\n" }
    }
    _ = output.withLockIfAvailable { output in
      // A pipe that is ready takes 4096 bytes at least without waiting (pipe(7)).
      var request = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
      guard poll(&request, 1, 0) > 0 else { return }
      let waiting = reports.withLock { reports in
        guard reports.utf8.count <= 4096 else { return "" }
        defer { reports = "" }
        return reports
      }
      write(waiting, &output)
    }
  }

  private func write(_ text: String, _ output: inout Int32) {
    Array(text.utf8).withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count {
        let count = Glibc.write(output, buffer.baseAddress.map { $0 + sent }, buffer.count - sent)
        if count > 0 {
          sent += count
        } else if errno == EAGAIN {
          // Whoever shares the pipe made it non-blocking.
          var request = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
          _ = poll(&request, 1, -1)
        } else if errno != EINTR {
          if errno != EPIPE { lastFailure.withLock { $0 = StandardStreams.Failure(code: errno) } }
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
    StandardStreams.writeErrorLine("ocellus: \(event.message)")
  }
}

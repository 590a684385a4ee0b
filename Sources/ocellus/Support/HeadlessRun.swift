import ArgumentParser
import Foundation
import Glibc
import Pipeline

/// A session without a terminal, until its source ends, its frames are done, or a signal comes.
struct HeadlessRun {
  var session: SessionOptions
  var recording: RecordingOptions
  /// A line of JSON a processed frame on standard output.
  var json: Bool
  /// Stops after so many processed frames.
  var frames: UInt64?

  func run() throws {
    let interruption = Interruption()
    signal(SIGPIPE, SIG_IGN)
    let writer = JSONLinesWriter(writesFrames: json)
    let live = try LiveSession(session, recording: recording, consumers: [writer]) { configuration in
      configuration.waitForModels = true
      configuration.frameLimit = frames
    }
    live.session.start()
    let failure = live.session.wait { !interruption.hasCome && !writer.isBroken }
    live.close()
    if let failure { throw writer.hasSaid(failure) ? ExitCode(1) : CommandFailure(what: failure) }
    if !json { summarise(live.session.snapshot()) }
    try interruption.exitIfInterrupted()
  }

  private func summarise(_ snapshot: SessionSnapshot) {
    let total = snapshot.stages.first { $0.name == "total" }
    let line =
      "\(snapshot.processed) frames processed of \(snapshot.captured), \(snapshot.skipped.pipeline) skipped, "
      + "\(snapshot.skipped.driver) dropped by the driver"
    let latency = total.map { String(format: ", latency %.1f ms (p95 %.1f ms)", $0.p50, $0.p95) } ?? ""
    print(line + latency)
  }
}

import ArgumentParser
import Dashboard
import Foundation
import Glibc
import Pipeline

/// `ocellus run`, and `ocellus` alone: the dashboard, or a session without a terminal.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Open the dashboard, or run without a terminal (--headless).",
    discussion: """
      EXAMPLES
        ocellus                                          the first camera that works, else the demo scene
        ocellus --source /dev/video0 --size 1280x720
        ocellus --source demo:seed=7 --theme gruvbox
        ocellus run --headless --json --frames 100 --source clip.mp4
        ocellus run --headless --record /data --pre 10s --on person:0.6
      Keys: q quits, ? helps, m and c switch models, Space freezes the picture, r records.
      """)

  @OptionGroup var session: SessionOptions

  @Flag(name: .long, help: "No terminal: process frames until the source ends or a signal comes.")
  var headless = false

  @Flag(name: .long, help: "With --headless: a line of JSON a processed frame on standard output.")
  var json = false

  @Option(name: .long, help: "With --headless: stop after this many processed frames.")
  var frames: UInt64?

  @OptionGroup var recording: RecordingOptions
  @OptionGroup var front: FrontOptions

  func validate() throws {
    if json || frames != nil, !headless { throw ValidationError("--json and --frames go with --headless") }
    if frames == 0 { throw ValidationError("--frames takes 1 or more") }
  }

  func run() throws {
    if front.defaultConfig {
      print(Dashboard.defaultConfiguration, terminator: "")
      return
    }
    if !headless, isatty(STDOUT_FILENO) == 0 || isatty(STDIN_FILENO) == 0 {
      throw CommandFailure(
        what: "standard input and output are not a terminal",
        remedy: "run it in one, or use `ocellus run --headless --json`")
    }
    try (headless ? runHeadless : runDashboard)()
  }

  private func runHeadless() throws {
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

  private func runDashboard() throws {
    let live = try LiveSession(session, recording: recording) { _ in }
    let dashboard = try Dashboard(session: live.session, options: front.dashboard)
    live.session.start()
    defer { live.close() }
    switch try dashboard.run() {
    case .quit, .hangup: break
    case .signal(let number): throw ExitCode(number == SIGINT ? 130 : 128 + number)
    }
  }
}

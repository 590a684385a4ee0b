import ArgumentParser
import Dashboard
import Recording

/// `ocellus run`, and `ocellus` alone: the dashboard, or a session without a terminal.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Open the dashboard, or run without a terminal (--headless).",
    discussion: """
      EXAMPLES
        ocellus                              the first camera that works, else demo
        ocellus --source /dev/video0 --size 1280x720
        ocellus --source demo:seed=7 --theme gruvbox
        ocellus --source /dev/video0 --pixel-format MJPG --control gain=20
        ocellus --source /dev/video2 --wait --patience 1 --health dark=15
        ocellus --source rtsp://camera/stream --wait
        ocellus run --headless --json --frames 100 --source clip.mp4 --pace fast
        ocellus run --headless --record /data --pre 10s --on person:0.6
      Keys: q quit, ? help, m and c next model, Space pause, r record.
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var session: SessionOptions

  @Flag(name: .long, help: "No terminal: process frames until the source ends or a signal comes.")
  var headless = false

  @Flag(name: .long, help: "With --headless: a line of JSON a processed frame on standard output.")
  var json = false

  @Option(name: .long, help: "With --headless: stop after this many processed frames.")
  var frames: UInt64?

  @OptionGroup var recording: RecordingOptions
  @OptionGroup var front: FrontOptions

  @Flag(name: .long, help: "Print the configuration file with its defaults and their meaning, and end.")
  var defaultConfig = false

  func validate() throws {
    if json || frames != nil, !headless { throw ValidationError("--json and --frames go with --headless") }
    if frames == 0 { throw ValidationError("--frames takes 1 or more") }
  }

  func run() throws {
    if defaultConfig {
      let sections = [Dashboard.defaultConfiguration, HealthSettings.defaultText, RecordingSettings.defaultText]
      print(sections.joined(separator: "\n"), terminator: "")
      return
    }
    let plan = SessionPlan(source: try source.choice(), session: session, recording: recording)
    if headless {
      try HeadlessRun(plan: plan, json: json, frames: frames).run()
    } else {
      try DashboardRun(plan: plan, front: front).run()
    }
  }
}

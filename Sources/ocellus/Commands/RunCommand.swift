import ArgumentParser
import Dashboard
import Ground
import Recording
import Service

/// `ocellus run`, and `ocellus` alone: the dashboard, or a session without a terminal.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Open the dashboard, or run without a terminal (--headless).",
    discussion: """
      EXAMPLES
        ocellus                              the first camera that works, or the demo scene
        ocellus --source /dev/video0 --size 1280x720
        ocellus --source demo:seed=7 --theme gruvbox
        ocellus --source /dev/video0 --pixel-format MJPG --control gain=20
        ocellus --source /dev/video2 --wait --patience 1 --health dark=15
        ocellus --source rtsp://camera/stream --wait
        ocellus run --headless --json --frames 100 --source clip.mp4 --pace fast
        ocellus run --headless --record /data --pre 10s --on person:0.6

      KEYS
        q quit, ? help, m next model, c next classifier, Space pause, r record
      """)

  @OptionGroup(title: "Source") var source: SourceOptions
  @OptionGroup var session: SessionOptions
  @OptionGroup(title: "Without a terminal") var headless: HeadlessOptions
  @OptionGroup(title: "Recording") var recording: RecordingOptions
  @OptionGroup(title: "Dashboard") var front: FrontOptions

  @Flag(name: .long, help: "Print a configuration file with all settings, their defaults and what they mean, and exit.")
  var defaultConfig = false

  func run() throws {
    if defaultConfig {
      let sections = [
        Dashboard.defaultConfiguration, HealthSettings.defaultText, RecordingSettings.defaultText,
        CameraSettings.defaultText,
        ConfigurationText.flags(try CommandTable.read()),
      ]
      StandardStreams.writeLines(sections.joined(separator: "\n"))
      return
    }
    let request = try session.request(source.choice(), recording: recording.request)
    if headless.headless {
      try HeadlessRun(request: request, json: headless.json, frames: headless.frames).run()
    } else {
      try DashboardRun(request: request, front: front).run()
    }
  }
}

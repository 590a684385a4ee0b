import ArgumentParser
import Recording

/// `ocellus replay`: the dashboard on a recording, with the recorded results or another network's.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Play a recording in the dashboard, or without a terminal (--headless).",
    discussion: """
      Without --model the recorded results are shown, where there are any; they are
      the model 'recorded' in the list, to switch to and to compare with. Any MCAP
      file with pictures plays.

      EXAMPLES
        ocellus replay day.mcap
        ocellus replay day.mcap --model best.onnx --speed 4 --loop
        ocellus replay day.mcap --compare best.onnx
        ocellus replay day.mcap --compare best.onnx --headless --speed 0
        ocellus replay day.mcap --headless --json --speed 0
      """)

  @Argument(help: ArgumentHelp("A recording, or any MCAP file with pictures.", valueName: "FILE.mcap"))
  var file: String

  @Option(name: .long, help: "How fast: 1 is as recorded, 0 as fast as frames are processed.")
  var speed: Double = 1

  @Flag(name: .long, help: "Begin anew at the end.")
  var loop = false

  @Option(name: .long, help: "Which pictures, where there are several cameras.")
  var topic: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A second detector on the same frames; what only one of them finds is counted.", valueName: "NAME|PATH"))
  var compare: String?

  @OptionGroup var session: SessionOptions

  @Flag(name: .long, help: "No terminal: process frames until the recording ends or a signal comes.")
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
    guard speed >= 0, speed <= 64 else { throw ValidationError("--speed takes 0 to 64") }
  }

  func run() throws {
    var source = SourceChoice(name: file)
    source.replay.speed = speed
    source.replay.topic = topic
    source.replay.atEnd = loop ? .loop : headless ? .end : .hold
    let plan = SessionPlan(source: source, session: session, recording: recording, compare: compare)
    if headless {
      try HeadlessRun(plan: plan, json: json, frames: frames).run()
    } else {
      try DashboardRun(plan: plan, front: front).run()
    }
  }
}

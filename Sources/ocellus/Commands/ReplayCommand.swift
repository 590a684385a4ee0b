import ArgumentParser
import Recording
import Service

/// `ocellus replay`: the dashboard on a recording, with the recorded results or another network's.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Play a recording in the dashboard, or without a terminal (--headless).",
    discussion: """
      Without --model, the recorded results are shown if there are any. The list of
      models contains them as 'recorded', so that you can switch to them and compare
      with them. Any MCAP file with pictures can be played, and bags of ROS 2: the folder
      or a .db3 file. The first part of a split recording plays all of them as one.

      EXAMPLES
        ocellus replay day.mcap
        ocellus replay day.mcap --model best.onnx --speed 4 --loop
        ocellus replay day.mcap --compare best.onnx
        ocellus replay day.mcap --compare best.onnx --headless --speed 0
        ocellus replay day.mcap --headless --json --speed 0
        ocellus replay rosbag2_2026_11_30-14_05_20 --topic /front/image
      """)

  @Argument(help: ArgumentHelp("A recording: an MCAP file, a .db3 file, or a bag's folder.", valueName: "FILE|FOLDER"))
  var file: String

  @Option(
    name: .long,
    help: ArgumentHelp("Speed: 1 is as recorded, 0 is as fast as frames are processed.", valueName: "FACTOR"))
  var speed: Double = 1

  @Flag(name: .long, help: "Loop: start again at the end.")
  var loop = false

  @Option(
    name: .long, help: ArgumentHelp("Topic of the pictures, if the file has several cameras.", valueName: "TOPIC"))
  var topic: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Topic of the recorded results, if the file has several detectors.", valueName: "TOPIC"))
  var results: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Run a second detector on the same frames and count the objects that only one of the two finds.",
      valueName: "NAME|PATH"))
  var compare: String?

  @OptionGroup var session: SessionOptions
  @OptionGroup(title: "Without a terminal") var headless: HeadlessOptions
  @OptionGroup(title: "Recording") var recording: RecordingOptions
  @OptionGroup(title: "Dashboard") var front: FrontOptions

  func validate() throws {
    guard speed >= 0, speed <= 64 else { throw ValidationError("--speed takes 0 to 64") }
  }

  func run() throws {
    var source = SourceChoice(name: file)
    source.replay.speed = speed
    source.replay.topic = topic
    source.replay.results = results
    source.replay.atEnd = loop ? .loop : headless.headless ? .end : .hold
    var request = try session.request(source, recording: recording.request)
    request.compare = compare
    if headless.headless {
      try HeadlessRun(request: request, json: headless.json, frames: headless.frames).run()
    } else {
      try DashboardRun(request: request, front: front).run()
    }
  }
}

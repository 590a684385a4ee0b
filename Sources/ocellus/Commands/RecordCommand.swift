import ArgumentParser

/// `ocellus record`: `run --headless --record`.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record", abstract: "Record without a terminal, until the source ends or a signal comes.",
    discussion: """
      EXAMPLES
        ocellus record --record /data --source /dev/video0
        ocellus record --record /data --source /dev/video0 --wait --control exposure_auto=1
        ocellus record --record /data --pre 10s --on person:0.6 --split 1GB --cap 20GB
      """)

  @OptionGroup var session: SessionOptions
  @OptionGroup var capture: CaptureOptions

  @Flag(name: .long, help: "A line of JSON a processed frame on standard output.")
  var json = false

  @Option(name: .long, help: "Stop after this many processed frames.")
  var frames: UInt64?

  @OptionGroup var recording: RecordingOptions

  func validate() throws {
    if frames == 0 { throw ValidationError("--frames takes 1 or more") }
  }

  func run() throws {
    var recording = recording
    // Recordings go to the current folder unless told otherwise.
    recording.record = recording.record ?? "."
    var session = session
    session.wishes = try capture.wishes
    try HeadlessRun(session: session, recording: recording, json: json, frames: frames).run()
  }
}

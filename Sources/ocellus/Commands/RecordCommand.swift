import ArgumentParser
import Ground
import Recording
import Service

/// `ocellus record`: `run --headless --record`.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record", abstract: "Record without a terminal until the source ends or a signal arrives.",
    discussion: """
      Exit status 0: a signal, --duration, --frames or the end of the source ended the
      recording. Exit status 1: the disk is full or failed; the part that was recorded
      is kept, and a line on standard error says where.

      EXAMPLES
        ocellus record --record /data --source /dev/video0
        ocellus record --record /data --wait --control exposure_auto=1
        ocellus record --record /data --duration 10m --compression zstd
        ocellus record --record /data --split 1GB,10m --cap 20GB --floor 2GB
        ocellus record --record /data --pre 10s --on person:0.6 --hold 20s
      """)

  @Option(name: .long, help: ArgumentHelp("Stop this time after the first frame.", valueName: "10m"))
  var duration: String?

  @Option(name: .long, help: ArgumentHelp("Stop after this many processed frames.", valueName: "N"))
  var frames: UInt64?

  @Flag(name: .long, help: "Write one JSON line per processed frame to standard output.")
  var json = false

  @OptionGroup(title: "Recording") var recording: RecordingOptions
  @OptionGroup(title: "Source") var source: SourceOptions
  @OptionGroup var session: SessionOptions

  func validate() throws {
    if frames == 0 { throw ValidationError("--frames takes 1 or more") }
    if let seconds = try seconds(), seconds <= 0 { throw ValidationError("--duration takes more than 0") }
  }

  private func seconds() throws -> Double? {
    do { return try duration.map { try RecordingUnits.seconds($0) } } catch let error as RecordingError {
      throw ValidationError("--duration: \(error.line)")
    }
  }

  func run() throws {
    var recording = recording
    // Records unasked; an empty name leaves the folder to the configuration.
    recording.record = recording.record ?? ""
    let request = try session.request(source.choice(), recording: recording.request)
    try HeadlessRun(request: request, purpose: .recording, json: json, frames: frames, seconds: try seconds()).run()
  }
}

import ArgumentParser
import Ground
import Recording
import Service

/// `ocellus record`: `run --headless --record`.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record", abstract: "Record without a terminal, until the source ends or a signal comes.",
    discussion: """
      Status 0: it was stopped by a signal, by --duration or --frames, or its source
      ended. Status 1: the disk filled or failed; what was recorded up to then stays,
      and the line on standard error says where.

      EXAMPLES
        ocellus record --record /data --source /dev/video0
        ocellus record --record /data --wait --control exposure_auto=1
        ocellus record --record /data --duration 10m --compression zstd
        ocellus record --record /data --split 1GB,10m --cap 20GB --floor 2GB
        ocellus record --record /data --pre 10s --on person:0.6 --hold 20s
      """)

  @Option(name: .long, help: ArgumentHelp("Stop after this long.", valueName: "10m"))
  var duration: String?

  @Option(name: .long, help: "Stop after this many processed frames.")
  var frames: UInt64?

  @Flag(name: .long, help: "A line of JSON a processed frame on standard output.")
  var json = false

  @OptionGroup var recording: RecordingOptions
  @OptionGroup var source: SourceOptions
  @OptionGroup var session: SessionOptions

  func validate() throws {
    if frames == 0 { throw ValidationError("--frames takes 1 or more") }
    if let seconds = try seconds(), seconds <= 0 { throw ValidationError("--duration takes more than nothing") }
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

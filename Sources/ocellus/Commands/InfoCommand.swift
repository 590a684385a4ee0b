import ArgumentParser
import Ground
import Pipeline
import Recording

/// `ocellus info`: what a recording holds.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Describe a recording: topics, length, models, host.",
    discussion: """
      EXAMPLES
        ocellus info day.mcap
        ocellus info day.mcap --json | jq .metadata
        ocellus info ocellus-20261121-093512.mcap.active
        ocellus info rosbag2_2026_11_30-14_05_20
      """)

  @Argument(help: ArgumentHelp("A recording: an MCAP file, a .db3 file, or a bag's folder.", valueName: "FILE|FOLDER"))
  var file: String

  @Flag(name: .long, help: "Print one JSON line.")
  var json = false

  func run() throws {
    let info = RecordingInfo(try Recordings.open(file, withParts: false))
    if json { StandardStreams.writeLine(try info.jsonLine()) } else { info.lines.forEach(StandardStreams.writeLine) }
  }
}

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
      """)

  @Argument(help: ArgumentHelp("A recording, or any MCAP file.", valueName: "FILE.mcap"))
  var file: String

  @Flag(name: .long, help: "Print one JSON line.")
  var json = false

  func run() throws {
    let info = RecordingInfo(try MCAPReader(path: file))
    if json { StandardStreams.writeLine(try info.jsonLine()) } else { info.lines.forEach(StandardStreams.writeLine) }
  }
}

import ArgumentParser
import Pipeline
import Recording

/// `ocellus info`: what a recording holds.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Show what a recording holds: topics, length, models, host.")

  @Argument(help: ArgumentHelp("A recording, or any MCAP file.", valueName: "FILE.mcap"))
  var file: String

  @Flag(name: .long, help: "As JSON.")
  var json = false

  func run() throws {
    let info = RecordingInfo(try MCAPReader(path: file))
    if json { print(try info.jsonLine()) } else { info.lines.forEach { print($0) } }
  }
}

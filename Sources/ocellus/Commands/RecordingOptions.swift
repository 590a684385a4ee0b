import ArgumentParser
import Recording

/// What is recorded, and where.
struct RecordingOptions: ParsableArguments {
  @Option(
    name: .long, defaultAsFlag: ".", help: ArgumentHelp("Record from the start, into this folder.", valueName: "DIR"))
  var record: String?

  @Option(name: .long, help: ArgumentHelp("Keep this much in memory, and begin recordings with it.", valueName: "10s"))
  var pre: String?

  @Option(
    name: .customLong("on"),
    help: ArgumentHelp("Record while this is seen with at least this confidence.", valueName: "LABEL:CONFIDENCE"))
  var trigger: String?

  @Option(name: .long, help: ArgumentHelp("Begin a new file after this much.", valueName: "1GB|10m"))
  var split: String?

  @Option(name: .long, help: ArgumentHelp("Delete the oldest recordings beyond this much in all.", valueName: "20GB"))
  var cap: String?

  /// The recorder's settings; recordings go to the current folder unless told otherwise.
  func configuration(metadata: [String: String]) throws -> RecordingConfiguration {
    var configuration = RecordingConfiguration(directory: record ?? ".")
    if let pre { configuration.preTriggerSeconds = try RecordingUnits.seconds(pre) }
    if let trigger { configuration.trigger = try RecordingTrigger(parsing: trigger) }
    if let cap { configuration.totalBytes = try RecordingUnits.bytes(cap) }
    if let split {
      if let seconds = try? RecordingUnits.seconds(split) {
        configuration.splitSeconds = seconds
      } else {
        configuration.splitBytes = try RecordingUnits.bytes(split)
      }
    }
    configuration.metadata = metadata
    return configuration
  }
}

import ArgumentParser
import Ground
import Recording
import Service

/// What is recorded, and where: flags over the configuration's section `[recording]`.
struct RecordingOptions: ParsableArguments {
  @Option(
    name: .long, defaultAsFlag: "",
    help: ArgumentHelp(
      "Record from the start, into this folder (the configuration's, or the current one).", valueName: "DIR"))
  var record: String?

  @Option(name: .long, help: ArgumentHelp("Keep this much in memory, and begin recordings with it.", valueName: "10s"))
  var pre: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Record while this is seen with at least this confidence; * is any label.", valueName: "LABEL:CONFIDENCE"))
  var on: String?

  @Option(name: .long, help: ArgumentHelp("With --on: go on for so long without it (5s).", valueName: "5s"))
  var hold: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Begin a new file after so much, or so long; m is minutes (4GiB).", valueName: "1GB,10m"))
  var split: String?

  @Option(name: .long, help: ArgumentHelp("Delete the oldest recordings beyond this much in all.", valueName: "20GB"))
  var cap: String?

  @Option(
    name: .long, help: ArgumentHelp("Stop when less than this is free on the disk (256MiB).", valueName: "256MiB"))
  var floor: String?

  @Option(name: .long, help: ArgumentHelp("lz4 (the default), zstd or none.", valueName: "HOW"))
  var compression: String?

  @Option(name: .long, help: ArgumentHelp("Of pictures that do not come as JPEG, 1 to 100 (85).", valueName: "Q"))
  var quality: String?

  private var flags: [(key: String, value: String?)] {
    [
      ("folder", record.flatMap { $0.isEmpty ? nil : $0 }), ("pre", pre), ("on", on), ("hold", hold),
      ("split", split), ("cap", cap), ("floor", floor), ("compression", compression), ("quality", quality),
    ]
  }

  func validate() throws {
    var scratch = RecordingConfiguration(directory: ".")
    for (key, value) in flags {
      guard let value else { continue }
      do { try RecordingSettings.set(key, to: value, in: &scratch) } catch let error as RecordingError {
        throw ValidationError("--\(key == "folder" ? "record" : key): \(error.line)")
      }
    }
  }

  var request: RecordingRequest {
    var request = RecordingRequest()
    request.isOn = record != nil
    for (key, value) in flags { if let value { request.settings.append((key, value)) } }
    return request
  }
}

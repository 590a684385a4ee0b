import ArgumentParser
import Ground
import Recording
import Service

/// What is recorded, and where: flags over the configuration's section `[recording]`.
struct RecordingOptions: ParsableArguments {
  @Option(
    name: .long, defaultAsFlag: "",
    help: ArgumentHelp(
      "Record from the start into this folder (default: the configured folder, or the current one).", valueName: "DIR"))
  var record: String?

  @Option(
    name: .long, help: ArgumentHelp("Keep this much time in memory and start each recording with it.", valueName: "10s")
  )
  var pre: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Record while an object with this label is detected with at least this confidence; * matches any label.",
      valueName: "LABEL:CONFIDENCE"))
  var on: String?

  @Option(
    name: .long,
    help: ArgumentHelp("With --on: continue for this time after the last such detection (5s).", valueName: "5s"))
  var hold: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Start a new file after this size or time; m means minutes (4GiB).", valueName: "1GB,10m"))
  var split: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Delete the oldest recordings when all together exceed this size.", valueName: "20GB"))
  var cap: String?

  @Option(
    name: .long, help: ArgumentHelp("Stop when the disk has less free space than this (256MiB).", valueName: "256MiB"))
  var floor: String?

  @Option(name: .long, help: ArgumentHelp("Compression: lz4 (default), zstd or none.", valueName: "HOW"))
  var compression: String?

  @Option(
    name: .long,
    help: ArgumentHelp("JPEG quality for pictures that do not arrive as JPEG, 1 to 100 (85).", valueName: "Q"))
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

public import Configuration
public import Ground

/// One setting of recordings as users write it: a key of the configuration's section `[recording]`, and a flag.
public struct RecordingSetting: Sendable {
  public let key: String
  /// What it is for.
  public let comment: String
  /// The default, as it is written.
  public let standard: String
  let write: @Sendable (inout RecordingConfiguration, String) throws -> Void
}

/// The settings as a table: flags, configuration and its default text are all made from it.
public enum RecordingSettings {
  public static let all: [RecordingSetting] = [
    RecordingSetting(key: "folder", comment: "Where recordings go.", standard: ".") { configuration, text in
      guard !text.isEmpty else { throw refusal(text, "a folder") }
      configuration.directory = text
    },
    RecordingSetting(
      key: "pre", comment: "Keep this much in memory and put it at the start of the next recording: 10s, 2m.",
      standard: "0s"
    ) { $0.preTriggerSeconds = try RecordingUnits.seconds($1) },
    RecordingSetting(
      key: "on", comment: "Record only around these detections: a label and a confidence, person:0.6; * is any label.",
      standard: "none"
    ) { $0.trigger = $1 == "none" ? nil : try RecordingTrigger(parsing: $1) },
    RecordingSetting(
      key: "hold", comment: "How long a recording continues after the last detection that triggers it.", standard: "5s"
    ) { $0.holdSeconds = try RecordingUnits.seconds($1) },
    RecordingSetting(
      key: "split",
      comment: "Start a new file at this size, after this time, or at whichever comes first: 1GB, 10m, 1GB,10m, none.",
      standard: "4GiB", write: setSplit),
    RecordingSetting(
      key: "cap", comment: "Delete the oldest recordings when the folder holds more than this: 20GB; none keeps all.",
      standard: "none"
    ) { $0.totalBytes = $1 == "none" ? nil : try RecordingUnits.bytes($1) },
    RecordingSetting(
      key: "floor", comment: "Stop recording when the disk has less free space than this.", standard: "256MiB"
    ) { $0.freeFloorBytes = try RecordingUnits.bytes($1) },
    RecordingSetting(
      key: "compression", comment: "How chunks are compressed: lz4, zstd or none.", standard: "lz4"
    ) { configuration, text in
      guard let compression = MCAP.Compression(named: text) else { throw refusal(text, "lz4, zstd or none") }
      configuration.compression = compression
    },
    RecordingSetting(
      key: "quality", comment: "JPEG quality of pictures that the camera does not send as JPEG, 1 to 100.",
      standard: "85"
    ) { configuration, text in
      guard let quality = Int(text), (1...100).contains(quality) else { throw refusal(text, "1 to 100") }
      configuration.jpegQuality = quality
    },
  ]

  private static func refusal(_ text: String, _ wanted: String) -> RecordingError {
    RecordingError(.badArgument, "'\(text)' is not \(wanted)")
  }

  private static func setSplit(_ configuration: inout RecordingConfiguration, _ text: String) throws {
    if text == "none" {
      configuration.splitBytes = nil
      configuration.splitSeconds = nil
      configuration.isSplitAsked = false
      return
    }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if let seconds = try? RecordingUnits.seconds(String(part)) {
        guard seconds >= 1 else { throw refusal(text, "a second or more") }
        configuration.splitSeconds = seconds
      } else {
        let bytes = try RecordingUnits.bytes(String(part))
        guard bytes >= 1 << 16 else { throw refusal(text, "64KiB or more") }
        configuration.splitBytes = bytes
        configuration.isSplitAsked = true
      }
    }
  }

  /// Changes the setting called `key`.
  ///
  /// - Throws: ``RecordingError``, kind `badArgument`, when there is no such setting or it cannot be `text`.
  public static func set(_ key: String, to text: String, in configuration: inout RecordingConfiguration) throws {
    guard let setting = all.first(where: { $0.key == key }) else {
      throw RecordingError(
        .badArgument, "'\(key)' is not a recording setting",
        remedy: "known are " + all.map(\.key).joined(separator: ", "))
    }
    try setting.write(&configuration, text)
  }

  // MARK: The configuration file

  /// The section with every setting at its default, explained.
  public static var defaultText: String {
    all.reduce(into: "[recording]\n") { text, setting in
      text += "# \(setting.comment)\n\(setting.key) = \"\(setting.standard)\"\n\n"
    }
  }

  /// Applies the section `[recording]` of a configuration file.
  ///
  /// - Returns: one error for each setting that cannot be used; the others are applied.
  public static func apply(
    _ document: ConfigDocument, to configuration: inout RecordingConfiguration
  ) -> [RecordingError] {
    guard let found = document.root["recording"] else { return [] }
    guard case .table(let section) = found else {
      return [
        RecordingError(
          .badArgument, "[recording] must be a table", place: document.place(of: "recording"),
          remedy: "write [recording]")
      ]
    }
    var problems: [RecordingError] = []
    for (key, value) in section.sorted(by: { $0.key < $1.key }) {
      do { try set(key, to: RecordingSettings.text(of: value), in: &configuration) } catch {
        let what = (error as? RecordingError)?.what ?? "\(error)"
        let place = document.place(of: "recording.\(key)")
        problems.append(RecordingError(.badArgument, "recording.\(key.prefix(40)): \(what)", place: place))
      }
    }
    return problems
  }

  private static func text(of value: ConfigValue) -> String {
    switch value {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): String(number)
    case .bool, .array, .table, .other: ""
    }
  }
}

/// Lengths and sizes as users write them.
public enum RecordingUnits {
  private static let seconds: [String: Double] = ["": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600]
  private static let bytes: [String: Double] = [
    "": 1, "b": 1, "k": 1e3, "kb": 1e3, "kib": 1024, "m": 1e6, "mb": 1e6, "mib": 1_048_576, "g": 1e9, "gb": 1e9,
    "gib": 1_073_741_824, "t": 1e12, "tb": 1e12, "tib": 1_099_511_627_776,
  ]

  /// "10s", "2m", "1.5h", "90" in seconds.
  public static func seconds(_ text: String) throws -> Double { try parse(text, seconds, "10s, 5m, 1h") }

  /// "2GB", "500MiB", "1000000" in bytes.
  public static func bytes(_ text: String) throws -> UInt64 {
    UInt64(saturating: try parse(text, bytes, "500MB, 2GiB"))
  }

  private static func parse(_ text: String, _ units: [String: Double], _ examples: String) throws -> Double {
    let number = text.prefix { $0.isNumber || $0 == "." }
    let unit = text.dropFirst(number.count).lowercased().filter { $0 != " " }
    guard let value = Double(number), let factor = units[unit], value * factor < 1e18 else {
      throw RecordingError(.badArgument, "'\(text)' is not a valid value", remedy: "write it like \(examples)")
    }
    return value * factor
  }
}

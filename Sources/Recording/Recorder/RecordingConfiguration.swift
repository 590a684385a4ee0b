/// What and how to record.
public struct RecordingConfiguration: Sendable {
  /// Where recordings go; made when it is missing.
  public var directory: String
  public var compression = MCAP.Compression.lz4
  /// For pictures that do not come as JPEG, 1...100.
  public var jpegQuality = 85
  /// A file that reaches this size is finished and the next one begun; nil for no limit.
  public var splitBytes: UInt64? = 4 << 30
  /// A file of this length in seconds is finished and the next one begun; nil for no limit.
  public var splitSeconds: Double?
  /// The oldest recordings in the folder go when all together exceed this; nil keeps everything.
  public var totalBytes: UInt64?
  /// Recording stops when the disk has less free space than this.
  public var freeFloorBytes: UInt64 = 256 << 20
  /// So many seconds are kept in memory while nothing is recorded, and begin the next recording.
  public var preTriggerSeconds: Double = 0
  /// Records only around such detections; nil records when told to.
  public var trigger: RecordingTrigger?
  /// What a crash can cost at most, in seconds.
  public var chunkSeconds: Double = 0.5
  /// Pictures waiting for the disk; more are dropped and counted.
  public var queuedPictures = 64
  public var queuedPictureBytes = 128 << 20
  /// Results waiting for the disk; more are dropped and counted.
  public var queuedResults = 2000
  /// Memory for the seconds before, at most.
  public var preTriggerBytes = 256 << 20
  /// About the session, written into every file: models with hashes, settings, host.
  public var metadata: [String: String] = [:]

  public init(directory: String) { self.directory = directory }
}

/// Starts a recording when a detection is seen, and stops it some time after the last one.
public struct RecordingTrigger: Sendable, Equatable {
  /// The detection's label; "*" matches all.
  public var label: String
  /// 0...1.
  public var confidence: Float
  /// How long recording goes on without such a detection, in seconds.
  public var holdSeconds: Double

  public init(label: String, confidence: Float, holdSeconds: Double = 5) {
    self.label = label
    self.confidence = confidence
    self.holdSeconds = holdSeconds
  }

  /// A trigger as users write it: "person:0.6", or "person", which means 0.5.
  ///
  /// - Throws: ``RecordingError``, kind `badArgument`.
  public init(parsing text: String) throws {
    let colon = text.lastIndex(of: ":")
    let label = colon.map { String(text[..<$0]) } ?? text
    let confidence = colon.map { Float(text[text.index(after: $0)...]) } ?? 0.5
    guard !label.isEmpty, let confidence, (0...1).contains(confidence) else {
      throw RecordingError(
        .badArgument, "'\(text)' is no trigger", remedy: "write a label and a confidence: person:0.6")
    }
    self.init(label: label, confidence: confidence)
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
  public static func bytes(_ text: String) throws -> UInt64 { UInt64(try parse(text, bytes, "500MB, 2GiB")) }

  private static func parse(_ text: String, _ units: [String: Double], _ examples: String) throws -> Double {
    let number = text.prefix { $0.isNumber || $0 == "." }
    let unit = text.dropFirst(number.count).lowercased().filter { $0 != " " }
    guard let value = Double(number), let factor = units[unit], value * factor < 1e18 else {
      throw RecordingError(.badArgument, "'\(text)' is not understood", remedy: "write it like \(examples)")
    }
    return value * factor
  }
}

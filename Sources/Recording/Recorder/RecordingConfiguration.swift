import Ground
import ROS

/// What and how to record.
public struct RecordingConfiguration: Sendable {
  /// Where recordings go; made when it is missing.
  public var directory: String
  public var compression = MCAP.Compression.lz4
  /// For pictures that do not come as JPEG, 1...100.
  public var jpegQuality = 85
  /// A file that reaches this size is finished and the next one begun; nil for no limit.
  public var splitBytes: UInt64? = 4 << 30
  /// Whether the user asked for that size: a ring makes smaller files otherwise.
  public var isSplitAsked = false
  /// A file of this length in seconds is finished and the next one begun; nil for no limit.
  public var splitSeconds: Double?
  /// The oldest recordings in the folder go when all together exceed this; nil keeps everything.
  public var totalBytes: UInt64?
  /// Stop recording when the disk has less free space than this.
  public var freeFloorBytes: UInt64 = 256 << 20
  /// So many seconds are kept in memory while nothing is recorded, and begin the next recording.
  public var preTriggerSeconds: Double = 0
  /// Records only around such detections; nil records when told to.
  public var trigger: RecordingTrigger?
  /// How long a triggered recording goes on without such a detection, in seconds.
  public var holdSeconds: Double = 5
  /// When a file is full, in bytes: the size that was asked for, or of a part of the ring. A ring of one file could only be
  /// emptied whole.
  var fileBytes: UInt64? {
    guard let totalBytes else { return splitBytes }
    return min(splitBytes ?? .max, isSplitAsked ? totalBytes : max(totalBytes / 8, 1 << 20))
  }

  /// Bytes of a chunk, at most: small files keep near the size that was asked for.
  var chunkBytes: Int { Int(clamping: min(4 << 20, max(1 << 16, (fileBytes ?? .max) / 16))) }

  /// What a crash can cost at most, in seconds.
  public var chunkSeconds: Double = 0.5
  /// Pictures waiting for the disk; more are dropped and counted.
  public var queuedPictures = 64
  public var queuedPictureBytes = 128 << 20
  /// Results waiting for the disk; more are dropped and counted.
  public var queuedResults = 2000
  /// Memory for the seconds before, at most.
  public var preTriggerBytes = 256 << 20
  /// About the session, written into every file: settings, host. Called on the recorder's thread when a file begins.
  public var metadata: @Sendable () -> [String: String] = { [:] }
  /// What is to be said about the network of a name: its file, its hash. Called on the recorder's thread when a network
  /// first gives a result of a file, so that it may take a moment.
  public var describeModel: @Sendable (_ name: String) -> [String: String] = { _ in [:] }

  /// The present difference between wall clock and monotonic clock, in nanoseconds. For tests.
  package var wallClockOffset: @Sendable () -> Int64 = { WallClock.now.offset }

  public init(directory: String) { self.directory = directory }
}

/// The detection that starts a recording, and keeps it going.
public struct RecordingTrigger: Sendable, Equatable {
  /// The detection's label; "*" matches all.
  public var label: String
  /// 0...1.
  public var confidence: Float

  public init(label: String, confidence: Float) {
    self.label = label
    self.confidence = confidence
  }

  /// A trigger as users write it: "person:0.6" or "person:60%", or "person", which means 0.5.
  ///
  /// - Throws: ``RecordingError``, kind `badArgument`.
  public init(parsing text: String) throws {
    let colon = text.lastIndex(of: ":")
    let label = colon.map { String(text[..<$0]) } ?? text
    let confidence = colon.map { Share.parse(String(text[text.index(after: $0)...])) } ?? 0.5
    guard !label.isEmpty, let confidence else {
      throw RecordingError(
        .badArgument, "'\(text)' is not a valid trigger", remedy: "write a label and a confidence: person:0.6")
    }
    self.init(label: label, confidence: confidence)
  }
}

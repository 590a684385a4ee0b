public import Capture

/// Where a message of a recording lies.
public struct MessageLocation: Sendable, Equatable {
  public var logTime: UInt64
  public var channel: UInt16
  /// Which chunk of an MCAP file; -1 for a message outside chunks, and in other files.
  var chunk: Int
  /// In the unpacked chunk, of the record in the file, or the number of a row.
  var offset: UInt64
  /// Which file of a recording of several.
  var part = 0

  /// Whether the message lies in a chunk, whose checksum vouches for it.
  public var isInChunk: Bool { chunk >= 0 }
}

/// How a recording is stored, for `ocellus info`.
public struct RecordingStorage: Sendable {
  /// "ros2"; empty where the file does not say.
  public var profile = ""
  /// What wrote it.
  public var library = ""
  /// Whether it has an index of its own; a file that was cut off has none.
  public var isFinished = true
  public var chunks = 0
  /// How it is compressed: "lz4", "none".
  public var compression: [String] = []
  public var attachments: [String] = []
  /// What was wrong with it and did not keep it from being read, a sentence each.
  public var problems: [String] = []
  /// The files of a recording of several.
  public var files: [String] = []

  public init() {}
}

/// How many messages a recording holds.
public struct MessageCounts: Sendable {
  public var byChannel: [UInt16: UInt64] = [:]
  /// The log times of the first message and the last; nil where there is none.
  public var times: ClosedRange<UInt64>?

  public init() {}
}

/// A recording that is read anywhere in it: an MCAP file, a data base, or several files that are one recording. Thread-safe.
///
/// Made for files that are not trusted: sizes are checked before anything is allocated, and damage costs its own messages only.
public protocol RecordingReader: AnyObject, Sendable {
  /// For messages: the path.
  var name: String { get }
  var byteCount: UInt64 { get }
  var schemas: [UInt16: MCAP.Schema] { get }
  var channels: [UInt16: MCAP.Channel] { get }
  var metadata: [MCAP.Metadata] { get }
  var storage: RecordingStorage { get }

  /// Every message of the given channels, in the order of their log times; messages of equal times in the order of the file.
  ///
  /// - Parameter damaged: gets a sentence for each part that is left out because it is damaged.
  func locations(of wanted: Set<UInt16>, damaged: (String) -> Void) -> [MessageLocation]
  /// The message at a location.
  ///
  /// - Throws: ``RecordingError`` where it cannot be read.
  func message(at location: MessageLocation) throws -> MCAP.Message
  /// When a message was written, by the clocks of the machine that recorded it.
  func recordedTime(of location: MessageLocation) -> RecordedTime
  /// The numbers of messages; counting may take a pass over the recording.
  func messageCounts(damaged: (String) -> Void) -> MessageCounts
  /// Says that reading goes on somewhere else: chunks may be unpacked again from here on.
  func beginPass()
}

extension RecordingReader {
  public func locations(of wanted: Set<UInt16>) -> [MessageLocation] { locations(of: wanted, damaged: { _ in }) }

  public func beginPass() {}

  /// By a pass over all messages.
  public func messageCounts(damaged: (String) -> Void) -> MessageCounts {
    let all = locations(of: Set(channels.keys), damaged: damaged)
    var counts = MessageCounts()
    for location in all { counts.byChannel[location.channel, default: 0] += 1 }
    if let first = all.first, let last = all.last { counts.times = first.logTime...last.logTime }
    return counts
  }
}

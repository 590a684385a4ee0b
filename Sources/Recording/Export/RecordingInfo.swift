import Foundation
import Ground

/// What a recording holds, for `ocellus info`.
public struct RecordingInfo: Encodable, Sendable {
  public struct TopicInfo: Encodable, Sendable {
    public var topic: String
    public var type: String
    public var encoding: String
    public var messages: UInt64
  }

  public var path: String
  public var bytes: UInt64
  public var profile: String
  public var library: String
  /// Whether the file has an index of its own; one that was cut off has none.
  public var finished: Bool
  /// Of the first message, in nanoseconds since 1970.
  public var start_ns: UInt64
  /// The same in UTC; nil where it is not known.
  public var start: String?
  public var seconds: Double
  public var messages: UInt64
  public var chunks: Int
  public var compression: [String]
  public var topics: [TopicInfo]
  public var metadata: [String: [String: String]]
  public var attachments: [String]
  /// The files of a recording of several; nil for one.
  public var files: [String]?
  public var problems: [String]

  public init(_ reader: any RecordingReader) {
    path = reader.name
    bytes = reader.byteCount
    let storage = reader.storage
    profile = storage.profile
    library = storage.library
    finished = storage.isFinished
    chunks = storage.chunks
    compression = storage.compression
    attachments = storage.attachments
    files = storage.files.isEmpty ? nil : storage.files
    metadata = [:]
    var seen: [String: Int] = [:]
    for record in reader.metadata {
      seen[record.name, default: 0] += 1
      // A session that changed its networks has said so more than once.
      let number = seen[record.name] ?? 1
      metadata[number == 1 ? record.name : "\(record.name) \(number)"] = record.values
    }
    var problems = storage.problems
    let counted = reader.messageCounts { problems.append($0) }
    let counts = counted.byChannel
    let first = counted.times?.lowerBound ?? .max
    let last = counted.times?.upperBound ?? 0
    topics = reader.channels.values.sorted { ($0.topic, $0.id) < ($1.topic, $1.id) }.map { channel in
      TopicInfo(
        topic: channel.topic, type: reader.schemas[channel.schemaID]?.name ?? "", encoding: channel.messageEncoding,
        messages: counts[channel.id] ?? 0)
    }
    messages = topics.reduce(0) { $0 &+ $1.messages }
    start_ns = first == .max ? 0 : first
    start = start_ns > 0 ? UTCText.milliseconds(start_ns) : nil
    seconds = last > first ? Double(last - first) / 1e9 : 0
    self.problems = problems
  }

  /// Letters of a value that the table shows; JSON has all of it.
  private static let shownLetters = 160

  /// A value as one line of bearable length: other programs keep whole documents in their metadata.
  private static func shortened(_ value: String) -> String {
    let line = value.split(whereSeparator: \.isNewline).joined(separator: " ")
    guard line.count > shownLetters else { return line }
    return "\(line.prefix(shownLetters))… (\(value.utf8.count) bytes; --json shows all)"
  }

  /// A table for people.
  public var lines: [String] {
    var lines = [
      path,
      "  written by   \(library), profile \(profile)\(finished ? "" : " (not finished: 'ocellus recover' completes it)")",
      "  began        \(start ?? "unknown")", "  length       \(DurationText.tenths(seconds)) s",
      "  size         \(bytes) bytes\(chunks > 0 ? " in \(chunks) chunks, \(compression.joined(separator: ", "))" : "")",
      "  messages     \(messages)",
    ]
    // One long name among 65535 topics does not make all lines long.
    let width = min(topics.map(\.topic.count).max() ?? 0, 64)
    for topic in topics {
      let name = topic.topic + String(repeating: " ", count: max(0, width - topic.topic.count))
      lines.append("  \(name)  \(topic.messages)  \(topic.type)")
    }
    for (name, values) in metadata.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(name)")
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        lines.append("    \(key)  \(RecordingInfo.shortened(value))")
      }
    }
    lines += (files ?? []).map { "  file         \($0)" }
    lines += attachments.map { "  attached     \($0)" }
    lines += problems.map { "  problem      \($0)" }
    return lines
  }
}

public import Capture
import Ground

/// Several files as one recording: the parts of a split one, or of a bag. Thread-safe.
public final class JoinedRecording: RecordingReader {
  /// A channel's schema, by what it says: the parts declare the same ones again and again.
  private struct SchemaKey: Hashable {
    var name: String
    var encoding: String
    var data: [UInt8]
  }
  private struct ChannelKey: Hashable {
    var topic: String
    var schema: UInt16
    var encoding: String
    var metadata: [String: String]
    /// Which of the channels of one file that say the same.
    var occurrence: Int
  }

  /// Messages that are listed, as of one file.
  private static let maximumLocations = 4 << 20

  public let name: String
  public let byteCount: UInt64
  public let schemas: [UInt16: MCAP.Schema]
  public let channels: [UInt16: MCAP.Channel]
  public let metadata: [MCAP.Metadata]
  public let storage: RecordingStorage
  private let parts: [any RecordingReader]
  /// Of each part, its channels' numbers here, and the other way round.
  private let numbers: [[UInt16: UInt16]]
  private let own: [[UInt16: UInt16]]

  /// - Parameters:
  ///   - name: what messages call the recording: its folder, or its first file.
  ///   - problems: problems of the recording as a whole, such as a missing part.
  /// - Throws: ``RecordingError`` when the parts have more topics than one recording can have.
  public init(_ parts: [any RecordingReader], name: String, problems: [String] = []) throws {
    self.name = name
    self.parts = parts
    var schemas: [SchemaKey: UInt16] = [:]
    var channels: [ChannelKey: MCAP.Channel] = [:]
    var declared: [UInt16: MCAP.Schema] = [:]
    func next(_ count: Int) throws -> UInt16 {
      guard let id = UInt16(exactly: count + 1) else {
        throw RecordingError(.tooLarge, "more than 65535 topics or message types", place: name)
      }
      return id
    }
    numbers = try parts.map { part in
      var numbers: [UInt16: UInt16] = [:]
      var seen: [ChannelKey: Int] = [:]
      for channel in part.channels.values.sorted(by: { $0.id < $1.id }) {
        var schemaID: UInt16 = 0
        if let schema = part.schemas[channel.schemaID] {
          let key = SchemaKey(name: schema.name, encoding: schema.encoding, data: schema.data)
          schemaID = try schemas[key] ?? next(schemas.count)
          schemas[key] = schemaID
          declared[schemaID] = MCAP.Schema(
            id: schemaID, name: schema.name, encoding: schema.encoding, data: schema.data)
        }
        var key = ChannelKey(
          topic: channel.topic, schema: schemaID, encoding: channel.messageEncoding, metadata: channel.metadata,
          occurrence: 0)
        let occurrence = seen[key, default: 0]
        seen[key] = occurrence + 1
        key.occurrence = occurrence
        let joined = MCAP.Channel(
          id: try channels[key]?.id ?? next(channels.count), schemaID: schemaID, topic: channel.topic,
          messageEncoding: channel.messageEncoding, metadata: channel.metadata)
        channels[key] = joined
        numbers[channel.id] = joined.id
      }
      return numbers
    }
    own = numbers.map { numbers in Dictionary(numbers.map { ($0.value, $0.key) }) { first, _ in first } }
    self.schemas = declared
    self.channels = Dictionary(channels.values.map { ($0.id, $0) }) { first, _ in first }
    metadata = parts.flatMap(\.metadata)
    byteCount = parts.reduce(0) { $0.addingReportingOverflow($1.byteCount).partialValue }
    storage = JoinedRecording.storage(of: parts, problems)
  }

  private static func storage(of parts: [any RecordingReader], _ problems: [String]) -> RecordingStorage {
    var storage = RecordingStorage()
    let all = parts.map(\.storage)
    storage.profile = all.first?.profile ?? ""
    storage.library = Set(all.map(\.library)).sorted().joined(separator: ", ")
    storage.isFinished = all.allSatisfy(\.isFinished)
    storage.chunks = all.reduce(0) { $0 + $1.chunks }
    storage.compression = Set(all.flatMap(\.compression)).sorted()
    storage.attachments = all.flatMap(\.attachments)
    storage.files = parts.map(\.name)
    storage.problems = problems + zip(parts, all).flatMap { part, own in own.problems.map { "\(part.name): \($0)" } }
    return storage
  }

  public func locations(of wanted: Set<UInt16>, damaged: (String) -> Void) -> [MessageLocation] {
    var found: [MessageLocation] = []
    for (index, part) in parts.enumerated() {
      let here = numbers[index].filter { wanted.contains($0.value) }
      guard !here.isEmpty else { continue }
      guard found.count < JoinedRecording.maximumLocations else {
        damaged("more than \(JoinedRecording.maximumLocations) messages; the rest is left out")
        break
      }
      for var location in part.locations(of: Set(here.keys), damaged: { damaged("\(part.name): \($0)") }) {
        location.channel = here[location.channel] ?? location.channel
        location.part = index
        found.append(location)
      }
    }
    // Parts follow each other, but need not: sorted in a stable way where they do not.
    guard !zip(found, found.dropFirst()).allSatisfy({ $0.logTime <= $1.logTime }) else { return found }
    let order = found.indices.sorted { (found[$0].logTime, $0) < (found[$1].logTime, $1) }
    return order.map { found[$0] }
  }

  public func message(at location: MessageLocation) throws -> MCAP.Message {
    let (part, own) = try place(location)
    var message = try part.message(at: own)
    message.channelID = location.channel
    return message
  }

  public func recordedTime(of location: MessageLocation) -> RecordedTime {
    guard let (part, own) = try? place(location) else { return RecordedTime(wall: location.logTime, monotonic: nil) }
    return part.recordedTime(of: own)
  }

  public func beginPass() { for part in parts { part.beginPass() } }

  /// The part of a location, and the location there.
  private func place(_ location: MessageLocation) throws -> (any RecordingReader, MessageLocation) {
    guard parts.indices.contains(location.part) else {
      throw RecordingError(.corrupt, "a message of an unknown part", place: name)
    }
    guard let channel = own[location.part][location.channel] else {
      throw RecordingError(.corrupt, "a message of an unknown channel", place: name)
    }
    var there = location
    (there.part, there.channel) = (0, channel)
    return (parts[location.part], there)
  }
}

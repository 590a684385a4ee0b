import Ground
import ROS

/// What decides how the messages of a channel are read.
private struct ChannelKind: Hashable {
  var schema: UInt16
  var encoding: String
}

/// The channels of a recording that carry one kind of message, each read by its own schema. Thread-safe.
struct MessageChannels<Message: ReadableMessage>: Sendable {
  private let reader: any RecordingReader
  private let readers: [UInt16: MessageReader<Message>]
  /// The topics of the channels that can be read.
  let topics: [UInt16: String]
  /// Why the channels of a topic cannot be read, a sentence for each such topic.
  let refused: [String: String]

  init(_ reader: any RecordingReader) {
    self.reader = reader
    var readers: [UInt16: MessageReader<Message>] = [:]
    var topics: [UInt16: String] = [:]
    var refused: [String: String] = [:]
    // Many channels may share a schema, which is understood once.
    var known: [ChannelKind: Result<MessageReader<Message>, any Error>] = [:]
    for channel in reader.channels.values.sorted(by: { $0.id < $1.id }) {
      guard let schema = reader.schemas[channel.schemaID],
        let typeName = Message.typeNames.first(where: { MessageChannels.isNamed(schema.name, $0) })
      else { continue }
      let kind = ChannelKind(schema: channel.schemaID, encoding: channel.messageEncoding)
      let made =
        known[kind]
        ?? Result {
          try MessageReader<Message>(
            typeName: typeName, schema: schema.data, schemaEncoding: schema.encoding,
            messageEncoding: channel.messageEncoding)
        }
      known[kind] = made
      switch made {
      case .success(let messages): (readers[channel.id], topics[channel.id]) = (messages, channel.topic)
      case .failure(let error): refused[channel.topic] = "\(channel.topic): \(error)"
      }
    }
    self.readers = readers
    self.topics = topics
    self.refused = refused
  }

  /// ROS 1 spells types without "/msg".
  private static func isNamed(_ name: String, _ typeName: String) -> Bool {
    name == typeName || name == typeName.replacing("/msg/", with: "/", maxReplacements: 1)
  }

  var channels: Set<UInt16> { Set(topics.keys) }

  /// The messages of each topic, all its channels together, in the order of time.
  func locationsByTopic() -> [String: [MessageLocation]] {
    var found: [String: [MessageLocation]] = [:]
    for location in reader.locations(of: channels) {
      if let topic = topics[location.channel] { found[topic, default: []].append(location) }
    }
    return found
  }

  /// Reads the message at a location of one of the channels.
  ///
  /// - Throws: ``RecordingError`` or `ROSError`.
  func message(at location: MessageLocation) throws -> Message {
    try messages(location).read(try reader.message(at: location).data)
  }

  /// Reads the header of a message.
  func header(at location: MessageLocation) throws -> ROSHeader {
    try messages(location).header(try reader.message(at: location).data)
  }

  private func messages(_ location: MessageLocation) throws -> MessageReader<Message> {
    guard let messages = readers[location.channel] else {
      throw RecordingError(.corrupt, "a message of an unknown channel", place: reader.name)
    }
    return messages
  }
}

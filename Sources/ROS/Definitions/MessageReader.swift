import Ground

/// A message that is read by the definition in its recording.
public protocol ReadableMessage {
  /// The types that are read as this message: "vision_msgs/msg/Classification".
  static var typeNames: [String] { get }
  /// Fields by any of the names that versions of the package give them.
  static var fields: [String] { get }
  /// Fields without which the message says nothing: one of each list must be there.
  static var needed: [[String]] { get }
  /// - Parameter value: of ``fields``, those that the definition has.
  /// - Throws: ``ROSError`` where a field is not what its name promises.
  init(_ value: MessageValue) throws
}

/// Reads the messages of one channel. Thread-safe.
public struct MessageReader<Message: ReadableMessage>: Sendable {
  private let definition: MessageDefinition
  private let selection = FieldSelection(Message.fields)
  private let isROS1: Bool

  /// - Parameters:
  ///   - typeName: "sensor_msgs/msg/Image".
  ///   - schema: the definition in the recording; where it is empty, the usual one of the type counts.
  ///   - schemaEncoding: "ros2msg" or "ros1msg"; an empty one counts as the former.
  ///   - messageEncoding: "cdr" or "ros1".
  /// - Throws: ``ROSError`` where messages of this kind cannot be read.
  public init(typeName: String, schema: [UInt8], schemaEncoding: String, messageEncoding: String) throws {
    guard ["cdr", "ros1"].contains(messageEncoding) else {
      throw ROSError(.unsupported, "messages are encoded as '\(messageEncoding)'", remedy: "known are cdr and ros1")
    }
    isROS1 = messageEncoding == "ros1"
    let isEmpty = schema.allSatisfy { $0 <= 32 }
    guard isEmpty || schemaEncoding == (isROS1 ? "ros1msg" : "ros2msg") else {
      throw ROSError(
        .unsupported, "the schema of \(typeName) is written as '\(schemaEncoding)'",
        remedy: "known is \(isROS1 ? "ros1msg" : "ros2msg")")
    }
    guard !isROS1 || !isEmpty else { throw ROSError(.unsupported, "the schema of \(typeName) is empty") }
    definition = try DefinitionParser.parse(String(decoding: schema, as: UTF8.self), of: typeName, isROS1: isROS1)
    for names in Message.needed where !names.contains(where: definition.holds) {
      throw ROSError(
        .unsupported, "the schema of \(typeName) in the file has no field \(names.joined(separator: " or "))",
        remedy: "it is of a version that is not known")
    }
  }

  /// Reads a message.
  ///
  /// - Throws: ``ROSError``.
  public func read(_ bytes: ArraySlice<UInt8>) throws -> Message { try Message(try value(bytes, selection)) }

  /// The header alone; zeros where the message has none.
  ///
  /// - Throws: ``ROSError``.
  public func header(_ bytes: ArraySlice<UInt8>) throws -> ROSHeader {
    ROSHeader(try value(bytes, FieldSelection(ROSHeader.fields)))
  }

  private func value(_ bytes: ArraySlice<UInt8>, _ selection: FieldSelection) throws -> MessageValue {
    do {
      var reader = ValueReader(definition, isROS1 ? CDRDecoder(ros1: bytes) : try CDRDecoder(bytes))
      return try reader.message(selection)
    } catch let error as ByteError { throw ROSError(.corrupt, error.what) }
  }
}

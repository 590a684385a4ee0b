public import Capture
import Ground
import ROS
import Synchronization

/// A bag of ROS 2 in the storage `sqlite3` (`.db3`): the tables `topics` and `messages` of rosbag2, and
/// `message_definitions` where it is new enough to have them. Thread-safe.
///
/// Source: rosbag2_storage_sqlite3 (`sqlite_storage.cpp`), schema versions 1 to 4.
public final class DatabaseBag: RecordingReader {
  /// Every file of SQLite begins so.
  static let magic = Array("SQLite format 3\0".utf8)
  /// Messages that are listed, as of an MCAP file.
  private static let maximumLocations = 4 << 20
  private static let maximumTopics = 65_000
  private static let maximumMessageBytes = 256 << 20
  /// Every zstd frame begins so; no message in CDR does.
  private static let zstdMagic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  private struct Topic {
    var row: Int64
    var name: String
    var type: String
    var encoding: String
    var qualityOfService: String
  }

  public let name: String
  public let byteCount: UInt64
  public let schemas: [UInt16: MCAP.Schema]
  public let channels: [UInt16: MCAP.Channel]
  public let metadata: [MCAP.Metadata] = []
  public let storage: RecordingStorage
  private let database: Database
  /// The channels of the rows of the table `topics`.
  private let channelsByRow: [Int64: UInt16]
  /// All messages, listed at the first question.
  private let listed = Mutex<Result<[MessageLocation], any Error>?>(nil)

  /// - Throws: ``RecordingError`` when the file is not such a bag, or SQLite is not installed.
  public init(path: String) throws {
    let bytes = try FileBytes(path: path)
    guard bytes.count >= UInt64(DatabaseBag.magic.count),
      try bytes.read(at: 0, count: DatabaseBag.magic.count) == DatabaseBag.magic
    else { throw RecordingError(.notARecording, "not a data base of SQLite, and so no bag", place: path) }
    name = path
    byteCount = bytes.count
    database = try Database(path)
    let tables = try database.tables()
    guard let topicTable = tables["topics"], tables["messages"] != nil else {
      throw RecordingError(
        .notARecording, "a data base without the tables of a bag", place: path,
        remedy: "bags of ROS 2 have the tables topics and messages")
    }
    let topics = try DatabaseBag.topics(database, hasQuality: topicTable.contains("offered_qos_profiles"))
    let definitions = tables["message_definitions"] == nil ? [:] : try DatabaseBag.definitions(database)
    var schemas: [UInt16: MCAP.Schema] = [:]
    var numbers: [String: UInt16] = [:]
    var channels: [UInt16: MCAP.Channel] = [:]
    var rows: [Int64: UInt16] = [:]
    for (index, topic) in topics.enumerated() {
      let schema = numbers[topic.type] ?? UInt16(numbers.count + 1)
      if numbers[topic.type] == nil {
        numbers[topic.type] = schema
        // Older bags say the type alone: the fields are those of this program's own definition.
        let text = definitions[topic.type] ?? ROSSchemas.text(of: topic.type)
        schemas[schema] = MCAP.Schema(id: schema, name: topic.type, encoding: "ros2msg", data: Array(text.utf8))
      }
      let id = UInt16(index + 1)
      channels[id] = MCAP.Channel(
        id: id, schemaID: schema, topic: topic.name, messageEncoding: topic.encoding,
        metadata: ["offered_qos_profiles": topic.qualityOfService])
      rows[topic.row] = id
    }
    self.schemas = schemas
    self.channels = channels
    channelsByRow = rows
    var storage = RecordingStorage()
    storage.profile = "ros2"
    storage.library = "rosbag2 (sqlite3)"
    self.storage = storage
  }

  private static func topics(_ database: Database, hasQuality: Bool) throws -> [Topic] {
    var topics: [Topic] = []
    let quality = hasQuality ? "offered_qos_profiles" : "''"
    try database.ask("SELECT id, name, type, serialization_format, \(quality) FROM topics ORDER BY id") { row in
      topics.append(
        Topic(
          row: row.integer(0), name: row.text(1), type: row.text(2), encoding: row.text(3),
          qualityOfService: row.text(4)))
      return topics.count < maximumTopics
    }
    return topics
  }

  /// The definitions of types, as `ros2msg`; those in another language are left out.
  private static func definitions(_ database: Database) throws -> [String: String] {
    var definitions: [String: String] = [:]
    let sql = "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions"
    try database.ask(sql) { row in
      if row.text(1) == "ros2msg" { definitions[row.text(0)] = row.text(2) }
      return definitions.count < maximumTopics
    }
    return definitions
  }

  public func locations(of wanted: Set<UInt16>, damaged: (String) -> Void) -> [MessageLocation] {
    do { return try all().filter { wanted.contains($0.channel) } } catch {
      damaged("\(error)")
      return []
    }
  }

  private func all() throws -> [MessageLocation] {
    try listed.withLock { listed in
      if let listed { return try listed.get() }
      let found = Result { try list() }
      listed = found
      return try found.get()
    }
  }

  private func list() throws -> [MessageLocation] {
    var found: [MessageLocation] = []
    try database.ask("SELECT id, topic_id, timestamp FROM messages") { row in
      if let channel = channelsByRow[row.integer(1)] {
        found.append(
          MessageLocation(
            logTime: UInt64(clamping: row.integer(2)), channel: channel, chunk: -1,
            offset: UInt64(bitPattern: row.integer(0))))
      }
      return found.count < DatabaseBag.maximumLocations
    }
    found.sort { ($0.logTime, Int64(bitPattern: $0.offset)) < ($1.logTime, Int64(bitPattern: $1.offset)) }
    return found
  }

  public func message(at location: MessageLocation) throws -> MCAP.Message {
    var data: [UInt8]?
    try database.ask("SELECT data FROM messages WHERE id = ?1", [Int64(bitPattern: location.offset)]) { row in
      data = row.isBlob(0) ? row.bytes(0) : nil
      return false
    }
    guard let data else {
      throw RecordingError(.corrupt, "message \(location.offset) is missing or damaged", place: name)
    }
    let bytes = data.starts(with: DatabaseBag.zstdMagic) ? try unpacked(data) : data[...]
    return MCAP.Message(
      channelID: location.channel, sequence: 0, logTime: location.logTime, publishTime: location.logTime, data: bytes)
  }

  /// Bags may have each message compressed (`compression_mode: MESSAGE`).
  private func unpacked(_ data: [UInt8]) throws -> ArraySlice<UInt8> {
    do {
      return try ChunkDecompressor.frame(ofZstd: data[...], most: DatabaseBag.maximumMessageBytes)
    } catch let error as RecordingError { throw error.at(name) }
  }

  public func recordedTime(of location: MessageLocation) -> RecordedTime {
    RecordedTime(wall: location.logTime, monotonic: nil)
  }
}

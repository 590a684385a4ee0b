import Foundation
import Glibc
import Ground
import ROS
import TestSupport
import Vision

/// Writes bags of the storage `sqlite3`, as rosbag2 does, through SQLite itself.
struct DatabaseFixture {
  private typealias Open = @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  private typealias Close = @convention(c) (OpaquePointer?) -> Int32
  private typealias Execute =
    @convention(c) (
      OpaquePointer?, UnsafePointer<CChar>, OpaquePointer?, OpaquePointer?, OpaquePointer?
    ) -> Int32

  /// Safe: a handle of the loader, which is never closed.
  nonisolated(unsafe) static let library = dlopen("libsqlite3.so.0", RTLD_NOW)

  /// Which tables rosbag2 writes: 1 has no quality of service, 4 has definitions.
  var version = 4
  var statements: [String] = []

  init(version: Int = 4) {
    self.version = version
    let quality = version > 1 ? ", offered_qos_profiles TEXT NOT NULL" : ""
    let hash = version > 3 ? ", type_description_hash TEXT NOT NULL" : ""
    statements = [
      "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, "
        + "serialization_format TEXT NOT NULL\(quality)\(hash))",
      "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL)",
      "CREATE INDEX timestamp_idx ON messages (timestamp ASC)",
    ]
    if version > 3 {
      statements.append(
        "CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL, encoding TEXT NOT NULL, "
          + "encoded_message_definition TEXT NOT NULL, type_description_hash TEXT NOT NULL)")
    }
  }

  mutating func topic(_ id: Int, _ name: String, _ type: String) {
    let more = (version > 1 ? ", ''" : "") + (version > 3 ? ", ''" : "")
    statements.append("INSERT INTO topics VALUES(\(id), '\(name)', '\(type)', 'cdr'\(more))")
    if version > 3 {
      let text = ROSSchemas.text(of: type).replacing("'", with: "''")
      statements.append("INSERT INTO message_definitions VALUES(NULL, '\(type)', 'ros2msg', '\(text)', '')")
    }
  }

  mutating func message(_ topic: Int, at time: UInt64, _ bytes: [UInt8]) {
    let digits = bytes.map { String($0, radix: 16).count == 1 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
    statements.append("INSERT INTO messages VALUES(NULL, \(topic), \(time), X'\(digits.joined())')")
  }

  mutating func message(_ topic: Int, at time: UInt64, _ message: some ROSMessage) {
    var encoder = CDREncoder(ByteWriter())
    message.encode(to: &encoder)
    self.message(topic, at: time, encoder.out.bytes)
  }

  /// A flat grey picture, whose level tells its number.
  mutating func picture(_ topic: Int, level: Int, at time: UInt64) throws {
    let data = try JPEGEncoder().encode(greyPicture(32, 32, shade: UInt8(level)), quality: 95).array
    message(
      topic, at: time,
      CompressedImage(header: ROSHeader(stamp: time, frameID: "cam"), format: "jpeg", data: data[...]))
  }

  mutating func found(_ topic: Int, _ label: String, at time: UInt64) {
    message(
      topic, at: time,
      Detection2DArray(
        header: ROSHeader(stamp: time, frameID: "cam"),
        detections: [.init(results: [.init(classID: label, score: 0.75)], centerX: 8, centerY: 8, width: 4, height: 4)])
    )
  }

  func write(_ path: String) throws {
    func symbol<Function>(_ name: String, _: Function.Type) -> Function {
      unsafeBitCast(dlsym(DatabaseFixture.library, name), to: Function.self)
    }
    var handle: OpaquePointer?
    guard symbol("sqlite3_open", Open.self)(path, &handle) == 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { _ = symbol("sqlite3_close", Close.self)(handle) }
    for statement in ["BEGIN"] + statements + ["COMMIT"] {
      guard symbol("sqlite3_exec", Execute.self)(handle, statement, nil, nil, nil) == 0 else {
        throw CocoaError(.fileWriteUnknown, userInfo: ["statement": statement.prefix(80)])
      }
    }
  }
}

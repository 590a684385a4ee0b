import Foundation
import Ground
import ROS
import Recording
import TestSupport
import Testing

/// Bags of ROS 2 in SQLite's files.
@Suite(.enabled(if: DatabaseFixture.library != nil, "libsqlite3 is not installed"))
struct DatabaseBagTests {
  private static let start: UInt64 = 1_700_000_000_000_000_000

  private func bag(version: Int = 4, pictures: Range<Int> = 0..<6) throws -> DatabaseFixture {
    var bag = DatabaseFixture(version: version)
    // Numbers of rows are those of the writer: they need not begin with 1, nor follow each other.
    bag.topic(7, "/front/image", CompressedImage.typeName)
    bag.topic(3, "/front/found", Detection2DArray.typeName)
    bag.topic(9, "/chatter", "std_msgs/msg/String")
    // Not in the order of time.
    for number in pictures.reversed() {
      let time = Self.start + UInt64(number) * 100_000_000
      try bag.picture(7, level: 20 + number * 10, at: time)
      bag.found(3, "label\(number)", at: time)
    }
    return bag
  }

  @Test(arguments: [1, 2, 3, 4]) func everyVersionIsPlayed(_ version: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a b'?#%.db3")
    try bag(version: version).write(path)
    let reader = try Recordings.open(path)
    let shown = try played(reader)
    #expect(shown.map(\.level).count == 6)
    for (number, frame) in shown.enumerated() {
      #expect(abs(frame.level - (20 + number * 10)) <= 2 && frame.labels == ["label\(number)"])
    }
    let info = RecordingInfo(reader)
    #expect(info.topics.map(\.topic) == ["/chatter", "/front/found", "/front/image"])
    #expect(info.topics.map(\.messages) == [0, 6, 6] && info.messages == 12)
    #expect(info.start == "2023-11-14T22:13:20.000Z" && info.seconds == 0.5 && info.library == "rosbag2 (sqlite3)")
    #expect(info.lines.allSatisfy { !$0.contains("chunks") })
  }

  @Test func exportsAreThoseOfTheSameBagInMCAP() throws {
    let folder = try TemporaryFolder()
    try bag().write(folder.file("b.db3"))
    let mcap = try Bag()
    for number in 0..<6 {
      let time = Self.start + UInt64(number) * 100_000_000
      try mcap.picture("/front/image", level: 20 + number * 10, stamp: time, at: time)
      try mcap.found("/front/found", ["label\(number)"], stamp: time, at: time)
    }
    try folder.write("b.mcap", try mcap.bytes())
    for format in [RecordingExport.Format.csv, .jsonl] {
      _ = try RecordingExport(path: folder.file("b.db3")).write(format, to: folder.file("one"))
      _ = try RecordingExport(path: folder.file("b.mcap")).write(format, to: folder.file("two"))
      let (one, two) = (try text(folder.file("one")), try text(folder.file("two")))
      #expect(one.replacing("b.db3", with: "b.mcap") == two)
      for name in ["one", "two"] { try FileManager.default.removeItem(atPath: folder.file(name)) }
    }
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  private static let description = """
    rosbag2_bagfile_information:
      version: 9
      storage_identifier: sqlite3
      relative_file_paths:
        - bag_0.db3
        - "bag_1.db3"
        - old/name/bag_2.db3
      duration:
        nanoseconds: 5
      files:
        - path: nothing.db3
    """

  @Test func aFolderIsOneRecording() throws {
    let folder = try TemporaryFolder()
    for part in 0..<3 { try bag(pictures: part * 4..<part * 4 + 4).write(folder.file("bag_\(part).db3")) }
    try folder.write("metadata.yaml", Self.description)
    for path in [folder.path, folder.path + "/"] {
      let reader = try Recordings.open(path)
      let shown = try played(reader)
      #expect(shown.count == 12 && shown.map(\.labels) == (0..<12).map { ["label\($0)"] })
      let info = RecordingInfo(reader)
      #expect(info.files?.count == 3 && info.topics.map(\.messages) == [0, 12, 12] && info.problems.isEmpty)
    }
    #expect(try played(Recordings.open(folder.file("bag_1.db3"))).count == 4)
    // A part that is missing or damaged is told of, and costs itself alone.
    try FileManager.default.removeItem(atPath: folder.file("bag_1.db3"))
    try folder.write("bag_2.db3", Array("SQLite format 3\0".utf8) + [UInt8](repeating: 7, count: 5000))
    let reader = try Recordings.open(folder.path)
    #expect(try played(reader).count == 4)
    let problems = RecordingInfo(reader).problems
    #expect(problems.contains("the part bag_1.db3 is missing"))
    #expect(problems.contains { $0.contains("a part is left out") && $0.contains("bag_2.db3") })
  }

  @Test func aDescriptionCannotNameFilesElsewhere() throws {
    let folder = try TemporaryFolder()
    try bag().write(folder.file("outside.db3"))
    try FileManager.default.createDirectory(atPath: folder.file("bag"), withIntermediateDirectories: true)
    for name in ["../outside.db3", folder.file("outside.db3"), "x/../../outside.db3"] {
      try folder.write("bag/metadata.yaml", "rosbag2_bagfile_information:\n  relative_file_paths: ['\(name)']\n")
      #expect(throws: RecordingError.self) { try Recordings.open(folder.file("bag")) }
    }
    try folder.write("bag/metadata.yaml", "rosbag2_bagfile_information:\n  relative_file_paths:\n")
    #expect(throws: RecordingError.self) { try Recordings.open(folder.file("bag")) }
  }

  @Test func whatIsNoBagIsRefusedInALine() throws {
    let folder = try TemporaryFolder()
    func expectRefusal(_ name: String, _ words: String) {
      do {
        _ = try Recordings.open(folder.file(name))
        Issue.record("\(name) was opened")
      } catch {
        let line = (error as? RecordingError)?.line ?? "\(error)"
        #expect(line.contains(words) && line.contains(name) && !line.contains("\n"), "\(line)")
      }
    }
    try folder.write("text.db3", "no data base")
    expectRefusal("text.db3", "not a data base of SQLite")
    expectRefusal("none.db3", "No such file")
    try folder.write("short.db3", DatabaseBagTests.head)
    expectRefusal("short.db3", "data base")
    var other = DatabaseFixture()
    other.statements = ["CREATE TABLE songs(id INTEGER)"]
    try other.write(folder.file("songs.db3"))
    expectRefusal("songs.db3", "without the tables of a bag")
    // A view could compute for ever.
    other.statements = [
      "CREATE TABLE topics(id INTEGER, name TEXT, type TEXT, serialization_format TEXT)",
      "CREATE VIEW messages AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
        + "SELECT id, 1 AS topic_id, id AS timestamp, x'00' AS data FROM n",
    ]
    try other.write(folder.file("endless.db3"))
    expectRefusal("endless.db3", "without the tables of a bag")
  }

  private static let head = Array("SQLite format 3\0".utf8)

  /// Values of any type in any column, and bytes turned over: errors in words, or fewer messages, and never a trap.
  @Test func damagedBagsAreReadAsFarAsTheyGo() throws {
    let folder = try TemporaryFolder()
    var odd = try bag()
    odd.statements += [
      "INSERT INTO messages VALUES(-5, 7, -1, 'text')", "INSERT INTO messages VALUES(NULL, 7, 'noon', 12)",
      "INSERT INTO messages VALUES(NULL, 99, 1, x'00')",
      "INSERT INTO messages VALUES(NULL, 7, 9223372036854775807, x'')",
    ]
    let path = folder.file("odd.db3")
    try odd.write(path)
    let reader = try Recordings.open(path)
    #expect(RecordingInfo(reader).messages == 15)
    for location in reader.locations(of: Set(reader.channels.keys)) { _ = try? reader.message(at: location) }

    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var random = SeededGenerator(3)
    for round in 0..<120 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        bytes[Int.random(in: (round % 2 == 0 ? 100 : 16)..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if round % 5 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count - 200, using: &random)) }
      try folder.write("bad.db3", bytes)
      guard let reader = try? Recordings.open(folder.file("bad.db3")) else { continue }
      for location in reader.locations(of: Set(reader.channels.keys)).prefix(50) {
        _ = try? reader.message(at: location)
      }
      _ = RecordingInfo(reader).lines
    }
  }
}

import Glibc
import Ground
import Synchronization

/// A data base of SQLite, opened for reading. It may come from anywhere: its size bounds what is believed, and what it holds
/// beside plain tables is not asked. Thread-safe: one question at a time.
final class Database: Sendable {
  /// One row of an answer. Valid only while it is looked at.
  struct Row {
    fileprivate let library: SQLiteLibrary
    fileprivate let statement: OpaquePointer

    func integer(_ column: Int32) -> Int64 { library.integer(statement, column) }

    /// The bytes of a text or a blob; empty for others.
    func bytes(_ column: Int32) -> [UInt8] {
      // Asked for before their number: asking may convert them.
      guard isText(column) || isBlob(column), let start = library.blob(statement, column) else { return [] }
      return Array(UnsafeRawBufferPointer(start: start, count: Int(library.count(statement, column))))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func isBlob(_ column: Int32) -> Bool { library.type(statement, column) == 4 }
    private func isText(_ column: Int32) -> Bool { library.type(statement, column) == 3 }
  }

  private static let readOnly: Int32 = 1
  private static let uri: Int32 = 0x40
  private static let noMutex: Int32 = 0x8000
  /// The largest text or blob (SQLITE_LIMIT_LENGTH).
  private static let longestValue = Int32(256 << 20)
  private static let row: Int32 = 100
  private static let done: Int32 = 101

  let path: String
  private let library: SQLiteLibrary
  /// Safe: only touched with the lock held.
  private nonisolated(unsafe) let handle: OpaquePointer
  private let lock = Mutex(())

  /// - Throws: ``RecordingError`` when the file is not a database, or SQLite is not installed.
  init(_ path: String) throws {
    library = try SQLiteLibrary.load()
    self.path = path
    // A recorder that was killed may have left a journal that only a writer could work in; the file itself is readable.
    let immutable = "file:" + Database.escaped(path) + "?immutable=1"
    var trouble = ""
    for (name, flags) in [(path, Database.readOnly), (immutable, Database.readOnly | Database.uri)] {
      var opened: OpaquePointer?
      let status = library.open(name, &opened, flags | Database.noMutex, nil)
      if status == 0, let opened {
        _ = library.limit(opened, 0, Database.longestValue)
        if Database.answers(library, opened) {
          handle = opened
          return
        }
      }
      trouble = library.errorText(opened).map { String(cString: $0) } ?? "no memory is left"
      _ = library.close(opened)
    }
    throw RecordingError(.corrupt, "the data base cannot be read: \(trouble)", place: path)
  }

  deinit { _ = library.close(handle) }

  private static func answers(_ library: SQLiteLibrary, _ handle: OpaquePointer) -> Bool {
    var statement: OpaquePointer?
    defer { _ = library.finalize(statement) }
    return library.prepare(handle, "SELECT count(*) FROM sqlite_master", -1, &statement, nil) == 0
      && library.step(statement) == row
  }

  /// A path in a URI (https://sqlite.org/uri.html): all but plain letters escaped.
  private static func escaped(_ path: String) -> String {
    path.utf8.map { byte in
      let scalar = Unicode.Scalar(byte)
      let isPlain =
        scalar.isASCII && (scalar.properties.isAlphabetic || (48...57).contains(byte) || "/-._".utf8.contains(byte))
      let digits = String(byte, radix: 16, uppercase: true)
      return isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + digits
    }.joined()
  }

  /// Asks for rows, one after the other.
  ///
  /// - Parameters:
  ///   - sql: a question with constant text; values go in as `?1`, `?2`, ….
  ///   - take: gets each row; false ends the answer.
  /// - Throws: ``RecordingError`` when the question cannot be answered: a table that is missing, a damaged page.
  func ask(_ sql: String, _ values: [Int64] = [], _ take: (Row) throws -> Bool) throws {
    try lock.withLock { _ in
      var prepared: OpaquePointer?
      guard library.prepare(handle, sql, -1, &prepared, nil) == 0, let statement = prepared else { throw trouble() }
      defer { _ = library.finalize(statement) }
      for (number, value) in values.enumerated() { _ = library.bindInteger(statement, Int32(number + 1), value) }
      while true {
        switch library.step(statement) {
        case Database.row: if try !take(Row(library: library, statement: statement)) { return }
        case Database.done: return
        default: throw trouble()
        }
      }
    }
  }

  private func trouble() -> RecordingError {
    let words = library.errorText(handle).map { String(cString: $0) } ?? "no memory is left"
    return RecordingError(.corrupt, "the data base cannot be read: \(words)", place: path)
  }

  /// The definitions of the plain tables, by name. Views and virtual tables, which may compute anything, are none.
  func tables() throws -> [String: String] {
    var tables: [String: String] = [:]
    try ask("SELECT name, sql FROM sqlite_master WHERE type = 'table' LIMIT 1000") { row in
      let text = row.text(1)
      if !text.uppercased().contains("VIRTUAL") { tables[row.text(0)] = text }
      return true
    }
    return tables
  }
}

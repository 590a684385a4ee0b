import Ground

/// Reads fields, or writes them: each record names its fields once, in the order of the file, for both.
protocol RecordCoder {
  /// `Never` for a writer.
  associatedtype Failure: Error
  mutating func code<Value: FixedWidthInteger>(_ value: inout Value) throws(Failure)
  mutating func code(_ text: inout String) throws(Failure)
  mutating func code(_ map: inout [String: String]) throws(Failure)
  /// A `Map<uint16, uint64>`.
  mutating func code(_ map: inout [UInt16: UInt64]) throws(Failure)
  mutating func code(_ entries: inout [MCAP.MessageIndex.Entry]) throws(Failure)
  /// Bytes after their length, which is written as a `Length`.
  mutating func code<Length: FixedWidthInteger>(_ data: inout [UInt8], after: Length.Type) throws(Failure)
}

extension ByteReader: RecordCoder {
  mutating func code<Value: FixedWidthInteger>(_ value: inout Value) throws { value = try integer() }

  mutating func code(_ text: inout String) throws { text = try string() }

  mutating func code(_ map: inout [String: String]) throws { map = try stringMap() }

  mutating func code(_ map: inout [UInt16: UInt64]) throws {
    var part = try part(try length32())
    while part.remaining > 0 { map[try part.integer()] = try part.integer() }
  }

  mutating func code(_ entries: inout [MCAP.MessageIndex.Entry]) throws {
    var part = try part(try length32())
    entries.reserveCapacity(part.remaining / 16)
    while part.remaining > 0 { entries.append(.init(logTime: try part.integer(), offset: try part.integer())) }
  }

  mutating func code<Length: FixedWidthInteger>(_ data: inout [UInt8], after: Length.Type) throws {
    data = Array(try slice(Length.bitWidth == 64 ? try length64() : try length32()))
  }
}

extension ByteWriter: RecordCoder {
  mutating func code<Value: FixedWidthInteger>(_ value: inout Value) { append(value) }

  mutating func code(_ text: inout String) { append(prefixed: text) }

  mutating func code(_ map: inout [String: String]) { append(map: map) }

  mutating func code(_ map: inout [UInt16: UInt64]) {
    append(UInt32(clamping: map.count * 10))
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      append(key)
      append(value)
    }
  }

  mutating func code(_ entries: inout [MCAP.MessageIndex.Entry]) {
    append(UInt32(clamping: entries.count * 16))
    for entry in entries {
      append(entry.logTime)
      append(entry.offset)
    }
  }

  mutating func code<Length: FixedWidthInteger>(_ data: inout [UInt8], after: Length.Type) {
    append(Length(clamping: data.count))
    append(data)
  }

  /// Writes a record: its opcode, its length, and what `body` writes.
  mutating func record(_ opcode: MCAP.Opcode, _ body: (inout ByteWriter) -> Void) {
    append(opcode.rawValue)
    append(UInt64(0))
    let start = count
    body(&self)
    patch(UInt64(count - start), at: start - 8)
  }
}

extension ByteReader {
  /// The next record inside a chunk or a summary: its opcode and a reader over its content; nil at the end.
  mutating func nextRecord() throws -> (opcode: UInt8, content: ByteReader)? {
    guard remaining > 0 else { return nil }
    do {
      let opcode = try integer(UInt8.self)
      return (opcode, try part(try length64()))
    } catch let error as ByteError { throw RecordingError(error) }
  }
}

/// A part of a file whose fields are named once. Fields that later versions of the format append are ignored, as the
/// specification asks.
protocol RecordFields {
  init()
  mutating func fields<Coder: RecordCoder>(_ coder: inout Coder) throws(Coder.Failure)
}

extension RecordFields {
  /// Reads the fields and leaves the reader behind the last.
  init(from reader: inout ByteReader) throws {
    self.init()
    do { try fields(&reader) } catch let error as ByteError { throw RecordingError(error) }
  }

  /// Writes the fields, without an opcode before.
  func append(to out: inout ByteWriter) {
    var copy = self
    copy.fields(&out)
  }
}

/// Fields that are a record of their own.
protocol MCAPRecord: RecordFields {
  static var opcode: MCAP.Opcode { get }
}

extension MCAPRecord {
  func write(to out: inout ByteWriter) { out.record(Self.opcode) { append(to: &$0) } }
}

import Ground

/// Reads the selected fields of one message by its definition. The bytes may be anything; every step consumes some of them, or
/// is counted.
struct ValueReader {
  /// Elements of a list that are read; the rest is stepped over.
  static let longestList = 10_000
  private static let mostValues = 1_000_000
  private let definition: MessageDefinition
  private var decoder: CDRDecoder
  private var values = 0

  init(_ definition: MessageDefinition, _ decoder: CDRDecoder) {
    self.definition = definition
    self.decoder = decoder
  }

  /// The selected fields that the definition has.
  ///
  /// - Throws: ``ROSError``, or `ByteError` where the message ends early.
  mutating func message(_ selection: FieldSelection) throws -> MessageValue {
    var wanted = selection.fields.count
    var fields: [String: MessageValue] = [:]
    for field in definition.types[0].fields {
      // What lies behind the last one that is wanted does not matter.
      guard wanted > 0 else { break }
      if let inner = selection.fields[field.name] {
        fields[field.name] = try value(field, inner)
        wanted -= 1
      } else {
        try skip(field)
      }
    }
    return .fields(fields)
  }

  private mutating func value(_ field: MessageDefinition.Field, _ selection: FieldSelection) throws -> MessageValue {
    guard let count = try count(of: field) else { return try one(field.kind, selection) }
    if case .primitive(let primitive) = field.kind, primitive.bytes == 1 { return .bytes(try decoder.slice(count)) }
    var list: [MessageValue] = []
    for index in 0..<count {
      if index < ValueReader.longestList {
        list.append(try one(field.kind, selection))
      } else {
        try skipOne(field.kind)
      }
    }
    return .list(list)
  }

  /// How many elements a field has; nil where it is no sequence. Never more than the rest of the message can hold.
  private mutating func count(of field: MessageDefinition.Field) throws -> Int? {
    let least = leastBytes(field.kind)
    switch field.multiplicity {
    case .one: return nil
    case .sequence:
      guard least > 0 else { throw ROSError(.unsupported, "'\(field.name)' holds elements without bytes") }
      return try decoder.count(elementBytes: least)
    case .fixed(let count):
      guard least > 0 else { return 0 }
      guard count <= decoder.remaining / least else { throw ROSError(.corrupt, "a message ends early") }
      return count
    }
  }

  private func leastBytes(_ kind: MessageDefinition.Kind) -> Int {
    switch kind {
    case .primitive(let primitive): primitive.bytes
    // A length; ROS 2 adds a closing NUL, which some writers leave out of empty strings.
    case .string, .wideString: 4
    case .time: 8
    case .message(let number): definition.types[number].leastBytes
    }
  }

  private mutating func one(_ kind: MessageDefinition.Kind, _ selection: FieldSelection) throws -> MessageValue {
    values += 1
    guard values <= ValueReader.mostValues else { throw ROSError(.tooLarge, "a message of too many values") }
    switch kind {
    case .primitive(let primitive): return try number(primitive)
    case .string: return .text(try decoder.string())
    case .wideString: throw ValueReader.wide
    case .time:
      return .fields([
        "sec": .unsigned(UInt64(try decoder.integer(UInt32.self))),
        "nanosec": .unsigned(UInt64(try decoder.integer(UInt32.self))),
      ])
    case .message(let number):
      let structure = definition.types[number]
      var fields: [String: MessageValue] = [:]
      for field in structure.fields {
        if let inner = selection.fields[field.name] {
          fields[field.name] = try value(field, inner)
        } else {
          try skip(field)
        }
      }
      if structure.fields.isEmpty { try decoder.skip(structure.leastBytes) }
      return .fields(fields)
    }
  }

  private mutating func number(_ primitive: MessageDefinition.Primitive) throws -> MessageValue {
    switch primitive {
    case .bool, .byte, .char, .uint8: .unsigned(UInt64(try decoder.integer(UInt8.self)))
    case .int8: .integer(Int64(try decoder.integer(Int8.self)))
    case .uint16: .unsigned(UInt64(try decoder.integer(UInt16.self)))
    case .int16: .integer(Int64(try decoder.integer(Int16.self)))
    case .uint32: .unsigned(UInt64(try decoder.integer(UInt32.self)))
    case .int32: .integer(Int64(try decoder.integer(Int32.self)))
    case .uint64: .unsigned(try decoder.integer(UInt64.self))
    case .int64: .integer(try decoder.integer(Int64.self))
    case .float32: .real(Double(Float(bitPattern: try decoder.integer(UInt32.self))))
    case .float64: .real(Double(bitPattern: try decoder.integer(UInt64.self)))
    }
  }

  private mutating func skip(_ field: MessageDefinition.Field) throws {
    guard let count = try count(of: field) else { return try skipOne(field.kind) }
    if case .primitive(let primitive) = field.kind {
      // Checked against the rest of the message above.
      if count > 0 { try decoder.skip(count * primitive.bytes, alignedTo: primitive.bytes) }
      return
    }
    for _ in 0..<count { try skipOne(field.kind) }
  }

  private mutating func skipOne(_ kind: MessageDefinition.Kind) throws {
    switch kind {
    case .primitive(let primitive): try decoder.skip(primitive.bytes, alignedTo: primitive.bytes)
    case .string: _ = try decoder.bytes()
    case .wideString: throw ValueReader.wide
    case .time: try decoder.skip(8, alignedTo: 4)
    case .message(let number):
      let structure = definition.types[number]
      // Types without bytes may hold any number of each other.
      guard structure.leastBytes > 0 else { return }
      for field in structure.fields { try skip(field) }
      if structure.fields.isEmpty { try decoder.skip(structure.leastBytes) }
    }
  }

  private static var wide: ROSError { ROSError(.unsupported, "strings of wide characters are not read") }
}

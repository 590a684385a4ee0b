/// A value that was read by a ``MessageDefinition``.
public enum MessageValue: Sendable, Equatable {
  case integer(Int64)
  case unsigned(UInt64)
  case real(Double)
  case text(String)
  /// A sequence or an array of one-byte values; shares the memory of the message.
  case bytes(ArraySlice<UInt8>)
  case list([MessageValue])
  case fields([String: MessageValue])

  /// A field, by names from this value inwards: "bbox.center.x"; nil where it was not read.
  public subscript(path: String) -> MessageValue? {
    var value = self
    for name in path.split(separator: ".") {
      guard case .fields(let fields) = value, let inner = fields[String(name)] else { return nil }
      value = inner
    }
    return value
  }

  /// Any number.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    case .text, .bytes, .list, .fields: nil
    }
  }

  /// An integer that is not negative.
  public var whole: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .unsigned(let value): value
    case .real, .text, .bytes, .list, .fields: nil
    }
  }

  /// A text, or an integer in decimals: identifiers are one or the other, by the version of their package.
  public var text: String? {
    switch self {
    case .text(let text): text
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .real, .bytes, .list, .fields: nil
    }
  }

  public var bytes: ArraySlice<UInt8>? { if case .bytes(let bytes) = self { bytes } else { nil } }

  public var list: [MessageValue]? { if case .list(let list) = self { list } else { nil } }
}

/// Which fields are read; all others are stepped over.
public struct FieldSelection: Sendable, Equatable {
  var fields: [String: FieldSelection] = [:]

  /// Fields by names from the message inwards, such as "header.stamp.sec".
  public init(_ paths: [String]) {
    for path in paths { add(path.split(separator: ".")[...]) }
  }

  private mutating func add(_ names: ArraySlice<Substring>) {
    guard let first = names.first else { return }
    fields[String(first), default: FieldSelection([])].add(names.dropFirst())
  }
}

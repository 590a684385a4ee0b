import Foundation

/// A JSON value of unknown shape, for files whose fields may hold anything: one odd field must not spoil the others.
indirect enum JSONValue: Decodable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  private static let depthLimit = 32

  /// Reads a file's text. Python's `NaN` and `Infinity`, which are not JSON, count as null.
  ///
  /// - Throws: an error that ``problem(of:)`` puts into words.
  static func read(_ bytes: [UInt8]) throws -> JSONValue {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw damaged("it is not UTF-8 text") }
    let (plain, depth) = plainJSON(bytes)
    guard depth <= depthLimit else { throw damaged("it nests too deeply") }
    return try JSONDecoder().decode(JSONValue.self, from: Data(plain))
  }

  private static func damaged(_ what: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: [], debugDescription: what))
  }

  /// In words what ``read(_:)`` threw.
  static func problem(of error: any Error) -> String {
    guard case .dataCorrupted(let context) = error as? DecodingError else { return "\(error)" }
    guard let cause = context.underlyingError as NSError?,
      let text = cause.userInfo[NSDebugDescriptionErrorKey] as? String
    else { return context.debugDescription }
    return text
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // The type of a value is found by trying: Codable has no other way to ask.
    if container.decodeNil() {
      self = .null
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let truth = try? container.decode(Bool.self) {
      self = .bool(truth)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let object = try? container.decode([String: JSONValue].self) {
      self = .object(object)
    } else {
      self = .array(try container.decode([JSONValue].self))
    }
  }

  /// The text with null in place of Python's words for numbers that JSON lacks, and how deeply its brackets nest.
  private static func plainJSON(_ bytes: [UInt8]) -> (bytes: [UInt8], depth: Int) {
    let words = ["NaN", "-Infinity", "Infinity"].map { Array($0.utf8) }
    let initials = Set(words.map { $0[0] })
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    var (depth, deepest) = (0, 0)
    var isText = false
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if isText {
        plain.append(byte)
        at += 1
        if byte == UInt8(ascii: "\\"), at < bytes.count {
          plain.append(bytes[at])
          at += 1
        } else if byte == UInt8(ascii: "\"") {
          isText = false
        }
      } else if initials.contains(byte), let word = words.first(where: { bytes[at...].starts(with: $0) }) {
        plain.append(contentsOf: "null".utf8)
        at += word.count
      } else {
        if byte == UInt8(ascii: "\"") { isText = true }
        if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
        if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { depth -= 1 }
        deepest = max(deepest, depth)
        plain.append(byte)
        at += 1
      }
    }
    return (plain, deepest)
  }

  subscript(key: String) -> JSONValue? {
    guard case .object(let fields) = self else { return nil }
    return fields[key]
  }

  var fields: [String: JSONValue]? {
    guard case .object(let fields) = self else { return nil }
    return fields
  }

  var items: [JSONValue]? {
    guard case .array(let items) = self else { return nil }
    return items
  }

  var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  var bool: Bool? {
    guard case .bool(let truth) = self else { return nil }
    return truth
  }

  var number: Double? {
    guard case .number(let number) = self else { return nil }
    return number
  }

  /// A number without a fraction.
  var integer: Int? { number.flatMap { Int(exactly: $0) } }

  /// A single value as text; nil for lists, objects and null.
  var text: String? {
    switch self {
    case .string(let text): text
    case .number(let number): integer.map(String.init) ?? "\(number)"
    case .bool(let truth): truth ? "true" : "false"
    case .null, .array, .object: nil
    }
  }
}

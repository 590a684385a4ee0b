import Ground

/// Reads definitions of ROS messages, of ROS 2 and of ROS 1: the root type's fields, then each type inside after a line of `=`
/// and `MSG: package/Type`.
///
/// The text comes from a file and may be anything: its length, its types, their depth and their fields are bounded.
/// Source: the .msg format of rosidl (docs.ros.org, "Interfaces"), the concatenation of https://mcap.dev/spec/registry.
struct DefinitionParser {
  private static let longestText = 1 << 20
  private static let mostTypes = 1000
  private static let mostFields = 20_000
  private static let deepest = 32
  /// A structure without fields has one byte in ROS 2 (rosidl adds a member), none in ROS 1.
  private let emptyBytes: Int
  private let root: String
  private var sections: [String: [Substring]] = [:]
  private var numbers: [String: Int] = [:]
  private var types: [MessageDefinition.Structure] = []
  private var fields = 0

  /// - Parameters:
  ///   - text: the definition, or nothing where the file has none: then this program's own counts.
  ///   - isROS1: whether it is of ROS 1.
  /// - Throws: ``ROSError`` where the definition cannot be understood.
  static func parse(_ text: String, of typeName: String, isROS1: Bool) throws -> MessageDefinition {
    guard text.utf8.count <= longestText else {
      throw ROSError(.tooLarge, "the definition of \(typeName) is longer than \(longestText) bytes")
    }
    let isMissing = text.allSatisfy(\.isWhitespace)
    var parser = DefinitionParser(
      isMissing ? ROSSchemas.text(of: typeName) : text, of: shortName(typeName), emptyBytes: isROS1 ? 0 : 1)
    do {
      _ = try parser.type(shortName(typeName), depth: 0)
    } catch let error as ROSError {
      throw ROSError(error.kind, "the definition of \(typeName) cannot be read: \(error.what)")
    }
    return MessageDefinition(typeName: typeName, types: parser.types)
  }

  /// "package/Type".
  private static func shortName(_ name: some StringProtocol) -> String {
    String(name).replacing("/msg/", with: "/", maxReplacements: 1)
  }

  private init(_ text: String, of root: String, emptyBytes: Int) {
    self.root = root
    self.emptyBytes = emptyBytes
    var name = root
    var isHeading = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.drop(while: \.isWhitespace)
      if line.hasPrefix("===") {
        isHeading = true
      } else if isHeading, line.hasPrefix("MSG:") {
        name = DefinitionParser.shortName(String(line.dropFirst(4)).trimmed)
        isHeading = false
        // The first of two counts.
        if sections[name] != nil { name = "" }
        sections[name] = []
      } else {
        sections[name, default: []].append(line)
      }
    }
  }

  /// The number of a type in ``types``.
  private mutating func type(_ name: String, depth: Int) throws -> Int {
    if let known = numbers[name] {
      guard known >= 0 else { throw ROSError(.unsupported, "\(name) holds itself") }
      return known
    }
    guard depth < DefinitionParser.deepest, types.count < DefinitionParser.mostTypes else {
      throw ROSError(.tooLarge, "too many types inside each other")
    }
    guard let lines = sections[name] ?? ROSSchemas.fields(of: name)?.map({ $0[...] }) else {
      throw ROSError(.unsupported, "\(name) is not in it")
    }
    let number = types.count
    numbers[name] = -1
    types.append(.init())
    let package = name.split(separator: "/").first.map(String.init) ?? ""
    var structure = MessageDefinition.Structure()
    for line in lines {
      guard let field = try field(line, package, depth) else { continue }
      fields += 1
      guard fields <= DefinitionParser.mostFields else { throw ROSError(.tooLarge, "too many fields") }
      structure.leastBytes = sum(structure.leastBytes, leastBytes(of: field))
      structure.fields.append(field)
    }
    if structure.fields.isEmpty { structure.leastBytes = emptyBytes }
    types[number] = structure
    numbers[name] = number
    return number
  }

  /// The field of a line; nil for constants, comments and empty lines.
  private mutating func field(_ line: Substring, _ package: String, _ depth: Int) throws -> MessageDefinition.Field? {
    let text = line.prefix { $0 != "#" }
    guard let end = text.firstIndex(where: \.isWhitespace) else {
      guard text.isEmpty else { throw ROSError(.unsupported, "a line without a name: '\(text.prefix(60))'") }
      return nil
    }
    let rest = text[end...].drop(while: \.isWhitespace)
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    if rest.isEmpty && text[..<end].isEmpty { return nil }
    guard !name.isEmpty else { throw ROSError(.unsupported, "a line without a name: '\(text.prefix(60))'") }
    // `TYPE NAME=VALUE` is a constant; what follows a name otherwise is a default.
    if rest.dropFirst(name.count).first(where: { !$0.isWhitespace }) == "=" { return nil }
    let (base, multiplicity) = try split(text[..<end])
    return .init(name: String(name), kind: try kind(base, package, depth), multiplicity: multiplicity)
  }

  /// "float64[36]" in its parts; "<=" bounds do not show in the bytes.
  private func split(_ type: Substring) throws -> (base: Substring, MessageDefinition.Multiplicity) {
    let base = type.prefix { $0 != "[" && $0 != "<" }
    guard let bracket = type.firstIndex(of: "[") else { return (base, .one) }
    let inside = type[type.index(after: bracket)...].prefix { $0 != "]" }
    if inside.isEmpty || inside.hasPrefix("<=") { return (base, .sequence) }
    guard let count = Int(inside), count >= 0, count <= Int(Int32.max) else {
      throw ROSError(.unsupported, "the length '\(inside.prefix(60))'")
    }
    return (base, .fixed(count))
  }

  private mutating func kind(_ base: Substring, _ package: String, _ depth: Int) throws -> MessageDefinition.Kind {
    if let primitive = MessageDefinition.Primitive(rawValue: String(base)) { return .primitive(primitive) }
    switch base {
    case "string": return .string
    case "wstring": return .wideString
    case "time", "duration": return .time
    case "Header": return .message(try type("std_msgs/Header", depth: depth + 1))
    case _ where base.contains("/"): return .message(try type(DefinitionParser.shortName(base), depth: depth + 1))
    case _: return .message(try type("\(package)/\(base)", depth: depth + 1))
    }
  }

  private func leastBytes(of field: MessageDefinition.Field) -> Int {
    let one =
      switch field.kind {
      case .primitive(let primitive): primitive.bytes
      case .string, .wideString: 4
      case .time: 8
      case .message(let number): types[number].leastBytes
      }
    switch field.multiplicity {
    case .one: return one
    case .sequence: return 4
    case .fixed(let count):
      let (product, overflow) = one.multipliedReportingOverflow(by: count)
      return overflow ? .max : product
    }
  }

  /// Saturating.
  private func sum(_ a: Int, _ b: Int) -> Int { a.addingReportingOverflow(b).overflow ? .max : a + b }
}

extension String {
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}

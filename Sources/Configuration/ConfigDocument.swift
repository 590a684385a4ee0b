public import Ground

/// A value of a TOML file.
public enum ConfigValue: Sendable, Hashable {
  case string(String)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case array([ConfigValue])
  case table([String: ConfigValue])
  /// Dates and times, which no field takes.
  case other

  /// What an error message calls it.
  public var kind: String {
    switch self {
    case .string: "a string"
    case .int: "an integer"
    case .double: "a number"
    case .bool: "true or false"
    case .array: "a list"
    case .table: "a table"
    case .other: "a date"
    }
  }
}

/// A TOML file with the line of every key, so that errors can point at it. Malformed text is an error, whatever it holds.
///
/// Manifests, the catalogue and the configuration are read with it: ``ConfigReader`` gives typed access.
public struct ConfigDocument: Sendable {
  /// What errors call the file.
  public let file: String
  public let root: [String: ConfigValue]
  /// Line numbers from 1 by dotted path ("input.size"); elements of an array of tables count from 0 ("chain.0.model").
  public let lines: [String: Int]

  /// Longer texts are no configuration.
  private static let byteLimit = 1 << 20

  /// Reads a TOML 1.0 text.
  ///
  /// - Parameter file: places the errors.
  /// - Throws: ``ConfigurationError`` that names the file and the line.
  public init(text: String, file: String) throws(ConfigurationError) {
    guard text.utf8.count <= ConfigDocument.byteLimit else {
      throw ConfigurationError(.tooLarge, "the file is too large", place: file)
    }
    self.file = file
    var builder = ConfigBuilder(text)
    do throws(TOMLScanner.Problem) { try builder.build() } catch {
      throw ConfigurationError(.badSyntax, "not valid TOML: \(error.what)", place: "\(file):\(error.line)")
    }
    root = builder.root.value
    lines = builder.lines
  }

  /// Where a key stands, for errors: the file and the line, "config.toml:12". A key of an inline table has no line of its own:
  /// its table's; a key that is not in the file has none.
  public func place(of path: String) -> String {
    var known = path
    while lines[known] == nil, let dot = known.lastIndex(of: ".") { known = String(known[..<dot]) }
    return file + (lines[known].map { ":\($0)" } ?? "")
  }
}

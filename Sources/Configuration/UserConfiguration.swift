public import Ground

/// The user's configuration file: TOML, with a section for each part of the program, which reads it from ``document``.
public struct UserConfiguration: Sendable {
  /// Where the file is looked for unless the user names another.
  public static var standardPath: String { UserFolders.configuration + "/config.toml" }
  /// Larger files are refused.
  private static let byteLimit = 256 << 10

  /// The file's path, for messages.
  public let file: String
  /// nil where there is no file, or none that can be used.
  public let document: ConfigDocument?
  /// Why the file has no effect; nil where it has one, and where there is none.
  public let problem: ConfigurationError?

  /// The tables that parts of the program read.
  public static let tables = [
    "bench", "camera", "chain", "dashboard", "detect", "export", "health", "keys", "merge", "models", "profile",
    "record", "recording", "replay", "run", "stage",
  ]

  /// The tables and keys at the top of the file that no part of the program reads, each with its line.
  public var strays: [ConfigurationError] {
    guard let document else { return [] }
    return document.root.keys.sorted().filter { !UserConfiguration.tables.contains($0) }.map { name in
      let near = Spelling.nearest(to: name, among: UserConfiguration.tables).map { "did you mean '\($0)'?" }
      let tables = "the tables are " + UserConfiguration.tables.joined(separator: ", ")
      return ConfigurationError(
        .badField, "'\(name)' is not known and has no effect", place: document.place(of: name), remedy: near ?? tables)
    }
  }

  /// Whether a file that cannot be used seems to hold one of these tables, or their keys: a line looks like its header.
  public func holdsTables(_ names: [String]) -> Bool {
    // Why it cannot be read is the problem that is told.
    guard problem != nil, let bytes = try? SmallFile.bytes(file, limit: 64 << 20) else { return false }
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
      let header = line.drop { $0 == "[" || $0.isWhitespace }
      let name = header.prefix { $0 != "]" && $0 != "." && !$0.isWhitespace }
      return line.contains("[") && names.contains(String(name))
    }
  }

  /// Reads the file. A missing one is in order: every setting is at its default.
  public init(file: String = UserConfiguration.standardPath) {
    self.file = file
    do throws(ConfigurationError) {
      document = try ConfigDocument(text: SmallFile.text(file, limit: UserConfiguration.byteLimit), file: file)
      problem = nil
    } catch {
      document = nil
      problem = error.kind == .notFound ? nil : error
    }
  }
}

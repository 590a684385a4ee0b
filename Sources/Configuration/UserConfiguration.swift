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

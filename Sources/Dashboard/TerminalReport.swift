import Glibc
import Ground

/// The capabilities of the terminal on standard output, as the dashboard would use them.
public struct TerminalReport: Sendable {
  /// The terminfo entry that would be used.
  public let entry: String
  /// The terminal's own type where this machine has no entry for it and ``entry`` is used instead.
  public let missingEntry: String?
  /// In words: "24-bit colours".
  public let colors: String
  /// In words: "blocks and braille".
  public let characters: String
  /// Columns and rows; nil where the terminal does not report them.
  public let size: (columns: Int, rows: Int)?

  private static let colorNames: [ColorDepth: String] = [
    .mono: "no colours", .eight: "8 colours", .sixteen: "16 colours", .indexed: "256 colours",
    .truecolor: "24-bit colours",
  ]
  private static let characterNames: [GlyphSet: String] = [
    .ascii: "ASCII only", .blocks: "blocks", .full: "blocks and braille",
  ]

  /// Inspects the environment and standard output, which must be a terminal.
  ///
  /// - Throws: ``DashboardError`` where the dashboard could not use it.
  public init() throws {
    TerminalCapabilities.useUnicode()
    let found = try TerminalCapabilities.detect(
      environment: { name in getenv(name).map { String(cString: $0) } }, terminal: STDOUT_FILENO, forced: nil)
    entry = found.term
    missingEntry = found.missingEntry
    colors = Self.colorNames[found.depth] ?? found.depth.rawValue
    characters = Self.characterNames[found.glyphs] ?? found.glyphs.rawValue
    size = Terminal.size()
  }
}

import ArgumentParser
import Dashboard
import Ground
import Service

/// `ocellus themes`: the themes that can be named.
struct ThemesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "themes", abstract: "List the themes and where each one is stored.",
    discussion: "EXAMPLES\n  ocellus themes\n  ocellus --theme gruvbox")

  func run() {
    for theme in Dashboard.themes(folders: Installation.folders(of: "themes")) {
      StandardStreams.writeLine("\(theme.name)\t\(theme.path ?? "built in")")
    }
  }
}

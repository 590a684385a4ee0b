import ArgumentParser
import Foundation

/// `ocellus themes`: the themes that can be named.
struct ThemesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "themes", abstract: "List the themes and where each is found.",
    discussion: "EXAMPLES\n  ocellus themes\n  ocellus --theme gruvbox")

  func run() throws {
    var seen: Set<String> = []
    for folder in Installation.folders(of: "themes") {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for file in files.sorted() where file.hasSuffix(".theme") {
        let name = String(file.dropLast(".theme".count))
        if seen.insert(name).inserted { print("\(name)\t\(folder)/\(file)") }
      }
    }
    if seen.isEmpty {
      throw CommandFailure(
        what: "no themes found", remedy: "the built-in theme still works; `make install` puts the others in place")
    }
  }
}

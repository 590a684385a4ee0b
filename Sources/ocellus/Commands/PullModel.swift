import ArgumentParser
import Configuration
import Dashboard
import Foundation
import Glibc
import Ground
import Perception
import Service

/// `ocellus models pull`: brings a network of the catalogue.
struct PullModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Download a model from the catalogue.",
    discussion: """
      Without a name, the catalogue is listed. If a download is interrupted, run the
      command again to resume it. The file gets its final name only if its hash is
      correct. Proxies are read from https_proxy and http_proxy.

      EXAMPLES
        ocellus models pull
        ocellus models pull mobilenetv2-12
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "NAME"))
  var name: String?

  @Flag(name: .long, help: "Do not connect to the internet; fail if the model has not been downloaded yet.")
  var offline = false

  func run() throws {
    let catalogue = try PullModel.catalogue()
    guard let name else {
      for entry in catalogue.entries {
        let size = Text.bytes(Double(entry.bytes))
        StandardStreams.writeLine([entry.name, entry.task.rawValue, size, entry.license].joined(separator: "\t"))
      }
      return
    }
    let entry = try catalogue.entry(named: name)
    let interruption = Interruption()
    let shows = isatty(STDERR_FILENO) == 1
    let download = ModelDownload(folder: UserFolders.data("models"), offline: offline)
    do {
      let path = try download.fetch(entry) { progress in
        if shows { PullModel.show(progress) }
      } isCancelled: {
        interruption.hasCome
      }
      if shows { StandardStreams.writeError("\r\u{1B}[K") }
      StandardStreams.writeLine(path)
    } catch {
      if shows { StandardStreams.writeError("\r\u{1B}[K") }
      try interruption.exitIfInterrupted()
      throw error
    }
  }

  static func catalogue() throws -> Catalogue {
    let folders = Installation.folders(of: "models")
    let paths = folders.map { $0 + "/catalogue.toml" }
    guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw CommandFailure(
        what: "the catalogue is missing", place: folders.joined(separator: ", "),
        remedy: "it is models/catalogue.toml of the installation")
    }
    return try Catalogue(path: path)
  }

  private static func show(_ progress: ModelDownload.Progress) {
    let share = 100 * Double(progress.received) / Double(max(1, progress.total))
    let received = Double(progress.received) / 1e6
    let total = Double(progress.total) / 1e6
    StandardStreams.writeError(String(format: "\r\u{1B}[K%3.0f %%  %.1f of %.1f MB", share, received, total))
  }
}

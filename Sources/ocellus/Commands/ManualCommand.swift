import ArgumentParser
import Ground

/// `ocellus manual`: the manual page, for `make install`.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Print the manual page ocellus(1), in roff.",
    discussion: """
      EXAMPLES
        ocellus manual | man -l -
      """)

  func run() throws {
    StandardStreams.writeLines(ManualPage.text(try CommandTable.read(), version: Program.version))
  }
}

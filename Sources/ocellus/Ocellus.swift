import ArgumentParser
import CAllocations
import Configuration
import Dashboard
import Glibc
import Ground

/// The program: `ocellus` alone is `ocellus run`.
@main
struct Ocellus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ocellus",
    abstract: "A terminal dashboard for live camera perception.",
    discussion: """
      Without a command, it opens the dashboard on the first camera that works, or on the
      demo scene if there is none.

      EXAMPLES
        ocellus                                the dashboard
        ocellus --source demo:seed=7           the dashboard on a rendered scene
        ocellus --model best.onnx              a model of your own
        ocellus run --headless --json          no terminal: one JSON line per frame
        ocellus detect photo.jpg --save out    save a copy of the photo with the boxes drawn
        ocellus doctor                         check cameras, terminal, models and programs
      """,
    version: Program.version,
    subcommands: [
      RunCommand.self, DetectCommand.self, InferCommand.self, BenchCommand.self, ModelsCommand.self,
      RecordCommand.self, ReplayCommand.self, RecoverCommand.self, ExportCommand.self, InfoCommand.self,
      ReferencesCommand.self, DevicesCommand.self, ThemesCommand.self, EnginesCommand.self, DoctorCommand.self,
      ManualCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  static func main() {
    StandardStreams.occupy()
    // A limit of the size of files (setrlimit(2), RLIMIT_FSIZE) is an error of writing, not the end by a signal.
    signal(SIGXFSZ, SIG_IGN)
    oca_before_ending(TerminalRescue.act)
    do {
      try checkArguments()
      var command = try parsed()
      try command.run()
      try StandardStreams.flush()
    } catch {
      end(with: error)
    }
  }

  /// - Throws: ``CommandFailure`` for an argument whose bytes are not UTF-8: as text it would name another file.
  private static func checkArguments() throws {
    for index in 0..<Int(CommandLine.argc) {
      guard let bytes = CommandLine.unsafeArgv[index], String(validatingCString: bytes) == nil else { continue }
      throw CommandFailure(
        what: "an argument is not UTF-8 text", place: String(cString: bytes), remedy: String.lostBytesRemedy)
    }
  }

  /// The command with the configuration's flags before those that were typed.
  ///
  /// - Throws: the parser's error; one that only the configuration's flags cause names the file and the line.
  private static func parsed() throws -> any ParsableCommand {
    let arguments = try ConfiguredArguments(
      Array(CommandLine.arguments.dropFirst()), user: UserConfiguration(),
      names: configuration.subcommands.compactMap { $0.configuration.commandName }, table: CommandTable.read)
    do {
      return try parseAsRoot(arguments.all)
    } catch {
      guard !arguments.configured.isEmpty, !exitCode(for: error).isSuccess else { throw error }
      do { _ = try parseAsRoot(arguments.plain) } catch { throw error }
      throw culprit(of: error, in: arguments)
    }
  }

  /// The parser's error with the place of the argument that causes it by itself, or of the first where several do together.
  private static func culprit(of error: any Error, in arguments: ConfiguredArguments) -> CommandFailure {
    for (index, (argument, place)) in arguments.configured.enumerated() {
      do { _ = try parseAsRoot(arguments.all(with: index)) } catch {
        return CommandFailure(
          what: "the configuration's flags: \(message(for: error))", place: place, remedy: "it gives \(argument)")
      }
    }
    let given = arguments.configured.map(\.argument).joined(separator: " ")
    return CommandFailure(
      what: "the configuration's flags: \(message(for: error))", place: arguments.configured.first?.place ?? "",
      remedy: "its tables give \(given)")
  }

  /// Ends the program as ArgumentParser's own `exit(withError:)` does, except that control characters, which errors may quote from
  /// arguments, files and devices, do not reach the terminal.
  private static func end(with error: any Error) -> Never {
    var status = exitCode(for: error)
    let message = fullMessage(for: error)
    if status.isSuccess {
      if !message.isEmpty { StandardStreams.writeLines(message + "\n") }
      do { try StandardStreams.flush() } catch {
        StandardStreams.writeErrorLine("Error: \(error)")
        status = .failure
      }
    } else if !message.isEmpty {
      StandardStreams.writeErrorLines(message + "\n")
    }
    Glibc.exit(status.rawValue)
  }
}

import ArgumentParser
import Ground

/// The program: `ocellus` alone is `ocellus run`.
@main
struct Ocellus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ocellus",
    abstract: "A terminal dashboard for live camera perception.",
    discussion: """
      Without a command, opens the dashboard on the first camera that works, else on the demo scene.

      EXAMPLES
        ocellus                                the dashboard
        ocellus --source demo:seed=7           the dashboard on a rendered scene
        ocellus --model best.onnx              with a network of your own
        ocellus run --headless --json          no terminal: a line of JSON a frame
        ocellus detect photo.jpg --save out    boxes drawn into a copy of the photo
        ocellus doctor                         what works here, and what does not
      """,
    version: Program.version,
    subcommands: [
      RunCommand.self, DetectCommand.self, InferCommand.self, BenchCommand.self, ModelsCommand.self,
      RecordCommand.self, ReplayCommand.self, RecoverCommand.self, ExportCommand.self, InfoCommand.self,
      DevicesCommand.self, ThemesCommand.self, EnginesCommand.self, DoctorCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  static func main() {
    StandardStreams.occupy()
    main(nil)
    do { try StandardStreams.flush() } catch { exit(withError: error) }
  }
}

import ArgumentParser
import Ground
import Recording

/// `ocellus recover`: everything whole out of a recording that was cut off or damaged.
struct RecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover", abstract: "Save what is whole of a recording that was cut off or damaged.",
    discussion: """
      Status 0: nothing was lost; 3: it worked, and something was lost, which is
      listed. OUT is never overwritten, and is not there when it did not work.

      EXAMPLES
        ocellus recover ocellus-20261121-093512.mcap.active saved.mcap
        ocellus recover robot.bag.mcap whole.mcap; echo $?
      """)

  @Argument(help: ArgumentHelp("The damaged recording; it is not changed.", valueName: "IN"))
  var input: String

  @Argument(help: ArgumentHelp("The new recording; must not exist.", valueName: "OUT"))
  var output: String

  func run() throws {
    let interruption = Interruption()
    let progress = ProgressLine("recovering")
    let report: Recovery.Report
    do {
      report = try Recovery.recover(from: try FileBytes(path: input), to: output) { share in
        progress.show(share)
        return !interruption.hasCome
      }
    } catch let error as RecordingError where error.kind == .cancelled { throw ExitCode(130) }
    progress.clear()
    report.lines.forEach { print($0.plainLine) }
    if !report.isComplete { throw ExitCode(3) }
  }
}

import ArgumentParser
import Ground
import Recording

/// `ocellus recover`: everything whole out of a recording that was cut off or damaged.
struct RecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover", abstract: "Save the intact part of a recording that was cut off or damaged.",
    discussion: """
      Exit status 0: nothing was lost. Exit status 3: the recording was recovered, and
      the parts that were lost are listed. OUT is never overwritten, and it is not
      created if the recovery fails.

      EXAMPLES
        ocellus recover ocellus-20261121-093512.mcap.active saved.mcap
        ocellus recover robot.bag.mcap whole.mcap; echo $?
      """)

  @Argument(help: ArgumentHelp("The damaged recording, which is not changed.", valueName: "IN"))
  var input: String

  @Argument(help: ArgumentHelp("The new recording, which must not exist yet.", valueName: "OUT"))
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
    report.lines.forEach(StandardStreams.writeLine)
    if !report.isComplete { throw ExitCode(3) }
  }
}

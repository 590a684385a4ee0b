public import ArgumentParser
import Foundation
import Ground
import Recording

extension RecordingExport.Format: ExpressibleByArgument {}

/// `ocellus export`: a recording as other tools want it.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Convert a recording into a data set, a table, pictures or a video.",
    discussion: """
      FORMATS
        coco    a folder with the pictures and annotations.json in COCO's format
        csv     one line per detection
        jsonl   one JSON line per frame, as `ocellus run --json` prints them
        frames  a folder with the pictures as they were recorded
        video   a video, encoded by ffmpeg

      Nothing is overwritten: the output must not exist, or must be an empty folder.
      The output gets its name when it is complete. An export that fails or is
      interrupted (status 130) leaves no file.

      EXAMPLES
        ocellus export day.mcap --to coco --output day-coco
        ocellus export day.mcap --to csv --output day.csv
        ocellus export day.mcap --to frames --output frames
        ocellus export day.mcap --to video --output day.mp4
      """)

  @Argument(help: ArgumentHelp("The recording.", valueName: "FILE.mcap"))
  var file: String

  @Option(name: .long, help: "Format: coco, csv, jsonl, frames or video.")
  var to: RecordingExport.Format

  @Option(name: [.long, .short], help: ArgumentHelp("The file or folder to write; must not exist.", valueName: "PATH"))
  var output: String

  @Option(
    name: .long, help: ArgumentHelp("Topic of the pictures, if the file has several cameras.", valueName: "TOPIC"))
  var topic: String?

  @Option(
    name: .long, help: ArgumentHelp("Topic of the results, if the file has several detectors.", valueName: "TOPIC"))
  var results: String?

  func run() throws {
    let interruption = Interruption()
    let progress = ProgressLine("exporting")
    let report: RecordingExport.Report
    do {
      var options = RecordingExport.Options()
      options.topic = topic
      options.results = results
      report = try RecordingExport(path: file, options: options).write(to, to: output) { share in
        progress.show(share)
        return !interruption.hasCome
      }
    } catch let error as RecordingError where error.kind == .cancelled { throw ExitCode(130) }
    progress.clear()
    for note in report.notes { StandardStreams.writeErrorLine(note) }
    let detections = to.holdsDetections ? ", \(counted(report.detections, "detection"))" : ""
    let damaged =
      report.damaged > 0 ? ", \(counted(report.damaged, "frame")) \(report.damaged == 1 ? "was" : "were") damaged" : ""
    StandardStreams.writeLine("\(output): \(counted(report.frames, "frame"))\(detections)\(damaged)")
  }
}

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
        yolo    a folder with pictures and labels in YOLO's format, and data.yaml; the
                last part of each recording's time (--validation) is for validation
        csv     one line per detection
        jsonl   one JSON line per frame, as `ocellus run --json` prints them
        frames  a folder with the pictures as they were recorded
        video   a video, encoded by ffmpeg

      Nothing is overwritten: the output must not exist, or must be an empty folder.
      The output gets its name when it is complete. An export that fails or is
      interrupted (status 130) leaves no file.

      Several recordings make one data set (coco, yolo) with one list of classes.
      Moments are counted from the start of the recording (90s, 1:30, 1:02:03) or are in
      UTC (2026-11-30T14:05:20Z).

      EXAMPLES
        ocellus export day.mcap --to coco --output day-coco
        ocellus export day.mcap --to csv --output day.csv
        ocellus export day.mcap --to frames --output frames
        ocellus export day.mcap --to video --annotate --output day.mp4
        ocellus export day.mcap --to video --from 1:30 --to-time 2:00 --output short.mp4
        ocellus export mon.mcap tue.mcap --to yolo --every 10 --label person --output set
        ocellus export rosbag2_2026_11_30-14_05_20 --to frames --output frames
      """)

  @Argument(help: ArgumentHelp("The recording: a file or a bag's folder.", valueName: "FILE|FOLDER"))
  var files: [String]

  @Option(name: .long, help: ArgumentHelp("Format: coco, yolo, csv, jsonl, frames or video.", valueName: "FORMAT"))
  var to: RecordingExport.Format

  @Option(name: [.long, .short], help: ArgumentHelp("The file or folder to write; must not exist.", valueName: "PATH"))
  var output: String

  @Option(
    name: .long, help: ArgumentHelp("Topic of the pictures, if the file has several cameras.", valueName: "TOPIC"))
  var topic: String?

  @Option(
    name: .long, help: ArgumentHelp("Topic of the results, if the file has several detectors.", valueName: "TOPIC"))
  var results: String?

  @Option(name: .long, help: ArgumentHelp("Begin at this moment.", valueName: "MOMENT"))
  var from: String?

  @Option(name: .long, help: ArgumentHelp("End at this moment.", valueName: "MOMENT"))
  var toTime: String?

  @Option(name: .long, help: ArgumentHelp("Take every Nth frame only.", valueName: "N"))
  var every: Int = 1

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Take frames with objects of this label only, and only these objects (jsonl: whole lines). May be repeated.",
      valueName: "LABEL"))
  var label: [String] = []

  @Flag(name: .long, help: "Draw the boxes into the video.")
  var annotate = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "yolo: this share of each recording's time, the last, is for validation (20%).", valueName: "SHARE"))
  var validation: String = "20%"

  func validate() throws {
    guard !files.isEmpty else { throw ValidationError("name a recording") }
    guard every >= 1 else { throw ValidationError("--every takes 1 or more") }
    guard files.count == 1 || to.takesSeveral else {
      throw ValidationError("--to \(to.rawValue) takes one recording; coco and yolo make one data set of several")
    }
    if annotate, to != .video { throw ValidationError("--annotate goes with --to video") }
    _ = try options()
  }

  private func options() throws -> RecordingExport.Options {
    var options = RecordingExport.Options()
    options.topic = topic
    options.results = results
    options.isAnnotated = annotate
    options.selection.every = every
    options.selection.labels = Set(label)
    func moment(_ text: String?, _ name: String) throws -> RecordingMoment? {
      do { return try text.map { try RecordingMoment(parsing: $0) } } catch let error as RecordingError {
        throw ValidationError("\(name): \(error.line)")
      }
    }
    options.selection.from = try moment(from, "--from")
    options.selection.to = try moment(toTime, "--to-time")
    let isPercent = validation.hasSuffix("%")
    guard let number = Double(isPercent ? String(validation.dropLast()) : validation),
      (0..<1).contains(isPercent ? number / 100 : number)
    else { throw ValidationError("--validation takes 0% to 99%, or 0 to 0.99") }
    options.validation = isPercent ? number / 100 : number
    return options
  }

  func run() throws {
    let interruption = Interruption()
    let progress = ProgressLine("exporting")
    let report: RecordingExport.Report
    do {
      let options = try options()
      let exports = try files.map { try RecordingExport(path: $0, options: options) }
      report = try RecordingExport.write(exports, to, to: output) { share in
        progress.show(share)
        return !interruption.hasCome
      }
    } catch let error as RecordingError where error.kind == .cancelled { throw ExitCode(130) }
    progress.clear()
    for note in report.notes { StandardStreams.writeErrorLine(note) }
    let detections = to.holdsDetections ? ", \(report.detections) detections" : ""
    let damaged = report.damaged > 0 ? ", \(report.damaged) frames were damaged" : ""
    StandardStreams.writeLine("\(output): \(report.frames) frames\(detections)\(damaged)")
  }
}

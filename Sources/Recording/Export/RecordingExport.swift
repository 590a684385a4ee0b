import Capture
import Foundation
import Ground
import Perception
import Pipeline
import Vision

/// Takes recordings apart into what other tools want.
public struct RecordingExport: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    /// A folder: `annotations.json` in COCO's format and the pictures in `images/`.
    case coco
    /// A folder in YOLO's format: `data.yaml`, pictures and labels for training and for validation.
    case yolo
    /// A table, a line a detection.
    case csv
    /// A line of JSON a frame, as `ocellus run --json` prints them.
    case jsonl
    /// A folder of pictures, as they were recorded.
    case frames
    /// A video, made by ffmpeg.
    case video

    /// Whether what was found on the frames goes along.
    public var holdsDetections: Bool {
      switch self {
      case .coco, .yolo, .csv, .jsonl: true
      case .frames, .video: false
      }
    }

    /// Whether several recordings make one data set.
    public var takesSeveral: Bool {
      switch self {
      case .coco, .yolo: true
      case .csv, .jsonl, .frames, .video: false
      }
    }
  }

  /// What an export wrote.
  public struct Report: Sendable, Equatable {
    public var frames = 0
    public var detections = 0
    /// Frames that could not be read.
    public var damaged = 0
    /// What of the recording was left out, and why: a sentence each.
    public var notes: [String] = []

    /// Why the first damaged frame could not be read.
    var firstTrouble: String?

    mutating func note(damage: String) {
      damaged += 1
      firstTrouble = firstTrouble ?? damage
    }

    /// An output without a frame is none.
    func checkNotEmpty(_ place: String) throws {
      guard frames == 0 else { return }
      let why = firstTrouble.map { ": \($0)" } ?? ""
      throw RecordingError(.nothingToDo, "no frame could be exported\(why)", place: place)
    }
  }

  /// Which part of a recording is exported.
  public struct Options: Sendable {
    /// The topic of the pictures, in a recording with several cameras.
    public var topic: String?
    /// The topic of the results, in a recording with several detectors.
    public var results: String?
    public var selection = ExportSelection()
    /// Whether the pictures of a video have boxes drawn on them.
    public var isAnnotated = false
    /// The last share of each recording's time that is for validation, 0..<1, in formats that tell it from training.
    public var validation = 0.2

    public init() {}
  }

  /// One frame with what was found on it.
  struct Entry {
    /// Counts from 1.
    var number: Int
    var logTime: UInt64
    /// Seconds after the first.
    var seconds: Double
    var result: RecordedResult
  }

  let reader: any RecordingReader
  let options: Options

  public init(_ reader: any RecordingReader, options: Options = Options()) {
    self.reader = reader
    self.options = options
  }

  public init(path: String, options: Options = Options()) throws {
    self.init(try Recordings.open(path), options: options)
  }

  /// Writes the recording in `format` to `output`, which must not exist.
  ///
  /// - Parameter progress: called with the share done, 0...1; false cancels.
  /// - Throws: ``RecordingError``, also when there was nothing to write; nothing is left under `output` then.
  public func write(
    _ format: Format, to output: String, progress: (Double) -> Bool = { _ in true }
  ) throws -> Report {
    switch format {
    case .coco, .yolo: try RecordingExport.write([self], format, to: output, progress: progress)
    case .csv: try writeText(output, header: RecordingExport.csvHeader, progress, csvLines)
    case .jsonl: try writeText(output, header: nil, progress, jsonLines)
    case .frames: try FramesExport(self).write(to: output, progress)
    case .video: try VideoExport(self).write(to: output, progress)
    }
  }

  /// Writes several recordings as one data set, with one list of classes, to the folder `output`, which must not exist.
  ///
  /// - Throws: as ``write(_:to:progress:)``, and for formats that take one recording.
  public static func write(
    _ exports: [RecordingExport], _ format: Format, to output: String, progress: (Double) -> Bool = { _ in true }
  ) throws -> Report {
    guard format.takesSeveral else {
      guard exports.count == 1 else {
        throw RecordingError(
          .badArgument, "\(format.rawValue) takes one recording", remedy: "coco and yolo make one data set of several")
      }
      return try exports[0].write(format, to: output, progress: progress)
    }
    let folder = try OutputFolder(output)
    do {
      let sources = try exports.enumerated().map { number, export in
        try DataSetSource(export, number: exports.count > 1 ? number + 1 : nil)
      }
      let report =
        format == .yolo
        ? try YOLOExport(sources, validation: exports.first?.options.validation ?? 0).write(
          into: folder.working, progress)
        : try COCOExport(sources).write(into: folder.working, progress)
      try folder.finish()
      return report
    } catch {
      folder.discard()
      throw error
    }
  }

  /// The pictures that are exported.
  func pictures() throws -> PictureTrack { try PictureTrack(reader, topic: options.topic) }

  /// The results of the pictures.
  func results(of pictures: PictureTrack?) throws -> ResultTrack {
    try ResultTrack(reader, pictures: pictures, topic: options.results)
  }

  /// The classes of all results.
  func classes(of results: ResultTrack) -> ClassList { ClassList([(reader.metadata, sighting(in: results))]) }

  /// What the results say about classes.
  func sighting(in results: ResultTrack) -> ClassList.Sighting {
    var sighting = ClassList.Sighting()
    // A result that cannot be read says no classes; it is reported where it is written.
    for number in 0..<results.count { if let result = try? results.result(number) { sighting.note(result) } }
    return sighting
  }

  func check(_ progress: (Double) -> Bool, _ done: Int, of total: Int) throws {
    guard progress(Double(done) / Double(max(1, total))) else {
      throw RecordingError(.cancelled, "cancelled", place: reader.name)
    }
  }

  // MARK: Text

  private static let csvHeader =
    "frame,seconds,timestamp_ns,track,label,class_id,confidence,x,y,width,height,second_label,second_confidence,time"

  private func writeText(
    _ output: String, header: String?, _ progress: (Double) -> Bool,
    _ lines: (Entry, () -> ClassList) throws -> [String]
  ) throws -> Report {
    let results = try results(of: try picturesOfResults())
    guard !results.isEmpty else {
      throw RecordingError(
        .nothingToDo, "the recording holds no results that can be read", place: reader.name,
        remedy: results.notes.first ?? "")
    }
    let text = try OutputText(output)
    do {
      var report = Report()
      report.notes = results.notes
      if let header { try text.write(header + "\n") }
      let locations = results.locations
      lazy var classes = classes(of: results)
      let chosen = options.selection.frames(locations.map(\.logTime))
      for (done, index) in chosen.enumerated() {
        if done % 32 == 0 { try check(progress, done, of: chosen.count) }
        let location = locations[index]
        var result: RecordedResult
        do { result = try results.result(index) } catch {
          report.note(damage: RecordedResult.reason(error))
          continue
        }
        guard let objects = options.selection.objects(result.findings.detections) else { continue }
        result.findings.detections = objects
        let entry = Entry(
          number: index + 1, logTime: location.logTime,
          seconds: Double(location.logTime - locations[0].logTime) / 1e9, result: result)
        for line in try lines(entry, { classes }) { try text.write(line + "\n") }
        report.frames += 1
        report.detections += result.findings.detections.count
      }
      try report.checkNotEmpty(reader.name)
      try text.finish()
      return report
    } catch {
      text.discard()
      throw error
    }
  }

  /// The pictures whose results are written; nil where the recording has results alone.
  private func picturesOfResults() throws -> PictureTrack? {
    if options.topic != nil { return try pictures() }
    // The results do not need them; whether there are any is no question here.
    return try? pictures()
  }

  private func csvLines(_ entry: Entry, _ classes: () -> ClassList) -> [String] {
    entry.result.findings.detections.map { detection in
      let box = detection.box
      let second = detection.classes.first
      let fields: [String] = [
        String(entry.number), String((entry.seconds * 1e6).rounded() / 1e6), String(entry.logTime),
        detection.track.map(String.init) ?? "", quoted(detection.label), String(classes().number(of: detection)),
        decimal(detection.confidence, 4), decimal(box.x, 2), decimal(box.y, 2), decimal(box.width, 2),
        decimal(box.height, 2), quoted(second?.label ?? ""), second.map { decimal($0.confidence, 4) } ?? "",
        UTCText.milliseconds(entry.logTime),
      ]
      return fields.joined(separator: ",")
    }
  }

  private func quoted(_ text: String) -> String {
    let text = text.plainLine
    guard text.contains(where: { $0 == "," || $0 == "\"" }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  private func decimal(_ value: Float, _ digits: Int) -> String { String(rounded(value, digits)) }

  private func jsonLines(_ entry: Entry, _ classes: () -> ClassList) throws -> [String] {
    let result = entry.result
    if let line = result.line { return [RecordingExport.dated(line.plainJSON, result, entry.logTime)] }
    // Another program's recording: the same fields, as far as they are known.
    let record = ForeignRecord(
      frame: entry.number, timestamp_ns: entry.logTime, time: UTCText.milliseconds(entry.logTime), source: reader.name,
      detections: result.findings.detections.map { detection in
        var numbered = detection
        numbered.classID = classes().number(of: detection)
        return DetectionRecord(numbered, frameWidth: 0, frameHeight: 0)
      },
      classes: result.findings.classes)
    return [try record.jsonLine()]
  }

  /// A recorded line with its time in UTC, which earlier programs did not write.
  private static func dated(_ line: String, _ result: RecordedResult, _ logTime: UInt64) -> String {
    guard result.wall == nil, let brace = line.firstIndex(of: "{") else { return line }
    return "{\"time\":\"\(UTCText.milliseconds(logTime))\"," + line[line.index(after: brace)...]
  }

  private struct ForeignRecord: Encodable {
    var frame: Int
    /// Nanoseconds since 1970: other programs' recordings say no other clock.
    var timestamp_ns: UInt64
    var time: String
    var source: String
    var detections: [DetectionRecord]
    var classes: [Classification]
  }
}

/// Rounds to this many decimals, as the commands' JSON does.
func rounded(_ value: Float, _ digits: Int) -> Double {
  guard value.isFinite else { return 0 }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  return (Double(value) * scale).rounded() / scale
}

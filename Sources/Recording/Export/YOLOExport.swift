import Foundation
import Ground
import Perception
import Vision

/// Recordings as a data set in YOLO's format: `data.yaml`, `images/train`, `images/val`, and for each picture a text with a
/// line an object: its class, and the centre and the sides of its box as shares of the picture.
///
/// Source: https://docs.ultralytics.com/datasets/detect/. The last part of each recording is for validation: neighbouring frames
/// look alike, and a network that has seen one has seen the other.
struct YOLOExport {
  private let sources: [DataSetSource]
  private let validation: Double

  init(_ sources: [DataSetSource], validation: Double) {
    self.sources = sources
    self.validation = validation
  }

  func write(into folder: String, _ progress: (Double) -> Bool) throws -> RecordingExport.Report {
    for name in ["images/train", "images/val", "labels/train", "labels/val"] {
      do throws(SystemError) { try SystemFileLayer().makeDirectory(folder + "/" + name) } catch {
        throw OutputFile.explain(error, "make the folder", folder)
      }
    }
    let classes = DataSetSource.classes(of: sources)
    var report = RecordingExport.Report()
    for (number, source) in sources.enumerated() {
      let boundary = boundary(of: source)
      func part(_ time: UInt64) -> String { time < boundary ? "train" : "val" }
      report.notes += source.results.notes
      try source.forEach(&report, into: { folder + "/images/" + part($0) }) {
        progress((Double(number) + $0) / Double(sources.count))
      } _: { item in
        let lines = item.objects.compactMap { object in
          YOLOLabels.line(
            of: object, classes.number(of: object), frameWidth: item.picture.width, frameHeight: item.picture.height)
        }.map { $0 + "\n" }
        let plain = item.name.lastIndex(of: ".").map { String(item.name[..<$0]) } ?? item.name
        try OutputFile.write(Array(lines.joined().utf8), to: "\(folder)/labels/\(part(item.logTime))/\(plain).txt")
      }
    }
    try report.checkNotEmpty(sources.map(\.export.reader.name).joined(separator: ", "))
    try OutputFile.write(
      Array(YOLOLabels.description(train: "images/train", val: "images/val", names(classes)).utf8),
      to: folder + "/data.yaml")
    return report
  }

  /// The log time from which on a recording's pictures are for validation.
  private func boundary(of source: DataSetSource) -> UInt64 {
    let locations = source.frames.pictures.locations
    guard validation > 0, let first = source.chosen.first, let last = source.chosen.last else { return .max }
    let (begin, end) = (locations[first].logTime, locations[last].logTime)
    guard end > begin else { return .max }
    return end - UInt64(saturating: Double(end - begin) * validation)
  }

  /// A name for every number up to the last.
  private func names(_ classes: ClassList) -> [String] {
    (0...max(0, classes.names.keys.max() ?? 0)).map { classes.names[$0] ?? "class \($0)" }
  }
}

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
        let lines = item.objects.compactMap { line(of: $0, in: item.picture, classes) }.map { $0 + "\n" }
        let plain = item.name.lastIndex(of: ".").map { String(item.name[..<$0]) } ?? item.name
        try OutputFile.write(Array(lines.joined().utf8), to: "\(folder)/labels/\(part(item.logTime))/\(plain).txt")
      }
    }
    try report.checkNotEmpty(sources.map(\.export.reader.name).joined(separator: ", "))
    try OutputFile.write(Array(description(classes).utf8), to: folder + "/data.yaml")
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

  /// nil for an object that lies outside of the picture.
  private func line(of object: Detection, in picture: Image, _ classes: ClassList) -> String? {
    let (width, height) = (Float(picture.width), Float(picture.height))
    let box = object.box
    let (left, right) = (max(0, min(width, box.x)), max(0, min(width, box.x + box.width)))
    let (top, bottom) = (max(0, min(height, box.y)), max(0, min(height, box.y + box.height)))
    guard right > left, bottom > top else { return nil }
    let numbers = [
      (left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height,
    ]
    return "\(classes.number(of: object)) " + numbers.map { String(rounded($0, 6)) }.joined(separator: " ")
  }

  /// `data.yaml`. Trainers want a name for every number up to the last.
  private func description(_ classes: ClassList) -> String {
    var text = "path: .\ntrain: images/train\nval: images/val\nnames:\n"
    for number in 0...max(0, classes.names.keys.max() ?? 0) {
      text += "  \(number): \(YOLOExport.quoted(classes.names[number] ?? "class \(number)"))\n"
    }
    return text
  }

  /// A double-quoted scalar of YAML (1.2, 7.3.1): names may hold anything.
  private static func quoted(_ name: String) -> String {
    "\"" + name.plainLine.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}

import Foundation
import Ground
import Perception
import Pipeline
import Service
import Vision

/// What the stages said of a picture, in lines for people.
struct DetectionText {
  let lines: [String]

  init(_ picture: LonePicture, _ findings: Findings) {
    var lines = ["\(Self.place(picture)): \(counted(findings.detections.count, "detection"))"]
    lines += findings.detections.map(Self.object)
    if !findings.matches.isEmpty { lines.append(" \(Self.likeness(findings.matches))") }
    for (_, map) in findings.layers.all(SegmentationMap.self) { lines += Self.shares(map) }
    for (_, map) in findings.layers.all(DepthMap.self) {
      lines.append("  depth \(map.columns)x\(map.rows), \(map.range.lowerBound) to \(map.range.upperBound)")
    }
    lines += findings.classes.prefix(5).map { "  \(Self.percent($0.confidence))  \($0.label)" }
    self.lines = lines
  }

  private static func place(_ picture: LonePicture) -> String {
    guard let frame = picture.frame else { return picture.name }
    let moment = picture.seconds.map { String(format: " at %.3f s", $0) } ?? ""
    return "\(picture.name), \(picture.file ?? "frame \(frame)")\(moment)"
  }

  private static func object(_ detection: Detection) -> String {
    let b = detection.box
    let second = detection.attributes.all(Classes.self).compactMap(\.content.list.first).map {
      "  \($0.label) \(percent($0.confidence))"
    }.joined()
    return "  \(percent(detection.confidence))  \(detection.label)  "
      + "[\(Int(saturating: b.x)), \(Int(saturating: b.y)), \(Int(saturating: b.width)), \(Int(saturating: b.height))]\(second)\(likeness(detection.matches))"
  }

  /// How much of the picture each class covers, the five largest.
  private static func shares(_ map: SegmentationMap) -> [String] {
    let counts = Dictionary(grouping: map.classes, by: \.self).mapValues(\.count)
    return counts.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }).prefix(5).map { id, count in
      let name = map.labels.indices.contains(Int(id)) ? map.labels[Int(id)] : "class \(id)"
      return "  \(percent(Float(count) / Float(max(1, map.classes.count))))  of the picture is \(name)"
    }
  }

  private static func likeness(_ matches: [Likeness.Match]) -> String {
    matches.first { $0.similarity >= Likeness.near }.map {
      "  like \($0.name) \(String(format: "%.2f", $0.similarity))"
    } ?? ""
  }

  private static func percent(_ share: Float) -> String { String(format: "%5.1f%%", share * 100) }
}

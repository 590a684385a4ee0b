import Ground
import Configuration
import Perception
import Vision

/// Makes one object of what several detectors found in one place: the most confident detection stays and carries the
/// others' as ``Sighting``s.
final class MergeStage: Stage {
  static let definition = StageDefinition(
    kind: "merge", summary: "one object of what several detectors found in one place", isPrimary: false,
    parameters: ["rule", "iou"]
  ) { spec, id, _ in
    let reader = ConfigReader(spec.parameters)
    let rule = try reader.choice("rule", MergeRule.allCases.map { ($0.rawValue, $0) }) ?? .sameClass
    let overlap = try reader.number("iou", in: 0.01...1) ?? usualOverlap
    try reader.finish()
    return prepared(spec, id, rule: rule, overlap: overlap)
  }

  static let usualOverlap: Float = 0.5

  static func prepared(
    _ spec: StageSpec, _ id: StageID, rule: MergeRule, overlap: Float = usualOverlap
  ) -> PreparedStage {
    PreparedStage(id: id, kind: definition.kind, spec: spec) { MergeStage(rule: rule, overlap: overlap) }
  }

  private let rule: MergeRule
  private let overlap: Float

  init(rule: MergeRule, overlap: Float) {
    self.rule = rule
    self.overlap = overlap
  }

  /// Detections are best first, and so is what stays.
  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    guard rule != .apart, let first = findings.detections.first,
      findings.detections.contains(where: { $0.stage != first.stage })
    else { return nil }
    var kept: [Detection] = []
    for detection in findings.detections {
      if let index = kept.firstIndex(where: { isSame($0, detection) }) {
        let sighting = Sighting(
          label: detection.label, classID: detection.classID, confidence: detection.confidence)
        kept[index].attach(sighting, by: detection.stage)
      } else {
        kept.append(detection)
      }
    }
    findings.detections = kept
    return StageTimes()
  }

  private func isSame(_ kept: Detection, _ other: Detection) -> Bool {
    // One stage's own suppression has decided already which of its boxes are two objects.
    kept.stage != other.stage && !kept.attributes.contains { $0.stage == other.stage }
      && (rule == .any || kept.label.lowercased() == other.label.lowercased())
      && kept.box.iou(other.box) > overlap
  }
}

import Ground
import Perception

/// What a stage says, as text. A kind of layer without a row in ``rows`` is shown by its name.
struct LayerText: Sendable {
  private let kind: String
  private let text: @Sendable (any LayerContent) -> String

  private init<Content: LayerContent>(_: Content.Type, _ text: @escaping @Sendable (Content) -> String) {
    kind = Content.kind
    self.text = { content in (content as? Content).map(text) ?? Content.kind }
  }

  private static let rows: [LayerText] = [
    LayerText(Classes.self) { classes($0.list) },
    LayerText(Activity.self) { classes($0.classes) },
    LayerText(Likeness.self) { likeness in
      likeness.matches.prefix(2).map { "like \($0.name) \(percent(max(0, $0.similarity)))" }.joined(separator: ", ")
    },
    LayerText(Pose.self) { pose in
      "pose, \(pose.keypoints.count { $0.confidence >= 0.3 }) of \(pose.keypoints.count) points"
    },
    LayerText(Sighting.self) { "\($0.label) \(percent($0.confidence))" },
    LayerText(Motion.self) { motion in
      "\(percent(motion.share)) changed, \(counted(motion.regions.count, "region"))"
    },
    LayerText(FeatureVector.self) { "vector of \($0.values.count)" },
  ]

  /// One line: "helmets: worn 93%, none 5%".
  static func line(_ layer: Layer) -> String {
    let row = rows.first { $0.kind == layer.kind }
    return "\(layer.stage): \(row?.text(layer.content) ?? layer.kind)"
  }

  /// The best classes, without those of less than one percent.
  private static func classes(_ classes: [Classification]) -> String {
    let best = classes.prefix(3).filter { $0.confidence >= 0.01 }
    return best.isEmpty ? "nothing" : best.map { "\($0.label) \(percent($0.confidence))" }.joined(separator: ", ")
  }

  private static func percent(_ share: Float) -> String { Text.fixed(Double(share) * 100, 0) + "%" }
}

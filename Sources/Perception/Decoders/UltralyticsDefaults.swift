import Configuration
import Ground
import Inference
import Vision

extension ModelDefaults {
  /// What Ultralytics' exports have in common.
  static func ultralytics(_ facts: NetworkFacts) -> ModelDefaults {
    let metadata = facts.ultralytics
    let width = metadata?.width ?? 640
    let height = metadata?.height ?? 640
    let recipe = facts.recipe(width: width, height: height, rule: .letterbox(centered: true))
    var defaults = ModelDefaults(task: .detection, recipe: recipe, labels: metadata?.names ?? [])
    let tasks: [String: ModelTask] = [
      "detect": .detection, "segment": .instanceSegmentation, "pose": .pose, "obb": .orientedDetection,
    ]
    let fields = facts.unbatched(0).map { shape in
      min(shape.first.flatMap { $0 } ?? 1 << 20, shape.last.flatMap { $0 } ?? 1 << 20)
    }
    if let task = metadata.flatMap({ tasks[$0.task] }) {
      defaults.task = task
    } else if facts.outputs.count == 2, facts.outputs[1].shape?.count == 4 {
      defaults.task = .instanceSegmentation
      defaults.reasons.append("a second output of rank 4: mask prototypes")
    } else if fields == 56 {
      defaults.task = .pose
      defaults.reasons.append("56 fields: 4 of the box, 1 class, 17 keypoints of 3")
    }
    if let keypoints = metadata?.keypoints {
      defaults.parameters["keypoints"] = .array([.int(keypoints.count), .int(keypoints.values)])
    }
    if defaults.labels.isEmpty, let classes = metadata?.classes, classes > 1, !LabelSets.detector(classes).isEmpty {
      defaults.labels = LabelSets.detector(classes)
      defaults.reasons.append("\(classes) classes without names: taken for a known set of as many")
    } else if defaults.labels.isEmpty, let fields {
      let extra = defaults.task == .instanceSegmentation ? 32 : 0
      if defaults.task == .detection || extra > 0, fields > 4 + extra { defaults.classes = fields - 4 - extra }
      defaults.labels = defaults.task == .pose ? ["person"] : LabelSets.detector(fields - 4 - extra)
      if fields - 4 - extra == 80 { defaults.reasons.append("80 classes without names: taken for COCO's") }
    } else if !defaults.labels.isEmpty {
      defaults.reasons.append("\(counted(defaults.labels.count, "class name")) from the metadata")
    }
    return defaults
  }
}

import Configuration
import Ground
import Inference
import Vision

/// Detections that the network has finished: boxes, labels and scores as separate outputs, and masks for Mask R-CNN.
///
/// TensorFlow's object detection (detection_boxes, …), torchvision's and maskrcnn-benchmark's Faster and Mask R-CNN,
/// SSD and RetinaNet, MLPerf's SSD, RT-DETR with its post-processor.
final class ReadyDetectionsDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "detections", aliases: ["faster-rcnn", "mask-rcnn", "ssd", "ssd-tf", "rtdetr-post"],
    outputs: "boxes [n, 4], labels [n], scores [n], and for masks [n, 1, h, w], for keypoints [n, points, 3]",
    claims: claim,
    defaults: usual,
    make: { setting in try ReadyDetectionsDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, let roles = Roles(facts) else { return nil }
    return "outputs '\(facts.outputs[roles.boxes].name)', '\(facts.outputs[roles.labels].name)' and "
      + "'\(facts.outputs[roles.scores].name)' are finished boxes, labels and scores"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    ReadyDetectionsDecoder.defaults(facts)
  }

  /// Which output holds what.
  struct Roles {
    var boxes: Int
    var labels: Int
    var scores: Int
    var masks: Int?
    /// Keypoint R-CNN's points [n, points, 3].
    var keypoints: Int?

    init?(_ facts: NetworkFacts) {
      guard facts.outputs.count >= 3 else { return nil }
      if let boxes = facts.output(named: "detection_boxes", "boxes", "bboxes"),
        let labels = facts.output(named: "detection_classes", "labels", "classes"),
        let scores = facts.output(named: "detection_scores", "scores")
      {
        self.boxes = boxes
        self.labels = labels
        self.scores = scores
      } else {
        let ranks = facts.outputs.map { $0.shape?.count ?? -1 }
        guard
          let boxes = facts.outputs.firstIndex(where: { [2, 3].contains($0.shape?.count ?? 0) && $0.shape?.last == 4 }),
          let labels = facts.outputs.firstIndex(where: {
            [.int64, .int32].contains($0.type) && (1...2).contains($0.shape?.count ?? 0)
          }),
          let scores = facts.outputs.indices.first(where: {
            $0 != boxes && $0 != labels && ranks[$0] == ranks[labels] && facts.outputs[$0].type == .float32
          })
        else { return nil }
        self.boxes = boxes
        self.labels = labels
        self.scores = scores
      }
      keypoints = facts.output(named: "keypoints")
      masks =
        keypoints == nil ? facts.outputs.firstIndex { ($0.shape?.count ?? 0) >= 3 && $0.shape?.last != 4 } : nil
    }
  }

  private static func defaults(_ facts: NetworkFacts) -> ModelDefaults {
    let roles = Roles(facts)
    let name = facts.name.lowercased()
    let tensorFlow = facts.output(named: "detection_boxes") != nil
    let multiPerf = facts.output(named: "bboxes") != nil
    let benchmark = name.contains("rcnn-1") || name.contains("rcnn_1")
    let target = facts.inputs.contains { $0.name == "orig_target_sizes" }
    var reasons: [String] = []
    var recipe: InputRecipe
    var labels = LabelSets.coco91
    var parameters: [String: ConfigValue] = ["coordinates": .string("pixels")]
    if tensorFlow {
      recipe = facts.recipe(
        width: 300, height: 300, rule: .stretch, normalization: Normalization(scale: 1, pad: 0))
      parameters["coordinates"] = .string("normalized")
      parameters["yxyx"] = .bool(true)
      reasons.append("TensorFlow's object detection: pictures as they are, boxes as shares of them, COCO's numbers")
    } else if multiPerf {
      recipe = facts.recipe(width: 1200, height: 1200, rule: .stretch, normalization: .imageNet)
      parameters["coordinates"] = .string("normalized")
      parameters["first_label"] = .int(1)
      labels = LabelSets.coco
      reasons.append("MLPerf's SSD: ImageNet's means, boxes as shares of the picture, 80 classes from 1")
    } else if benchmark {
      recipe = facts.recipe(
        width: 800, height: 800, rule: .letterbox(centered: false),
        normalization: Normalization(order: .bgr, scale: 1, mean: [102.9801, 115.9465, 122.7717], pad: 0))
      if facts.picture?.width == nil { recipe.size = .fitting(shorter: 800, longer: 1333, multiple: 32) }
      parameters["first_label"] = .int(1)
      labels = LabelSets.coco
      reasons.append("maskrcnn-benchmark's R-CNN by its name: BGR less its means, 80 classes from 1")
    } else if target {
      recipe = facts.recipe(width: 640, height: 640, rule: .stretch)
      labels = LabelSets.coco
      reasons.append("RT-DETR's post-processor: it asks for 'orig_target_sizes'")
    } else {
      recipe = facts.recipe(
        width: 640, height: 640, rule: .letterbox(centered: false), normalization: Normalization(pad: 0))
      if facts.picture?.width == nil { recipe.size = .fitting(shorter: 640, longer: 1066, multiple: 32) }
      reasons.append("torchvision's detection: pictures in 0...1 (it normalises inside), COCO's numbers 1 to 90")
    }
    var task = roles?.masks == nil ? ModelTask.detection : .instanceSegmentation
    if roles?.keypoints != nil {
      task = .pose
      labels = ["background", "person"]
      reasons.append("an output 'keypoints': people with their joints")
    }
    return ModelDefaults(
      task: task, recipe: recipe, labels: labels,
      parameters: parameters, reasons: reasons)
  }

  private enum Coordinates {
    case pixels
    case normalized
  }

  private let roles: Roles
  private let coordinates: Coordinates
  private let rowsFirst: Bool
  private let firstLabel: Int
  private let masked: Bool
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    guard let roles = Roles(setting.facts) else {
      throw PerceptionError(
        .notUnderstood, "outputs are not boxes, labels and scores", place: setting.facts.name,
        remedy: "the decoder 'detections' wants three outputs named so, or of these shapes")
    }
    self.roles = roles
    coordinates =
      try setting.parameters.choice("coordinates", [("pixels", Coordinates.pixels), ("normalized", .normalized)])
      ?? .pixels
    rowsFirst = try setting.parameters.bool("yxyx") ?? false
    firstLabel = try setting.parameters.int("first_label", in: 0...100) ?? 0
    masked = setting.task == .instanceSegmentation && roles.masks != nil
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard outputs.indices.contains(max(roles.boxes, roles.labels, roles.scores)) else {
      throw PerceptionError(.badOutput, "fewer outputs than the file declares")
    }
    let boxes = outputs[roles.boxes]
    let labels = outputs[roles.labels]
    let scores = outputs[roles.scores]
    let rows = min(boxes.count / 4, labels.count, scores.count)
    let table = DenseOutput(rowMajor: boxes, rows: rows, fields: 4)
    let width = coordinates == .normalized ? Float(context.placement.width) : 1
    let height = coordinates == .normalized ? Float(context.placement.height) : 1
    candidates.removeAll(keepingCapacity: true)
    for row in 0..<rows {
      guard context.isWanted(scores[row]), let label = checkedIndex(labels[row]), label >= firstLabel else {
        continue
      }
      var box = table.cornerBox(row)
      if rowsFirst { box = Box(left: box.y, top: box.x, right: box.bottom, bottom: box.right) }
      box = Box(x: box.x * width, y: box.y * height, width: box.width * width, height: box.height * height)
      candidates.append(Candidate(box: box, confidence: scores[row], classID: label - firstLabel, row: row))
    }
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    for candidate in candidates.prefix(context.suppression.limit) {
      guard var detection = context.detection(candidate) else { continue }
      if masked, let index = roles.masks, outputs.indices.contains(index) {
        detection.mask = boxMask(outputs[index], row: Int(candidate.row), rows: rows, candidate, context)
      }
      if let index = roles.keypoints, outputs.indices.contains(index) {
        detection.keypoints = joints(outputs[index], row: Int(candidate.row), context)
      }
      findings.detections.append(detection)
    }
  }

  /// Keypoint R-CNN's points of one object: x, y and visibility each.
  private func joints(_ view: FloatView, row: Int, _ context: DecodingContext) -> [Keypoint] {
    guard view.shape.count == 3, view.shape[2] == 3, row < view.shape[0] else { return [] }
    let points = view.shape[1]
    return KeypointReader.read((points, 3), context) { view[row * points * 3 + $0] }
  }

  /// Mask R-CNN's mask of one object: a small grid of probabilities over its box (or over the whole input).
  private func boxMask(
    _ view: FloatView, row: Int, rows: Int, _ candidate: Candidate, _ context: DecodingContext
  ) -> Mask? {
    guard view.shape.count >= 3, rows > 0, let columns = view.shape.last else { return nil }
    let height = view.shape[view.shape.count - 2]
    let cells = columns * height
    guard cells > 0, (row + 1) * cells <= view.count else { return nil }
    let whole = columns == context.placement.width && height == context.placement.height
    let region = whole ? Box(x: 0, y: 0, width: Float(columns), height: Float(height)) : candidate.box
    let bits = (0..<cells).map { view[row * cells + $0] > 0.5 ? UInt8(1) : 0 }
    return Mask(region: context.placement.toSource(region), columns: columns, rows: height, bits: bits)
  }
}

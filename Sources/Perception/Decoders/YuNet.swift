import Glibc
import Ground
import Inference
import Vision

/// YuNet, OpenCV's face detector (2023mar): for each stride a class, an objectness, a box and five landmarks a cell.
/// Confidence is the geometric mean of the first two.
final class YuNetDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "yunet",
    outputs: "cls_S [1, cells, 1], obj_S [1, cells, 1], bbox_S [1, cells, 4], kps_S [1, cells, 10] for S = 8, 16, 32",
    claims: claim,
    defaults: usual,
    make: { setting in try YuNetDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    let names = ["cls_8", "obj_8", "bbox_8", "kps_8"]
    guard facts.picture != nil, names.allSatisfy({ facts.output(named: $0) != nil }) else { return nil }
    return "outputs cls_8, obj_8, bbox_8, kps_8 and the like"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let recipe = facts.recipe(
      width: 640, height: 640, rule: .letterbox(centered: false),
      normalization: Normalization(order: .bgr, scale: 1, pad: 0))
    return ModelDefaults(
      task: .pose, recipe: recipe, labels: ["face"], confidence: 0.6, iou: 0.3,
      reasons: ["YuNet takes BGR pictures in 0...255, padded right and below; faces with five landmarks"])
  }

  private let levels: [(stride: Int, classes: Int, objects: Int, boxes: Int, points: Int)]
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    let facts = setting.facts
    levels = [8, 16, 32].compactMap { stride in
      guard let classes = facts.output(named: "cls_\(stride)"), let objects = facts.output(named: "obj_\(stride)"),
        let boxes = facts.output(named: "bbox_\(stride)"), let points = facts.output(named: "kps_\(stride)")
      else { return nil }
      return (stride, classes, objects, boxes, points)
    }
    guard levels.count == 3 else {
      throw PerceptionError(
        .notUnderstood, "outputs named cls_8, obj_8, bbox_8, kps_8 and the like are missing", place: facts.name,
        remedy: "the decoder 'yunet' reads twelve outputs")
    }
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    candidates.removeAll(keepingCapacity: true)
    var offset = 0
    for level in levels {
      let grid = CellGrid(
        strides: [level.stride], width: context.placement.width, height: context.placement.height)
      guard outputs.indices.contains(max(level.classes, level.objects, level.boxes, level.points)),
        outputs[level.classes].count == grid.count, outputs[level.objects].count == grid.count,
        outputs[level.boxes].count == 4 * grid.count, outputs[level.points].count == 10 * grid.count
      else { throw PerceptionError(.badOutput, "yunet wants \(grid.count) cells at stride \(level.stride)") }
      let boxes = outputs[level.boxes]
      for index in 0..<grid.count {
        let product = min(max(outputs[level.classes][index], 0), 1) * min(max(outputs[level.objects][index], 0), 1)
        let score = product.squareRoot()
        guard context.isWanted(score) else { continue }
        let cell = grid.cell(index)
        let x = (Float(cell.column) + boxes[index * 4]) * cell.stride
        let y = (Float(cell.row) + boxes[index * 4 + 1]) * cell.stride
        let w = expf(boxes[index * 4 + 2]) * cell.stride
        let h = expf(boxes[index * 4 + 3]) * cell.stride
        candidates.append(
          Candidate(
            box: Box(x: x - w / 2, y: y - h / 2, width: w, height: h), confidence: score, classID: 0,
            row: offset + index))
      }
      offset += grid.count
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    for candidate in candidates {
      guard var detection = context.detection(candidate) else { continue }
      detection.keypoints = landmarks(Int(candidate.row), outputs, context)
      findings.detections.append(detection)
    }
  }

  private func landmarks(_ row: Int, _ outputs: [FloatView], _ context: DecodingContext) -> [Keypoint] {
    var row = row
    for level in levels {
      let grid = CellGrid(
        strides: [level.stride], width: context.placement.width, height: context.placement.height)
      guard row >= grid.count else {
        let cell = grid.cell(row)
        let points = outputs[level.points]
        return KeypointReader.read((5, 2), context) { field in
          let position = field % 2 == 0 ? cell.column : cell.row
          return (points[row * 10 + field] + Float(position)) * cell.stride
        }
      }
      row -= grid.count
    }
    return []
  }
}

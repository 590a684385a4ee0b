import Configuration
import Ground
import Inference
import Vision

/// Boxes, scores and the indices that ONNX' NonMaxSuppression chose: YOLOv3 and Tiny YOLOv3 of the ONNX model zoo.
///
/// Boxes [1, n, 4] as top, left, bottom, right in pixels of the `image_shape` input, scores [1, classes, n], indices
/// [s, 3] or [1, s, 3] of batch, class, box.
final class SelectedBoxesDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "selected-boxes", aliases: ["yolov3", "tiny-yolov3"],
    outputs: "boxes [1, n, 4], scores [1, classes, n], indices [s, 3]",
    claims: claim,
    defaults: usual,
    make: { setting in try SelectedBoxesDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.outputs.count == 3, facts.picture != nil, let indices = facts.outputs.last,
      [.int32, .int64].contains(indices.type), let shape = indices.shape, shape.last == 3,
      facts.outputs[0].shape?.last == 4
    else { return nil }
    return "boxes, scores and an integer output of triples: ONNX' NonMaxSuppression"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    var recipe = facts.recipe(
      width: 416, height: 416, rule: .letterbox(centered: true), normalization: Normalization(pad: 128))
    recipe.filter = .antialias
    let classes = facts.outputs.count > 1 ? facts.outputs[1].shape?.dropFirst().first.flatMap { $0 } ?? 80 : 80
    return ModelDefaults(task: .detection, recipe: recipe, labels: LabelSets.detector(classes))
  }

  private let rowsFirst: Bool
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws { rowsFirst = try setting.parameters.bool("yxyx") ?? true }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard outputs.count == 3, let boxShape = outputs[0].squeezed(to: 2), boxShape[1] == 4,
      let scoreShape = outputs[1].squeezed(to: 2), scoreShape[1] == boxShape[0], let chosen = outputs[2].shape.last,
      chosen == 3
    else {
      throw PerceptionError(
        .badOutput, "selected-boxes wants [1, n, 4], [1, classes, n] and [s, 3], not \(outputs.map(\.shape))")
    }
    let boxes = DenseOutput(rowMajor: outputs[0], rows: boxShape[0], fields: 4)
    candidates.removeAll(keepingCapacity: true)
    for triple in 0..<(outputs[2].count / 3) {
      guard let id = checkedIndex(outputs[2][triple * 3 + 1], limit: scoreShape[0]),
        let row = checkedIndex(outputs[2][triple * 3 + 2], limit: scoreShape[1]), id < scoreShape[0],
        row < scoreShape[1]
      else { continue }
      let score = outputs[1][id * scoreShape[1] + row]
      guard context.isWanted(score) else { continue }
      let corners = boxes.cornerBox(row)
      let box =
        rowsFirst ? Box(left: corners.y, top: corners.x, right: corners.bottom, bottom: corners.right) : corners
      candidates.append(Candidate(box: box, confidence: score, classID: id, row: triple))
    }
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    findings.detections.append(contentsOf: candidates.prefix(context.suppression.limit).compactMap(context.detection))
  }
}

import Configuration
import Ground
import Inference
import Vision

/// Boxes decoded inside the network, each with softmaxed scores of which class 0 is the background; suppression outside.
///
/// UltraFace (scores [1, n, 2]), pytorch-ssd's MobileNet-SSD exports (scores [1, n, 21]): corners in 0...1.
final class ScoredBoxesDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "scored-boxes", aliases: ["ultraface", "ssd-decoded"],
    outputs: "scores [1, n, 1 + classes], boxes [1, n, 4]",
    claims: claim,
    defaults: usual,
    make: { setting in try ScoredBoxesDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.outputs.count == 2, facts.picture != nil, let scores = facts.output(named: "scores"),
      let boxes = facts.output(named: "boxes"), let a = facts.unbatched(scores), let b = facts.unbatched(boxes),
      a.count == 2, b.count == 2, b[1] == 4, let classes = a[1], classes >= 2
    else { return nil }
    return "outputs 'scores' with \(classes) classes and 'boxes' with 4 corners a row"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    // UltraFace and pytorch-ssd: (pixel - 127) / 128.
    let normalization = Normalization(
      scale: 1, mean: [127, 127, 127], deviation: [128, 128, 128], pad: 127)
    let recipe = facts.recipe(width: 320, height: 240, rule: .stretch, normalization: normalization)
    let classes = facts.output(named: "scores").flatMap { facts.unbatched($0)?.last.flatMap { $0 } } ?? 2
    let labels =
      switch classes {
      case 2: ["face"]
      default: LabelSets.detector(classes - 1)
      }
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: labels, confidence: 0.6, iou: 0.35,
      reasons: ["UltraFace and pytorch-ssd take RGB pictures, stretched, (pixel - 127) / 128"])
  }

  private let normalized: Bool
  private let background: Int
  private let scoreIndex: Int
  private let boxIndex: Int
  private let scratch = ClassScratch()
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    normalized = try setting.parameters.bool("normalized") ?? true
    background = try setting.parameters.bool("background") ?? true ? 1 : 0
    // By name; else the boxes are the second output.
    boxIndex = setting.facts.output(named: "boxes", "loc", "locations") ?? 1
    scoreIndex = setting.facts.output(named: "scores", "confidences", "conf") ?? (boxIndex == 0 ? 1 : 0)
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard outputs.indices.contains(max(scoreIndex, boxIndex)), let boxShape = outputs[boxIndex].squeezed(to: 2),
      let scoreShape = outputs[scoreIndex].squeezed(to: 2), boxShape[1] == 4, scoreShape[0] == boxShape[0],
      scoreShape[1] > background
    else {
      throw PerceptionError(
        .badOutput, "scored-boxes wants outputs [1, n, classes] and [1, n, 4], not \(outputs.map(\.shape))")
    }
    let corners = DenseOutput(rowMajor: outputs[boxIndex], rows: boxShape[0], fields: 4)
    let table = DenseOutput(rowMajor: outputs[scoreIndex], rows: scoreShape[0], fields: scoreShape[1])
    let width = normalized ? Float(context.placement.width) : 1
    let height = normalized ? Float(context.placement.height) : 1
    candidates.removeAll(keepingCapacity: true)
    table.bestClasses(background..<table.fields, above: context.floor, scratch: scratch) { row, id, score in
      let box = corners.cornerBox(row)
      candidates.append(
        Candidate(
          box: Box(x: box.x * width, y: box.y * height, width: box.width * width, height: box.height * height),
          confidence: score, classID: id, row: row))
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    findings.detections.append(contentsOf: candidates.compactMap(context.detection))
  }
}

import Glibc
import Ground
import Inference
import Vision

/// FastestDet (dog-qiuqiu): one grid [1, 5 + classes, h, w]; objectness, tanh offsets, sigmoid sizes, class
/// probabilities. Confidence is objectness^0.6 times class^0.4.
final class FastestDetDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "fastestdet", outputs: "[1, 5 + classes, h, w] at stride 16",
    claims: claim,
    defaults: usual,
    make: { _ in FastestDetDecoder() })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.outputs.count == 1, let picture = facts.picture, let shape = facts.unbatched(0), shape.count == 3,
      let fields = shape[0], fields > 5, let rows = shape[1], let columns = shape[2],
      let width = picture.width, let height = picture.height, columns * 16 == width, rows * 16 == height
    else { return nil }
    return "one output grid of \(columns)x\(rows) cells (stride 16) with \(fields) fields"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let recipe = facts.recipe(
      width: 352, height: 352, rule: .stretch, normalization: Normalization(order: .bgr))
    let classes = (facts.unbatched(0)?.first.flatMap { $0 } ?? 85) - 5
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: LabelSets.detector(classes), confidence: 0.4, iou: 0.45,
      reasons: ["FastestDet takes BGR pictures, stretched, divided by 255"])
  }

  private var candidates: [Candidate] = []

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let grid = outputs.first, let shape = grid.squeezed(to: 3), shape[0] > 5 else {
      throw PerceptionError(
        .badOutput, "fastestdet wants an output [1, 5 + classes, h, w], not \(outputs.first?.shape ?? [])")
    }
    let (fields, rows, columns) = (shape[0], shape[1], shape[2])
    let plane = rows * columns
    let width = Float(context.placement.width)
    let height = Float(context.placement.height)
    candidates.removeAll(keepingCapacity: true)
    for cell in 0..<plane {
      var best = 5
      for field in 5..<fields where grid[field * plane + cell] > grid[best * plane + cell] { best = field }
      let score = powf(max(0, grid[cell]), 0.6) * powf(max(0, grid[best * plane + cell]), 0.4)
      guard context.isWanted(score) else { continue }
      let x = (Float(cell % columns) + tanhf(grid[plane + cell])) / Float(columns) * width
      let y = (Float(cell / columns) + tanhf(grid[2 * plane + cell])) / Float(rows) * height
      let w = sigmoid(grid[3 * plane + cell]) * width
      let h = sigmoid(grid[4 * plane + cell]) * height
      let box = Box(x: x - w / 2, y: y - h / 2, width: w, height: h)
      candidates.append(Candidate(box: box, confidence: score, classID: best - 5, row: cell))
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    findings.detections.append(contentsOf: candidates.compactMap(context.detection))
  }
}

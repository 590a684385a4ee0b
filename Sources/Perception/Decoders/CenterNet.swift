import Configuration
import Ground
import Inference
import Vision

/// CenterNet-style heatmaps ("Objects as Points", Zhou et al. 2019): peaks of [1, classes, h, w] are centres; [1, 2, h, w]
/// hold sizes and, optionally, offsets, both in cells.
final class CenterNetDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "centernet", outputs: "heatmap [1, classes, h, w], sizes [1, 2, h, w], offsets [1, 2, h, w]",
    claims: claim,
    defaults: usual,
    make: { setting in try CenterNetDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, let heat = facts.output(named: "hm", "heatmap", "heat"),
      let size = facts.output(named: "wh", "size", "sizes"), facts.outputs[heat].shape?.count == 4,
      facts.outputs[size].shape?.count == 4
    else { return nil }
    return "outputs '\(facts.outputs[heat].name)' and '\(facts.outputs[size].name)': a heatmap of centres with sizes"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let normalization = Normalization(
      order: .bgr, mean: [0.408, 0.447, 0.470], deviation: [0.289, 0.274, 0.278], pad: 0)
    let recipe = facts.recipe(
      width: 512, height: 512, rule: .letterbox(centered: true), normalization: normalization)
    let classes = facts.output(named: "hm", "heatmap", "heat").flatMap { facts.unbatched($0)?.first.flatMap { $0 } }
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: LabelSets.detector(classes ?? 80), confidence: 0.3,
      reasons: ["CenterNet takes BGR pictures with its own means and deviations"])
  }

  private let facts: NetworkFacts
  private let logits: Bool
  private let swapped: Bool
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    facts = setting.facts
    let heat = setting.facts.output(named: "hm", "heatmap", "heat").map { setting.facts.outputs[$0].activation }
    logits = try setting.parameters.bool("logits") ?? (heat == .linear)
    swapped = try setting.parameters.bool("height_first") ?? false
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    let pairs = outputs.indices.filter { outputs[$0].squeezed(to: 3)?[0] == 2 }
    let heatIndex =
      facts.output(named: "hm", "heatmap", "heat") ?? outputs.indices.first { !pairs.contains($0) } ?? 0
    let sizeIndex = facts.output(named: "wh", "size", "sizes") ?? pairs.first { $0 != heatIndex } ?? 1
    let offsetIndex =
      facts.output(named: "reg", "offset", "offsets") ?? pairs.first { $0 != sizeIndex && $0 != heatIndex }
    guard outputs.indices.contains(heatIndex), outputs.indices.contains(sizeIndex),
      let heat = outputs[heatIndex].squeezed(to: 3), let size = outputs[sizeIndex].squeezed(to: 3), size[0] == 2,
      heat[1] == size[1], heat[2] == size[2]
    else {
      throw PerceptionError(
        .badOutput, "centernet wants [1, classes, h, w] and [1, 2, h, w], not \(outputs.map(\.shape))")
    }
    let (rows, columns) = (heat[1], heat[2])
    let plane = rows * columns
    let offsets = offsetIndex.flatMap {
      outputs.indices.contains($0) && outputs[$0].count == 2 * plane ? outputs[$0] : nil
    }
    let strideX = Float(context.placement.width) / Float(columns)
    let strideY = Float(context.placement.height) / Float(rows)
    let map = outputs[heatIndex]
    let sizes = outputs[sizeIndex]
    candidates.removeAll(keepingCapacity: true)
    for id in 0..<heat[0] {
      for row in 0..<rows {
        for column in 0..<columns {
          let value = map[id * plane + row * columns + column]
          let score = logits ? sigmoid(value) : value
          guard context.isWanted(score), isPeak(map, id * plane, row, column, rows, columns) else { continue }
          let cell = row * columns + column
          let x = (Float(column) + (offsets.map { $0[cell] } ?? 0.5)) * strideX
          let y = (Float(row) + (offsets.map { $0[plane + cell] } ?? 0.5)) * strideY
          let w = sizes[(swapped ? plane : 0) + cell] * strideX
          let h = sizes[(swapped ? 0 : plane) + cell] * strideY
          candidates.append(
            Candidate(
              box: Box(x: x - w / 2, y: y - h / 2, width: w, height: h), confidence: score, classID: id, row: cell))
        }
      }
    }
    // A peak needs no suppression: its neighbours are none.
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    findings.detections.append(contentsOf: candidates.prefix(context.suppression.limit).compactMap(context.detection))
  }

  /// Whether no neighbour in the 3x3 around a cell is larger.
  private func isPeak(_ map: FloatView, _ base: Int, _ row: Int, _ column: Int, _ rows: Int, _ columns: Int) -> Bool {
    let value = map[base + row * columns + column]
    for y in max(0, row - 1)...min(rows - 1, row + 1) {
      for x in max(0, column - 1)...min(columns - 1, column + 1) where map[base + y * columns + x] > value {
        return false
      }
    }
    return true
  }
}

import Configuration
import Ground
import Inference
import Vision

/// Text detectors with a map of probabilities: DBNet ("Real-time Scene Text Detection with Differentiable Binarization",
/// Liao et al. 2020) and the detectors of PaddleOCR. Connected cells above a threshold are a region of text; the boxes are
/// upright.
final class TextRegionsDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "text-regions", aliases: ["dbnet"], outputs: "probabilities [1, 1, h, w]", claims: claim, defaults: usual,
    make: { setting in try TextRegionsDecoder(setting) })

  /// The reason to take a network for one of this family, or nil. Its map looks like any other: the name decides.
  private static func claim(_ facts: NetworkFacts) -> String? {
    let words = ["dbnet", "ppocr", "textdet", "text_det", "text-det"]
    guard facts.picture != nil, facts.outputs.count == 1, let shape = facts.outputs[0].shape, shape.count == 4,
      shape[1] == 1, let word = words.first(where: { facts.name.lowercased().contains($0) })
    else { return nil }
    return "one map, and a name with '\(word)': regions of text"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    var recipe = facts.recipe(
      width: 960, height: 960, rule: .letterbox(centered: false), normalization: .imageNet)
    if facts.picture?.width == nil { recipe.size = .fitting(shorter: 736, longer: 960, multiple: 32) }
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: ["text"], confidence: 0.6,
      reasons: ["ImageNet's means and deviations, as PaddleOCR's detectors are trained with"])
  }

  /// A cell above this probability is text.
  private let threshold: Float
  /// The network is trained on shrunken regions: a box grows by this ratio times its area over its perimeter.
  private let growth: Float
  private var isVisited: [Bool] = []
  private var stack: [Int] = []
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    threshold = try setting.parameters.number("threshold", in: 0.01...0.99) ?? 0.3
    growth = try setting.parameters.number("growth", in: 0...10) ?? 1.5
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let map = outputs.first, let shape = map.squeezed(to: 2), shape[0] > 0, shape[1] > 0 else {
      throw PerceptionError(.badOutput, "text-regions wants one map [1, 1, h, w], not \(outputs.map(\.shape))")
    }
    let (rows, columns) = (shape[0], shape[1])
    let scale = (x: Float(context.placement.width) / Float(columns), y: Float(context.placement.height) / Float(rows))
    isVisited.removeAll(keepingCapacity: true)
    isVisited.append(contentsOf: repeatElement(false, count: rows * columns))
    candidates.removeAll(keepingCapacity: true)
    for cell in 0..<rows * columns where map[cell] > threshold && !isVisited[cell] {
      let region = flood(map, rows, columns, from: cell)
      guard context.isWanted(region.score) else { continue }
      candidates.append(Candidate(box: grown(region.box, scale), confidence: region.score, classID: 0, row: cell))
    }
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    findings.detections.append(contentsOf: candidates.prefix(context.suppression.limit).compactMap(context.detection))
  }

  /// The region that holds `start`: its bounds in cells, and its mean probability.
  private func flood(_ map: FloatView, _ rows: Int, _ columns: Int, from start: Int) -> (box: Box, score: Float) {
    var (left, top, right, bottom) = (columns, rows, -1, -1)
    var sum: Float = 0
    var count: Float = 0
    stack.append(start)
    isVisited[start] = true
    while let cell = stack.popLast() {
      let (y, x) = cell.quotientAndRemainder(dividingBy: columns)
      (left, top, right, bottom) = (min(left, x), min(top, y), max(right, x), max(bottom, y))
      sum += min(map[cell], 1)
      count += 1
      for near in max(0, y - 1)...min(rows - 1, y + 1) {
        for beside in max(0, x - 1)...min(columns - 1, x + 1) {
          let other = near * columns + beside
          guard !isVisited[other], map[other] > threshold else { continue }
          isVisited[other] = true
          stack.append(other)
        }
      }
    }
    let box = Box(x: Float(left), y: Float(top), width: Float(right - left + 1), height: Float(bottom - top + 1))
    return (box, sum / count)
  }

  /// The box in input pixels, with the margin that training took away.
  private func grown(_ cells: Box, _ scale: (x: Float, y: Float)) -> Box {
    let (width, height) = (cells.width * scale.x, cells.height * scale.y)
    let margin = growth * width * height / (2 * (width + height))
    return Box(
      x: cells.x * scale.x - margin, y: cells.y * scale.y - margin, width: width + 2 * margin,
      height: height + 2 * margin)
  }
}

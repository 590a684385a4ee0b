import Configuration
import Glibc
import Ground
import Inference
import Vision

/// SSD without its post-processing (Liu et al. 2016): offsets [1, n, 4] and class scores [1, n, 1 + classes] relative to
/// default boxes ("priors"), which the manifest describes as Caffe's PriorBox layers do.
final class PriorBoxesDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "ssd-priors", aliases: ["ssd-raw"], outputs: "offsets [1, n, 4], scores [1, n, 1 + classes]",
    claims: claim,
    defaults: usual,
    make: { setting in try PriorBoxesDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.outputs.count == 2, facts.picture?.width == 300, let a = facts.unbatched(0),
      let b = facts.unbatched(1),
      a.count == 2, b.count == 2, a[0] == 8732, b[0] == 8732, a[1] == 4 || b[1] == 4
    else { return nil }
    return "8732 rows of offsets and scores: SSD300's default boxes"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let scores = facts.outputs.count == 2 ? facts.unbatched(1 - offsets(facts)) : nil
    let classes = scores?.last.flatMap { $0 }
    let recipe = facts.recipe(
      width: 300, height: 300, rule: .stretch,
      normalization: Normalization(order: .rgb, scale: 1, mean: [123, 117, 104], pad: 0))
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: LabelSets.detector((classes ?? 21) - 1), confidence: 0.3,
      reasons: ["SSD300 takes RGB pictures less (123, 117, 104)"])
  }

  /// Which of the two outputs holds the offsets: by its name, else the first with four fields, since with three classes both
  /// have four.
  private static func offsets(_ facts: NetworkFacts) -> Int {
    if let named = facts.output(named: "loc", "locations", "offsets", "boxes", "bboxes", "deltas"), named < 2 {
      return named
    }
    if let scores = facts.output(named: "conf", "confidences", "scores", "classes", "logits"), scores < 2 {
      return 1 - scores
    }
    return facts.unbatched(0)?.last == .some(4) || facts.outputs.count < 2 ? 0 : 1
  }

  private let offsetIndex: Int
  private var priors: [Box] = []
  private let variances: [Float]
  private let softmax: Bool
  private var scores: [Float] = []
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    let parameters = setting.parameters
    // SSD300 on VOC, as in the paper's own release.
    let maps = try parameters.ints("feature_maps", in: 1...1024) ?? [38, 19, 10, 5, 3, 1]
    let steps = try parameters.numbers("steps") ?? [8, 16, 32, 64, 100, 300]
    let small = try parameters.numbers("min_sizes") ?? [30, 60, 111, 162, 213, 264]
    let large = try parameters.numbers("max_sizes") ?? [60, 111, 162, 213, 264, 315]
    let ratios = try parameters.ints("aspect_ratios", in: 0...16) ?? [2, 3, 3, 3, 2, 2]
    let clip = try parameters.bool("clip") ?? false
    variances = try parameters.numbers("variances") ?? [0.1, 0.1, 0.2, 0.2]
    offsetIndex = PriorBoxesDecoder.offsets(setting.facts)
    let scores = setting.facts.outputs.indices.contains(1) ? setting.facts.outputs[1 - offsetIndex].activation : nil
    softmax = try parameters.bool("softmax") ?? (scores != .softmax && scores != .sigmoid)
    guard [steps.count, small.count, large.count, ratios.count].allSatisfy({ $0 == maps.count }) else {
      throw parameters.error("feature_maps", "must be as long as steps, min_sizes, max_sizes and aspect_ratios")
    }
    guard variances.count == 4 else { throw parameters.error("variances", "must hold four numbers") }
    let total = zip(maps, ratios).reduce(0) { $0 + $1.0 * $1.0 * (2 + 2 * $1.1) }
    guard total <= 1 << 20 else { throw parameters.error("feature_maps", "ask for more than a million boxes") }
    let size = setting.recipe.nominalSize
    for level in maps.indices {
      appendPriors(
        map: maps[level], step: steps[level], small: small[level], large: large[level], ratios: ratios[level])
    }
    if clip { priors = priors.map { $0.clipped(width: size.width, height: size.height) } }
  }

  /// One feature map's boxes: for each cell the small square, the one between small and large, and those of aspect 2, 1/2,
  /// 3, 1/3, … up to `ratios`, in that order.
  private func appendPriors(map: Int, step: Float, small: Float, large: Float, ratios: Int) {
    for row in 0..<map {
      for column in 0..<map {
        let x = (Float(column) + 0.5) * step
        let y = (Float(row) + 0.5) * step
        func add(_ w: Float, _ h: Float) {
          priors.append(Box(x: x - w / 2, y: y - h / 2, width: w, height: h))
        }
        add(small, small)
        let middle = (small * large).squareRoot()
        add(middle, middle)
        guard ratios >= 2 else { continue }
        for ratio in 2...ratios {
          let root = Float(ratio).squareRoot()
          add(small * root, small / root)
          add(small / root, small * root)
        }
      }
    }
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    let tables = outputs.compactMap { view in
      view.squeezed(to: 2).map { DenseOutput(rowMajor: view, rows: $0[0], fields: $0[1]) }
    }
    guard tables.count == 2, case let at = tables[offsetIndex].fields == 4 ? offsetIndex : 1 - offsetIndex,
      case let (offsets, table) = (tables[at], tables[1 - at]), offsets.fields == 4, offsets.rows == priors.count,
      table.rows == priors.count, table.fields >= 2
    else {
      throw PerceptionError(
        .badOutput, "ssd-priors has \(priors.count) default boxes; the outputs are \(outputs.map(\.shape))",
        remedy: "decoder.feature_maps, min_sizes, max_sizes and aspect_ratios describe them")
    }
    candidates.removeAll(keepingCapacity: true)
    for row in 0..<table.rows {
      scores.removeAll(keepingCapacity: true)
      for id in 0..<table.fields { scores.append(table[row, id]) }
      if softmax { Activations.softmax(&scores) }
      var best = 1
      for id in 1..<table.fields where scores[id] > scores[best] { best = id }
      guard context.isWanted(scores[best]) else { continue }
      let prior = priors[row]
      let x = prior.centerX + offsets[row, 0] * variances[0] * prior.width
      let y = prior.centerY + offsets[row, 1] * variances[1] * prior.height
      let w = prior.width * expf(offsets[row, 2] * variances[2])
      let h = prior.height * expf(offsets[row, 3] * variances[3])
      candidates.append(
        Candidate(
          box: Box(x: x - w / 2, y: y - h / 2, width: w, height: h), confidence: scores[best], classID: best - 1,
          row: row))
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    findings.detections.append(contentsOf: candidates.compactMap(context.detection))
  }
}

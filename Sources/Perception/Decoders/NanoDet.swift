import Configuration
import Glibc
import Ground
import Inference
import Vision

/// NanoDet and NanoDet-Plus (RangiLyu): class probabilities and, for each side of the box, a distribution over bins of
/// one stride (generalised focal loss, Li et al. 2020).
///
/// Outputs: a map [1, cells, classes] and a map [1, cells, 4 x bins] for each stride, or one [1, cells, classes + 4 x bins].
final class NanoDetDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "nanodet", aliases: ["nanodet-plus"],
    outputs: "[1, cells, classes] and [1, cells, 32] a stride, or [1, cells, classes + 32]",
    claims: claim,
    defaults: usual,
    make: { setting in try NanoDetDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard let picture = facts.picture else { return nil }
    let shapes = facts.outputs.compactMap(\.shape)
    guard shapes.count == facts.outputs.count, shapes.allSatisfy({ $0.count == 3 || $0.count == 2 }) else {
      return nil
    }
    if shapes.count == 6 || shapes.count == 8, shapes.filter({ $0.last == 32 }).count * 2 == shapes.count {
      return "pairs of outputs with class scores and with 32 numbers, 8 bins for each side"
    }
    if shapes.count == 1, let rows = facts.unbatched(0)?.first.flatMap({ $0 }), shapes[0].last == 112,
      rows == facts.cells(strides: [8, 16, 32, 64], width: picture.width ?? 416, height: picture.height ?? 416)
    {
      return "one output of 112 fields (80 classes, 32 bins) for the cells of strides 8, 16, 32, 64"
    }
    return nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let plus = facts.outputs.count != 6
    let normalization = Normalization(
      order: .bgr, scale: 1, mean: [103.53, 116.28, 123.675], deviation: [57.375, 57.12, 58.395], pad: 0)
    let recipe = facts.recipe(
      width: 416, height: 416, rule: .letterbox(centered: true), normalization: normalization)
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: LabelSets.coco,
      parameters: [
        "strides": .array((plus ? [8, 16, 32, 64] : [8, 16, 32]).map(ConfigValue.int)),
        "center": .double(plus ? 0 : 0.5),
      ], confidence: 0.35, iou: 0.6, reasons: ["NanoDet takes BGR pictures with its own means and deviations"])
  }

  private let strides: [Int]
  private let center: Float
  private let bins: Int
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    strides = try setting.parameters.ints("strides", in: 1...1024) ?? [8, 16, 32]
    center = try setting.parameters.number("center", in: 0...1) ?? 0.5
    bins = try setting.parameters.int("bins", in: 2...64) ?? 8
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    candidates.removeAll(keepingCapacity: true)
    if outputs.count == 1, let shape = outputs[0].squeezed(to: 2), shape[1] > 4 * bins {
      let grid = CellGrid(strides: strides, width: context.placement.width, height: context.placement.height)
      try check(grid.count, shape[0])
      let table = DenseOutput(rowMajor: outputs[0], rows: shape[0], fields: shape[1])
      let classes = shape[1] - 4 * bins
      for row in 0..<shape[0] { read(table, row, 0..<classes, table, row, classes, grid.cell(row), context) }
    } else {
      let tables = outputs.compactMap { view in
        view.squeezed(to: 2).map { DenseOutput(rowMajor: view, rows: $0[0], fields: $0[1]) }
      }
      // Largest maps first: smallest stride.
      let boxes = tables.filter { $0.fields == 4 * bins }.sorted { $0.rows > $1.rows }
      let scores = tables.filter { $0.fields != 4 * bins && $0.fields > 0 }.sorted { $0.rows > $1.rows }
      guard boxes.count == strides.count, scores.count == strides.count else {
        throw PerceptionError(
          .badOutput, "nanodet wants \(strides.count) pairs of outputs, not \(outputs.map(\.shape))",
          remedy: "decoder.strides lists the strides")
      }
      for (level, stride) in strides.sorted().enumerated() {
        let grid = CellGrid(strides: [stride], width: context.placement.width, height: context.placement.height)
        try check(grid.count, boxes[level].rows)
        try check(grid.count, scores[level].rows)
        for row in 0..<boxes[level].rows {
          read(
            scores[level], row, 0..<scores[level].fields, boxes[level], row, 0, grid.cell(row), context)
        }
      }
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    findings.detections.append(contentsOf: candidates.compactMap(context.detection))
  }

  private func check(_ cells: Int, _ rows: Int) throws {
    guard cells == rows else {
      throw PerceptionError(
        .badOutput, "\(rows) rows, but strides \(strides) have \(cells) cells there",
        remedy: "decoder.strides lists the right ones")
    }
  }

  private func read(
    _ scores: DenseOutput, _ row: Int, _ classes: Range<Int>, _ boxes: DenseOutput, _ boxRow: Int, _ first: Int,
    _ cell: (row: Int, column: Int, stride: Float), _ context: DecodingContext
  ) {
    var best = classes.lowerBound
    for id in classes where scores[row, id] > scores[row, best] { best = id }
    let score = scores[row, best]
    guard context.isWanted(score) else { return }
    func side(_ index: Int) -> Float {
      expectation(boxes, boxRow, first + index * bins) * cell.stride
    }
    let x = (Float(cell.column) + center) * cell.stride
    let y = (Float(cell.row) + center) * cell.stride
    candidates.append(
      Candidate(
        box: Box(left: x - side(0), top: y - side(1), right: x + side(2), bottom: y + side(3)), confidence: score,
        classID: best, row: candidates.count))
  }

  /// The mean bin under the softmax of a distribution's logits.
  private func expectation(_ table: DenseOutput, _ row: Int, _ first: Int) -> Float {
    var top = -Float.infinity
    for bin in 0..<bins { top = max(top, table[row, first + bin]) }
    var sum: Float = 0
    var weighted: Float = 0
    for bin in 0..<bins {
      let weight = expf(table[row, first + bin] - top)
      sum += weight
      weighted += weight * Float(bin)
    }
    return weighted / sum
  }
}

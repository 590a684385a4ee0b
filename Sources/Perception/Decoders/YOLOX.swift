import Configuration
import Glibc
import Ground
import Inference
import Vision

/// YOLOX (Ge et al. 2021): [1, cells, 5 + classes]; offsets in cells, logarithms of sizes, objectness, class
/// probabilities, over the grids of strides 8, 16, 32 in turn.
final class YOLOXDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "yolox", outputs: "[1, cells, 5 + classes]",
    claims: claim,
    defaults: usual,
    make: { setting in try YOLOXDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.outputs.count == 1, let picture = facts.picture, let shape = facts.unbatched(0), shape.count == 2,
      let fields = shape[1], fields > 5
    else { return nil }
    let cells = facts.cells(strides: [8, 16, 32], width: picture.width ?? 640, height: picture.height ?? 640)
    guard shape[0] == cells, !facts.name.lowercased().contains("yolov6") else { return nil }
    return
      "output '\(facts.outputs[0].name)' has \(fields) fields for each of the \(cells) cells of strides 8, 16, 32"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let recipe = facts.recipe(
      width: 640, height: 640, rule: .letterbox(centered: false), normalization: Normalization(order: .bgr, scale: 1))
    let classes = (facts.unbatched(0)?.last.flatMap { $0 } ?? 85) - 5
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: LabelSets.detector(classes),
      reasons: ["YOLOX takes BGR pictures in 0...255, padded right and below"])
  }

  private let strides: [Int]
  private let decoded: Bool
  private let scratch = ClassScratch()
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    strides = try setting.parameters.ints("strides", in: 1...1024) ?? [8, 16, 32]
    decoded = try setting.parameters.bool("decoded") ?? false
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let view = outputs.first, let shape = view.squeezed(to: 2), shape[1] > 5 else {
      throw PerceptionError(
        .badOutput, "yolox wants an output [1, cells, 5 + classes], not \(outputs.first?.shape ?? [])")
    }
    let table = DenseOutput(rowMajor: view, rows: shape[0], fields: shape[1])
    let grid = CellGrid(strides: strides, width: context.placement.width, height: context.placement.height)
    guard decoded || grid.count == shape[0] else {
      throw PerceptionError(
        .badOutput, "\(shape[0]) rows, but strides \(strides) have \(grid.count) cells",
        remedy: "decoder.strides lists the right ones")
    }
    candidates.removeAll(keepingCapacity: true)
    table.bestClasses(5..<table.fields, objectness: 4, above: context.floor, scratch: scratch) {
      row, id, score in
      let box: Box
      if decoded {
        box = table.centerBox(row)
      } else {
        let cell = grid.cell(row)
        let x = (table[row, 0] + Float(cell.column)) * cell.stride
        let y = (table[row, 1] + Float(cell.row)) * cell.stride
        let w = expf(table[row, 2]) * cell.stride
        let h = expf(table[row, 3]) * cell.stride
        box = Box(x: x - w / 2, y: y - h / 2, width: w, height: h)
      }
      candidates.append(Candidate(box: box, confidence: score, classID: id, row: row))
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    findings.detections.append(contentsOf: candidates.compactMap(context.detection))
  }
}

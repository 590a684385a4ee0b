import Configuration
import Ground
import Inference
import Vision

/// YOLOv5, YOLOv7 (and others that decode their anchors inside): rows of centre x, centre y, width, height in input
/// pixels, objectness, class probabilities, and for YOLOv5-seg 32 mask coefficients.
///
/// A detection's confidence is objectness times class.
final class YOLOv5Decoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "yolov5", aliases: ["yolov7", "yolov6", "yolov3-decoded", "yolov5-seg"],
    outputs: "[1, anchors, 5 + classes] and, for masks, [1, 32, h, w]",
    claims: claim,
    defaults: usual,
    make: { setting in try YOLOv5Decoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard let picture = facts.picture, let shape = facts.unbatched(0), shape.count == 2, let fields = shape[1],
      fields > 5
    else { return nil }
    let width = picture.width ?? 640
    let height = picture.height ?? 640
    for strides in [[8, 16, 32], [8, 16, 32, 64], [16, 32]] {
      let cells = facts.cells(strides: strides, width: width, height: height)
      if shape[0] == 3 * cells {
        return
          "output '\(facts.outputs[0].name)' has \(fields) fields for 3 anchors on each cell of strides \(strides)"
      }
    }
    let name = facts.name.lowercased()
    if name.contains("yolov5") || name.contains("yolov7") || name.contains("yolov6") {
      return "the file's name, and \(fields) fields a row"
    }
    return nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let recipe = facts.recipe(width: 640, height: 640, rule: .letterbox(centered: true))
    let masks = facts.outputs.contains { $0.shape?.count == 4 && $0.shape?[1] == 32 }
    var defaults = ModelDefaults(task: masks ? .instanceSegmentation : .detection, recipe: recipe)
    defaults.labels = facts.ultralytics?.names ?? []
    if let fields = facts.unbatched(0)?.last.flatMap({ $0 }), defaults.labels.isEmpty {
      defaults.labels = LabelSets.detector(fields - 5 - (masks ? 32 : 0))
      if defaults.labels.count == 80 { defaults.reasons.append("80 classes without names: taken for COCO's") }
    }
    return defaults
  }

  private let masked: Bool
  private let coefficients: Int
  private let classCount: Int?
  private let scratch = ClassScratch()
  private var candidates: [Candidate] = []
  private var masks = PrototypeMasks()

  init(_ setting: DecoderSetting) throws {
    masked = setting.task == .instanceSegmentation
    coefficients = masked ? try setting.parameters.int("mask_coefficients", in: 1...1024) ?? 32 : 0
    let given = try setting.parameters.int("classes", in: 1...100_000)
    classCount = given ?? (setting.labels.isEmpty ? nil : setting.labels.count)
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let first = outputs.first else { throw PerceptionError(.badOutput, "yolov5 wants an output") }
    let table = try DenseShape.resolve(first, fields: classCount.map { 5 + $0 + coefficients }, family: "yolov5")
    let classes = table.fields - 5 - coefficients
    guard classes > 0 else {
      throw PerceptionError(.badOutput, "yolov5 wants more than 5 fields a row, not \(table.fields)")
    }
    candidates.removeAll(keepingCapacity: true)
    table.bestClasses(5..<(5 + classes), objectness: 4, above: context.floor, scratch: scratch) {
      row, id, score in
      candidates.append(Candidate(box: table.centerBox(row), confidence: score, classID: id, row: row))
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    let prototypes = masked ? try PrototypeMasks.prototypes(outputs, channels: coefficients) : nil
    for candidate in candidates {
      guard var detection = context.detection(candidate) else { continue }
      if let prototypes {
        let row = Int(candidate.row)
        detection.mask = masks.mask(candidate.box, detection.box, prototypes, context.placement) {
          table[row, 5 + classes + $0]
        }
      }
      findings.detections.append(detection)
    }
  }
}

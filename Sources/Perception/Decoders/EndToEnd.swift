import Configuration
import Ground
import Inference
import Vision

/// Networks that choose their boxes themselves: YOLOv10, YOLO26, Ultralytics exports with `nms=True`, YOLOv7 exports
/// with suppression inside.
///
/// Rows of left, top, right, bottom in input pixels, confidence, class (and mask coefficients, keypoints or an angle);
/// YOLOv7's rows are batch, left, top, right, bottom, class, confidence.
final class EndToEndDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "end-to-end", aliases: ["yolov10", "yolo26", "yolov26", "yolov7-end2end"],
    outputs: "[1, n, 6 + extra]: left, top, right, bottom, confidence, class",
    claims: claim,
    defaults: usual,
    make: { setting in try EndToEndDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, facts.ultralytics?.description.lowercased().contains("rtdetr") != true else {
      return nil
    }
    if let metadata = facts.ultralytics, metadata.endToEnd, metadata.task != "classify" {
      return "Ultralytics' metadata: task '\(metadata.task)', boxes chosen inside the network"
    }
    if let metadata = facts.ultralytics, let fields = EndToEndDecoder.fields(metadata),
      let shape = facts.outputs.first?.shape, shape.count == 3, shape[2] == fields, shape[1] ?? 0 <= 1000
    {
      return "rows of \(fields): a box, its confidence, its class and what task '\(metadata.task)' adds"
    }
    guard let shape = facts.outputs.first?.shape, facts.outputs.count == 1 else { return nil }
    if shape.count == 3, shape[2] == 6, shape[1].map({ $0 <= 1000 }) ?? true {
      return "output '\(facts.outputs[0].name)' has rows of 6: a box, its confidence, its class"
    }
    let batch = facts.picture.flatMap { facts.inputs[$0.index].shape?[0] }
    if shape.count == 2, shape[1] == 7, shape[0] != 1, batch == 1 {
      return "output '\(facts.outputs[0].name)' has rows of 7: batch, a box, its class, its confidence"
    }
    return nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    var defaults = ModelDefaults.ultralytics(facts)
    if facts.ultralytics == nil {
      defaults.task = .detection
      defaults.labels = LabelSets.coco
      defaults.reasons.append("no class names: taken for COCO's")
    }
    return defaults
  }

  /// How long a row is where boxes are chosen inside; older exports do not say that they are.
  private static func fields(_ metadata: UltralyticsMetadata) -> Int? {
    switch metadata.task {
    case "detect": 6
    case "segment": 6 + 32
    case "pose": metadata.keypoints.map { 6 + $0.count * $0.values }
    case "obb": 7
    default: nil
    }
  }

  private let task: ModelTask
  private let keypoints: (count: Int, values: Int)
  private let coefficients: Int
  private var candidates: [Candidate] = []
  private var masks = PrototypeMasks()

  init(_ setting: DecoderSetting) throws {
    task = setting.task
    let shape = try setting.parameters.ints("keypoints", in: 1...1000) ?? [17, 3]
    guard shape.count == 2, (2...3).contains(shape[1]) else {
      throw setting.parameters.error("keypoints", "must be [count, 2 or 3]")
    }
    keypoints = (shape[0], shape[1])
    coefficients = try setting.parameters.int("mask_coefficients", in: 1...1024) ?? 32
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let first = outputs.first, let shape = first.squeezed(to: 2), shape[1] >= 6 else {
      throw PerceptionError(
        .badOutput, "end-to-end wants an output [1, n, 6 or more], not \(outputs.first?.shape ?? [])")
    }
    let table = DenseOutput(rowMajor: first, rows: shape[0], fields: shape[1])
    let batched = shape[1] == 7 && task == .detection
    let extra =
      switch task {
      case .instanceSegmentation: coefficients
      case .pose: keypoints.count * keypoints.values
      case .orientedDetection: 1
      default: 0
      }
    guard batched || table.fields >= 6 + extra else {
      throw PerceptionError(.badOutput, "a row of \(table.fields) fields cannot hold a \(task.rawValue) finding")
    }
    candidates.removeAll(keepingCapacity: true)
    for row in 0..<table.rows {
      let score = table[row, batched ? 6 : 4]
      guard context.isWanted(score), let id = checkedIndex(table[row, 5]) else { continue }
      let box: Box
      if batched {
        box = Box(left: table[row, 1], top: table[row, 2], right: table[row, 3], bottom: table[row, 4])
      } else {
        box = task == .orientedDetection ? table.centerBox(row) : table.cornerBox(row)
      }
      let angle = task == .orientedDetection ? table[row, table.fields - 1] : 0
      candidates.append(Candidate(box: box, confidence: score, classID: id, row: row, angle: angle))
    }
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    let prototypes =
      task == .instanceSegmentation ? try PrototypeMasks.prototypes(outputs, channels: coefficients) : nil
    for candidate in candidates.prefix(context.suppression.limit) {
      guard var detection = context.detection(candidate) else { continue }
      let row = Int(candidate.row)
      if let prototypes {
        detection.mask = masks.mask(candidate.box, detection.box, prototypes, context.placement) { table[row, 6 + $0] }
      }
      if task == .pose { detection.keypoints = KeypointReader.read(keypoints, context) { table[row, 6 + $0] } }
      if task == .orientedDetection { detection.angle = candidate.angle }
      findings.detections.append(detection)
    }
  }
}

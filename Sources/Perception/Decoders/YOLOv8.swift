import Configuration
import Ground
import Inference
import Vision

/// Ultralytics' anchor-free heads without suppression inside: YOLOv8, YOLOv9, YOLO11, YOLO12, YOLOv5u and their
/// segmentation, pose and oriented variants.
///
/// Output [1, 4 + classes + extra, anchors] (or transposed): centre x, centre y, width, height in input pixels, class
/// probabilities, then 32 mask coefficients, keypoints, or one angle. A second output [1, 32, h, w] holds the mask
/// prototypes.
final class YOLOv8Decoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "yolov8",
    aliases: ["yolov9", "yolo11", "yolov11", "yolo12", "yolov5u", "yolov8-seg", "yolov8-pose", "yolov8-obb"],
    outputs: "[1, 4 + classes + extra, anchors] and, for masks, [1, 32, h, w]",
    claims: claim,
    defaults: usual,
    make: { setting in try YOLOv8Decoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    if let metadata = facts.ultralytics, ["detect", "segment", "pose", "obb"].contains(metadata.task),
      !metadata.endToEnd, !metadata.description.lowercased().contains("rtdetr"), facts.unbatched(0)?.count == 2
    {
      return "Ultralytics' metadata: task '\(metadata.task)'"
    }
    guard let picture = facts.picture, let shape = facts.unbatched(0), shape.count == 2 else { return nil }
    let width = picture.width ?? 640
    let height = picture.height ?? 640
    for strides in [[8, 16, 32], [8, 16, 32, 64], [4, 8, 16, 32]] {
      let cells = facts.cells(strides: strides, width: width, height: height)
      if shape[1] == cells, let fields = shape[0], fields > 4, fields < cells {
        return
          "output '\(facts.outputs[0].name)' has \(fields) fields for each of the \(cells) cells of strides \(strides)"
      }
    }
    return nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    ModelDefaults.ultralytics(facts)
  }

  private let task: ModelTask
  private let classCount: Int?
  private let extra: Int
  private let keypoints: (count: Int, values: Int)
  private let normalized: Bool
  private let width: Float
  private let height: Float
  private let scratch = ClassScratch()
  private var candidates: [Candidate] = []
  private var masks = PrototypeMasks()

  init(_ setting: DecoderSetting) throws {
    task = setting.task
    let parameters = setting.parameters
    let shape = try parameters.ints("keypoints", in: 1...1000) ?? [17, 3]
    guard shape.count == 2, (2...3).contains(shape[1]) else {
      throw parameters.error("keypoints", "must be [count, 2 or 3]")
    }
    keypoints = (shape[0], shape[1])
    normalized = try parameters.bool("normalized") ?? false
    let given = try parameters.int("classes", in: 1...100_000)
    extra =
      switch setting.task {
      case .instanceSegmentation: try parameters.int("mask_coefficients", in: 1...1024) ?? 32
      case .pose: shape[0] * shape[1]
      case .orientedDetection: 1
      default: 0
      }
    classCount = given ?? (setting.labels.isEmpty ? nil : setting.labels.count)
    let size = setting.recipe.nominalSize
    width = normalized ? Float(size.width) : 1
    height = normalized ? Float(size.height) : 1
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let first = outputs.first else { throw PerceptionError(.badOutput, "yolov8 wants one output or two") }
    let table = try DenseShape.resolve(first, fields: classCount.map { 4 + $0 + extra }, family: "yolov8")
    let classes = table.fields - 4 - extra
    guard classes > 0 else {
      throw PerceptionError(
        .badOutput, "yolov8 wants more than \(4 + extra) fields for each anchor, not \(table.fields)")
    }
    candidates.removeAll(keepingCapacity: true)
    let turned = task == .orientedDetection
    table.bestClasses(4..<(4 + classes), above: context.floor, scratch: scratch) { row, id, score in
      let box = scaled(table.centerBox(row))
      let angle = turned ? table[row, table.fields - 1] : 0
      candidates.append(Candidate(box: box, confidence: score, classID: id, row: row, angle: angle))
    }
    if turned {
      context.suppression.apply(to: &candidates, minimumConfidence: context.confidence) { $0.probabilisticIoU($1) }
    } else {
      context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    }
    let prototypes = task == .instanceSegmentation ? try PrototypeMasks.prototypes(outputs, channels: extra) : nil
    for candidate in candidates {
      guard var detection = context.detection(candidate) else { continue }
      let row = Int(candidate.row)
      switch task {
      case .instanceSegmentation:
        if let prototypes {
          detection.mask = masks.mask(candidate.box, detection.box, prototypes, context.placement) {
            table[row, 4 + classes + $0]
          }
        }
      case .pose:
        detection.keypoints = KeypointReader.read(keypoints, context) { table[row, 4 + classes + $0] }
      case .orientedDetection: detection.angle = candidate.angle
      default: break
      }
      findings.detections.append(detection)
    }
  }

  private func scaled(_ box: Box) -> Box {
    normalized ? Box(x: box.x * width, y: box.y * height, width: box.width * width, height: box.height * height) : box
  }
}

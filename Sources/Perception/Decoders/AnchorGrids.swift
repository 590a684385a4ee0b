import Configuration
import Glibc
import Ground
import Inference
import Vision

/// Raw maps of anchor-based YOLOs, one a stride: Tiny YOLOv2 [1, 125, 13, 13], YOLOv3 [1, 255, h, w], YOLOv4
/// [1, h, w, 3, 85], YOLOv5 without its last layer [1, 3, h, w, 85].
///
/// A cell's anchor has tx, ty, tw, th, objectness and class scores, all before their sigmoid. Centres are
/// (sigmoid(t) * s - (s - 1) / 2 + cell) * stride with s YOLOv4's xyscale; sizes anchor * exp(t) (YOLOv5: with s = 2 and
/// (2 sigmoid(t))^2 instead).
final class AnchorGridDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "anchor-grids", aliases: ["yolov2", "tiny-yolov2", "yolov3-raw", "yolov4", "yolov5-raw"],
    outputs:
      "[1, anchors x (5 + classes), h, w], [1, h, w, anchors, 5 + classes] or [1, anchors, h, w, 5 + classes] a stride",
    claims: claim,
    defaults: usual,
    make: { setting in try AnchorGridDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard let picture = facts.picture, !facts.outputs.isEmpty, facts.outputs.count <= 3 else { return nil }
    let name = facts.name.lowercased()
    let shapes = facts.outputs.compactMap(\.shape)
    if shapes.count == facts.outputs.count, shapes.allSatisfy({ $0.count == 5 && ($0[4] ?? 0) > 5 }) {
      return "rank-5 outputs with \(shapes[0][4] ?? 0) fields an anchor"
    }
    if shapes.allSatisfy({ $0.count == 4 }), let width = picture.width, shapes.count == 1, shapes[0][1] == 125,
      let columns = shapes[0][3], columns * 32 == width
    {
      return "one grid at stride 32 with 125 fields: 5 anchors with 20 classes"
    }
    if shapes.count >= 2, shapes.allSatisfy({ $0.count == 4 && $0[1] == 255 }) || name.contains("yolov4") {
      return "grids with 255 fields: 3 anchors with 80 classes"
    }
    return nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let shape = facts.outputs.first?.shape ?? []
    let version: Version =
      shape.count == 4 && shape[1] == 125
      ? .v2 : shape.count == 5 && shape[1] == 3 && shape[3] != 3 ? .v5 : shape.count == 5 ? .v4 : .v3
    let normalization =
      version == .v2 ? Normalization(scale: 1, pad: 0) : Normalization(pad: version == .v5 ? 114 : 128)
    let recipe = facts.recipe(
      width: 416, height: 416, rule: version == .v2 ? .stretch : .letterbox(centered: true),
      normalization: normalization)
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: version == .v2 ? LabelSets.voc : LabelSets.coco,
      parameters: ["version": .string(version.rawValue)],
      reasons: ["raw maps of YOLO\(version.rawValue), with its published anchors"])
  }

  enum Version: String, CaseIterable {
    case v2, v3, v4, v5

    /// Width and height of the published anchors, smallest stride first, in input pixels.
    var anchors: [[Float]] {
      switch self {
      case .v2:
        [[34.56, 38.08, 109.44, 141.12, 212.16, 364.16, 301.44, 163.52, 531.84, 336.64]]
      case .v3:
        [
          [10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326],
        ]
      case .v4:
        [
          [12, 16, 19, 36, 40, 28], [36, 75, 76, 55, 72, 146], [142, 110, 192, 243, 459, 401],
        ]
      case .v5:
        [
          [10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326],
        ]
      }
    }

    var xyScales: [Float] {
      switch self {
      case .v2, .v3: [1, 1, 1]
      case .v4: [1.2, 1.1, 1.05]
      case .v5: [2, 2, 2]
      }
    }
  }

  private let version: Version
  private let anchors: [[Float]]
  private let xyScales: [Float]
  private let classCount: Int
  private var candidates: [Candidate] = []
  private var scores: [Float] = []

  init(_ setting: DecoderSetting) throws {
    let parameters = setting.parameters
    version = try parameters.choice("version", Version.allCases.map { ($0.rawValue, $0) }) ?? .v3
    xyScales = try parameters.numbers("xy_scales") ?? version.xyScales
    if let flat = try parameters.numbers("anchors") {
      let grids = max(1, setting.facts.outputs.count)
      guard !flat.isEmpty, flat.count % (2 * grids) == 0 else {
        throw parameters.error("anchors", "must hold width and height of as many anchors for each of \(grids) outputs")
      }
      let size = flat.count / grids
      anchors = (0..<grids).map { Array(flat[($0 * size)..<(($0 + 1) * size)]) }
    } else {
      anchors = version.anchors
    }
    classCount = max(1, setting.labels.count)
  }

  /// One map: where the value of a field of an anchor in a cell stands.
  private struct Grid {
    var view: FloatView
    var columns: Int
    var rows: Int
    var anchors: Int
    var fields: Int
    var strides: (row: Int, column: Int, anchor: Int, field: Int)

    init?(_ view: FloatView, fields: Int) {
      self.view = view
      self.fields = fields
      if view.shape.count == 5, view.shape[0] == 1, view.shape[4] == fields {
        let shape = view.shape
        // Anchors stand last but one (TensorFlow) or first (PyTorch): they are few.
        if shape[3] <= shape[1] {
          (rows, columns, anchors) = (shape[1], shape[2], shape[3])
          strides = (columns * anchors * fields, anchors * fields, fields, 1)
        } else {
          (anchors, rows, columns) = (shape[1], shape[2], shape[3])
          strides = (columns * fields, fields, rows * columns * fields, 1)
        }
      } else if let shape = view.squeezed(to: 3), shape[0] % fields == 0, shape[0] > 0 {
        (rows, columns, anchors) = (shape[1], shape[2], shape[0] / fields)
        strides = (columns, 1, fields * rows * columns, rows * columns)
      } else {
        return nil
      }
    }

    func index(_ row: Int, _ column: Int, _ anchor: Int) -> Int {
      row * strides.row + column * strides.column + anchor * strides.anchor
    }
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    let fields = 5 + classCount
    var grids = try outputs.map { view in
      guard let grid = Grid(view, fields: fields) else {
        throw PerceptionError(
          .badOutput, "anchor-grids with \(classCount) classes cannot read an output \(view.shape)")
      }
      return grid
    }
    // Smallest stride first, whatever the order of the outputs.
    grids.sort { $0.columns > $1.columns }
    let skip = max(0, anchors.count - grids.count)
    candidates.removeAll(keepingCapacity: true)
    for (level, grid) in grids.enumerated() where level + skip < anchors.count {
      let sizes = anchors[level + skip]
      guard grid.anchors * 2 == sizes.count else {
        throw PerceptionError(
          .badOutput, "\(grid.anchors) anchors a cell, but \(sizes.count / 2) are given",
          remedy: "decoder.anchors lists width and height of each")
      }
      read(grid, sizes, xyScales.indices.contains(level + skip) ? xyScales[level + skip] : 1, context)
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    findings.detections.append(contentsOf: candidates.compactMap(context.detection))
  }

  private func read(_ grid: Grid, _ sizes: [Float], _ xyScale: Float, _ context: DecodingContext) {
    let strideX = Float(context.placement.width) / Float(grid.columns)
    let strideY = Float(context.placement.height) / Float(grid.rows)
    for row in 0..<grid.rows {
      for column in 0..<grid.columns {
        for anchor in 0..<grid.anchors {
          let at = grid.index(row, column, anchor)
          let step = grid.strides.field
          let objectness = sigmoid(grid.view[at + 4 * step])
          guard context.isWanted(objectness) else { continue }
          let (id, probability) = bestClass(grid, at + 5 * step)
          let score = objectness * probability
          guard context.isWanted(score) else { continue }
          func center(_ value: Float, _ cell: Int) -> Float {
            sigmoid(value) * xyScale - 0.5 * (xyScale - 1) + Float(cell)
          }
          func size(_ value: Float, _ anchor: Float) -> Float {
            guard version == .v5 else { return expf(value) * anchor }
            let doubled = 2 * sigmoid(value)
            return doubled * doubled * anchor
          }
          let x = center(grid.view[at], column) * strideX
          let y = center(grid.view[at + step], row) * strideY
          let w = size(grid.view[at + 2 * step], sizes[2 * anchor])
          let h = size(grid.view[at + 3 * step], sizes[2 * anchor + 1])
          let index = (row * grid.columns + column) * grid.anchors + anchor
          candidates.append(
            Candidate(
              box: Box(x: x - w / 2, y: y - h / 2, width: w, height: h), confidence: score, classID: id,
              row: index))
        }
      }
    }
  }

  /// YOLOv2 chooses among its classes by softmax, its successors judge each class alone.
  private func bestClass(_ grid: Grid, _ at: Int) -> (Int, Float) {
    let step = grid.strides.field
    scores.removeAll(keepingCapacity: true)
    for id in 0..<classCount { scores.append(grid.view[at + id * step]) }
    var best = 0
    for id in scores.indices where scores[id] > scores[best] { best = id }
    guard version == .v2 else { return (best, sigmoid(scores[best])) }
    Activations.softmax(&scores)
    return (best, scores[best])
  }
}

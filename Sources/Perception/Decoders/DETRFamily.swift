import Inference
import Vision

/// Which of DETR's relatives a network is: how it judges classes and what pictures it takes. None of it follows from the
/// number of classes, which training changes.
enum DETRFamily: Sendable {
  /// DETR, YOLOS, Table Transformer: classes share a softmax with "no object", the last of them.
  case detr
  /// Deformable, Conditional and DAB DETR, DETA: a sigmoid for each class, ImageNet's means.
  case deformable
  /// RT-DETR, D-FINE, DEIM: a sigmoid for each class, pictures in 0...1.
  case realTime
  /// RF-DETR: a sigmoid for each class, ImageNet's means.
  case roboflow

  /// Words of model types and file names, the longer before those that they contain.
  private static let words: [(word: String, family: DETRFamily)] = [
    ("rfdetr", .roboflow), ("rtdetr", .realTime), ("dfine", .realTime), ("deim", .realTime),
    ("deformabledetr", .deformable), ("conditionaldetr", .deformable), ("dabdetr", .deformable), ("deta", .deformable),
    ("tabletransformer", .detr), ("yolos", .detr), ("detrresnet", .detr),
  ]

  /// The family, and how it is known: by `config.json` beside the network, the outputs' names, the file's name, and only then
  /// by how many queries and classes there are.
  static func of(_ facts: NetworkFacts, classes: Int, queries: Int) -> (family: DETRFamily, reason: String) {
    if let type = facts.companion?.modelType {
      let plain = type.lowercased().filter { $0.isLetter }
      if plain == "detr" { return (.detr, "config.json says '\(type)'") }
      if let known = words.first(where: { plain.contains($0.word) }) {
        return (known.family, "config.json says '\(type)'")
      }
    }
    if facts.output(named: "dets") != nil, facts.output(named: "labels") != nil {
      return (.roboflow, "outputs 'dets' and 'labels': RF-DETR")
    }
    let name = facts.name.lowercased().filter { $0.isLetter }
    if let known = words.first(where: { name.contains($0.word) }) {
      return (known.family, "the file's name says '\(known.word)'")
    }
    if classes == 92 || (queries == 100 && classes != 91 && classes != 80) {
      return (.detr, "\(classes) classes, the last for 'no object': DETR")
    }
    return classes == 91
      ? (.deformable, "91 classes judged alone: a relative of Deformable DETR")
      : (.realTime, "\(classes) classes judged alone: a relative of RT-DETR")
  }

  var sharesSoftmax: Bool { self == .detr }

  /// How pictures are prepared.
  func recipe(_ facts: NetworkFacts) -> InputRecipe {
    switch self {
    case .detr: facts.recipe(width: 800, height: 800, rule: .stretch, normalization: .imageNet)
    case .deformable: facts.recipe(width: 640, height: 640, rule: .stretch, normalization: .imageNet)
    case .realTime: facts.recipe(width: 640, height: 640, rule: .stretch)
    case .roboflow: facts.recipe(width: 560, height: 560, rule: .stretch, normalization: .imageNet)
    }
  }
}

/// Which outputs of a DETR hold what.
struct DETRRoles: Sendable {
  var boxes: Int
  var logits: Int

  private static let boxNames = ["pred_boxes", "dets", "boxes", "bboxes", "pred_bboxes", "box", "bbox"]
  private static let logitNames = [
    "logits", "pred_logits", "class_logits", "labels", "scores", "classes", "pred_scores",
  ]

  /// By their names; else by what they end in, since boxes come out of a sigmoid and logits do not; else by their widths; and
  /// where both are four wide, the second holds the boxes. nil without two outputs of rank 3 with as many queries.
  init?(_ facts: NetworkFacts) {
    func port(_ names: [String]) -> Int? { names.lazy.compactMap { facts.output(named: $0) }.first }
    if let boxes = port(DETRRoles.boxNames), let logits = port(DETRRoles.logitNames) {
      self.init(boxes: boxes, logits: logits, facts)
      return
    }
    guard facts.outputs.count == 2 else { return nil }
    if let boxes = port(DETRRoles.boxNames) ?? port(DETRRoles.logitNames).map({ 1 - $0 }) {
      self.init(boxes: boxes, logits: 1 - boxes, facts)
      return
    }
    let wide = (0..<2).filter { facts.outputs[$0].shape?.last == .some(4) }
    let behindSigmoid = wide.filter { facts.outputs[$0].activation == .sigmoid }
    guard let boxes = behindSigmoid.count == 1 ? behindSigmoid.first : wide.last else { return nil }
    self.init(boxes: boxes, logits: 1 - boxes, facts)
  }

  private init?(boxes: Int, logits: Int, _ facts: NetworkFacts) {
    let (a, b) = (facts.unbatched(boxes), facts.unbatched(logits))
    if let a, let b {
      guard a.count == 2, b.count == 2, a[1] ?? 4 == 4, a[0] == nil || b[0] == nil || a[0] == b[0] else { return nil }
    }
    self.boxes = boxes
    self.logits = logits
  }

  /// Roles of outputs of which nothing is known but their shapes.
  init(unknown outputs: Int) {
    boxes = min(1, outputs - 1)
    logits = 0
  }
}

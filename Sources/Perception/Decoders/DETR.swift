import Configuration
import Ground
import Inference
import Vision

/// DETR and its relatives (Carion et al. 2020): a set of queries, each with class logits [1, queries, classes] and a box
/// [1, queries, 4] of centre x, centre y, width, height in 0...1. No suppression.
///
/// DETR's last class means "no object" and the classes share a softmax; Deformable DETR, RT-DETR and others judge each
/// class by its own sigmoid.
final class DETRDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "detr", aliases: ["rt-detr-hf", "deformable-detr"],
    outputs: "logits [1, queries, classes], boxes [1, queries, 4]",
    claims: claim,
    defaults: usual,
    make: { setting in try DETRDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, let roles = DETRRoles(facts) else { return nil }
    let (boxes, logits) = (facts.outputs[roles.boxes], facts.outputs[roles.logits])
    if facts.output(named: "logits", "pred_logits") == roles.logits || facts.output(named: "dets") == roles.boxes {
      return "outputs '\(logits.name)' and '\(boxes.name)' of a transformer that detects"
    }
    guard facts.outputs.count == 2, let a = facts.unbatched(roles.boxes), let b = facts.unbatched(roles.logits),
      a.count == 2, b.count == 2, let queries = a[0], queries == b[0], queries <= 1000, a[1] == 4
    else { return nil }
    return "two outputs with \(queries) queries, classes and boxes"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let shape = DETRRoles(facts).flatMap { facts.unbatched($0.logits) }
    let classes = shape?.last.flatMap { $0 } ?? 92
    let queries = shape?.first.flatMap { $0 } ?? 100
    let (family, reason) = DETRFamily.of(facts, classes: classes, queries: queries)
    let labels =
      classes == 92 || classes == 91
      ? LabelSets.coco91 : LabelSets.detector(family.sharesSoftmax ? classes - 1 : classes)
    return ModelDefaults(
      task: .detection, recipe: family.recipe(facts), labels: labels,
      parameters: ["activation": .string(family.sharesSoftmax ? "softmax" : "sigmoid")], confidence: 0.5,
      reasons: [reason])
  }

  /// Whether the last class means "no object".
  private let hasNone: Bool
  private let activation: ClassifierDecoder.Activation
  private let roles: DETRRoles?
  private var scores: [Float] = []
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    hasNone = try setting.parameters.choice("activation", [("softmax", true), ("sigmoid", false)]) ?? true
    roles = DETRRoles(setting.facts)
    let output = roles.flatMap { setting.facts.outputs[$0.logits].activation }
    // Some exports end in the activation that others leave to the reader.
    activation = output == .sigmoid || output == .softmax ? .none : hasNone ? .softmax : .sigmoid
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    let tables = outputs.map { view in
      view.squeezed(to: 2).map { DenseOutput(rowMajor: view, rows: $0[0], fields: $0[1]) }
    }
    let roles = roles ?? DETRRoles(unknown: tables.count)
    guard tables.count >= 2, tables.indices.contains(max(roles.boxes, roles.logits)), let boxes = tables[roles.boxes],
      let logits = tables[roles.logits]
    else {
      throw PerceptionError(.badOutput, "detr wants logits and boxes, not \(outputs.map(\.shape))")
    }
    guard boxes.fields == 4, boxes.rows == logits.rows, logits.fields > (hasNone ? 1 : 0) else {
      throw PerceptionError(.badOutput, "detr wants as many boxes as queries, not \(outputs.map(\.shape))")
    }
    let width = Float(context.placement.width)
    let height = Float(context.placement.height)
    candidates.removeAll(keepingCapacity: true)
    for row in 0..<logits.rows {
      scores.removeAll(keepingCapacity: true)
      for id in 0..<logits.fields { scores.append(logits[row, id]) }
      Activations.apply(activation, to: &scores)
      let classes = hasNone ? logits.fields - 1 : logits.fields
      var best = 0
      for id in 0..<classes where scores[id] > scores[best] { best = id }
      guard context.isWanted(scores[best]) else { continue }
      let box = boxes.centerBox(row)
      candidates.append(
        Candidate(
          box: Box(x: box.x * width, y: box.y * height, width: box.width * width, height: box.height * height),
          confidence: scores[best], classID: best, row: row))
    }
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    findings.detections.append(contentsOf: candidates.prefix(context.suppression.limit).compactMap(context.detection))
  }
}

/// Ultralytics' RT-DETR: one output [1, queries, 4 + classes]; boxes as centre and size in 0...1, class probabilities. Its
/// newer exports choose the class inside: rows of box, confidence and class number.
final class RTDETRDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "rt-detr", aliases: ["rtdetr"], outputs: "[1, queries, 4 + classes] or [1, queries, 6]",
    claims: claim,
    defaults: usual,
    make: { _ in RTDETRDecoder() })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.outputs.count == 1, facts.picture != nil, let shape = facts.unbatched(0), shape.count == 2 else {
      return nil
    }
    if let metadata = facts.ultralytics, metadata.description.lowercased().contains("rtdetr") {
      return "Ultralytics' metadata: \(metadata.description)"
    }
    guard shape[0] == 300, let fields = shape[1], fields > 6 else { return nil }
    return "output '\(facts.outputs[0].name)' has 300 queries of \(fields) fields"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let metadata = facts.ultralytics
    let recipe = facts.recipe(width: metadata?.width ?? 640, height: metadata?.height ?? 640, rule: .stretch)
    let classes = (facts.unbatched(0)?.last.flatMap { $0 } ?? 84) - 4
    return ModelDefaults(
      task: .detection, recipe: recipe, labels: metadata?.names ?? LabelSets.detector(classes), confidence: 0.4)
  }

  private let scratch = ClassScratch()
  private var candidates: [Candidate] = []

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let view = outputs.first, let shape = view.squeezed(to: 2), shape[1] > 4 else {
      throw PerceptionError(
        .badOutput, "rt-detr wants an output [1, queries, 4 + classes], not \(outputs.first?.shape ?? [])")
    }
    let table = DenseOutput(rowMajor: view, rows: shape[0], fields: shape[1])
    let width = Float(context.placement.width)
    let height = Float(context.placement.height)
    candidates.removeAll(keepingCapacity: true)
    func add(_ row: Int, _ id: Int, _ score: Float) {
      let box = table.centerBox(row)
      candidates.append(
        Candidate(
          box: Box(x: box.x * width, y: box.y * height, width: box.width * width, height: box.height * height),
          confidence: score, classID: id, row: row))
    }
    if holdsClassNumbers(table) {
      for row in 0..<table.rows where context.isWanted(table[row, 4]) {
        if let id = checkedIndex(table[row, 5]) { add(row, id, table[row, 4]) }
      }
    } else {
      table.bestClasses(4..<table.fields, above: context.floor, scratch: scratch, add)
    }
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    findings.detections.append(contentsOf: candidates.prefix(context.suppression.limit).compactMap(context.detection))
  }

  /// Whether the sixth field is a class number and not the second of two classes' probabilities: these are not whole.
  private func holdsClassNumbers(_ table: DenseOutput) -> Bool {
    table.fields == 6 && (0..<table.rows).allSatisfy { table[$0, 5] == table[$0, 5].rounded() }
  }
}

import Glibc
import Ground
import Inference
import Vision

/// SCRFD, InsightFace's face detector (Guo et al. 2021): for each stride of 8, 16, 32 two anchors a cell with a
/// probability, the distances to the box's four sides and five landmarks, in strides.
final class SCRFDDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "scrfd", aliases: ["insightface"],
    outputs: "three of [anchors, 1], three of [anchors, 4] and, for landmarks, three of [anchors, 10]",
    claims: claim,
    defaults: usual,
    make: { setting in try SCRFDDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, facts.outputs.count == 6 || facts.outputs.count == 9,
      let roles = roles(facts.outputs.map { $0.shape?.last ?? nil })
    else { return nil }
    let rows = roles.scores.map { facts.outputs[$0].shape?.dropLast().last ?? nil }
    guard let fine = rows[0], let middle = rows[1] else {
      return rows.allSatisfy({ $0 == nil }) ? "outputs of 1, 4 and 10 numbers an anchor at three strides" : nil
    }
    return fine >= 3 * middle && fine <= 5 * middle
      ? "outputs of 1, 4 and 10 numbers an anchor at three strides" : nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let recipe = facts.recipe(
      width: 640, height: 640, rule: .letterbox(centered: false),
      normalization: Normalization(scale: 1, mean: [127.5, 127.5, 127.5], deviation: [128, 128, 128], pad: 0))
    return ModelDefaults(
      task: facts.outputs.count == 9 ? .pose : .detection, recipe: recipe, labels: ["face"], confidence: 0.5,
      iou: 0.4,
      reasons: ["SCRFD takes RGB pictures, (pixel - 127.5) / 128, padded right and below; faces with five landmarks"])
  }

  /// Which outputs hold what, finest stride first.
  struct Roles {
    var scores: [Int]
    var boxes: [Int]
    var points: [Int]
  }

  private static func roles(_ fields: [Int?]) -> Roles? {
    func places(_ count: Int) -> [Int] { fields.indices.filter { fields[$0] == count } }
    let roles = Roles(scores: places(1), boxes: places(4), points: places(10))
    return roles.scores.count == 3 && roles.boxes.count == 3 && [0, 3].contains(roles.points.count) ? roles : nil
  }

  private static let strides = [8, 16, 32]
  private static let anchors = 2
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {}

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let roles = SCRFDDecoder.roles(outputs.map { $0.shape.last }) else {
      throw PerceptionError(.badOutput, "scrfd wants six or nine outputs of 1, 4 and 10 numbers a row")
    }
    candidates.removeAll(keepingCapacity: true)
    for (level, stride) in SCRFDDecoder.strides.enumerated() {
      let grid = CellGrid(strides: [stride], width: context.placement.width, height: context.placement.height)
      let rows = grid.count * SCRFDDecoder.anchors
      let (scores, boxes) = (outputs[roles.scores[level]], outputs[roles.boxes[level]])
      guard scores.count == rows, boxes.count == 4 * rows,
        roles.points.isEmpty || outputs[roles.points[level]].count == 10 * rows
      else { throw PerceptionError(.badOutput, "scrfd wants \(rows) anchors at stride \(stride), not \(scores.count)") }
      for row in 0..<rows where context.isWanted(scores[row]) {
        let (x, y) = center(row, grid)
        let side = { (index: Int) in boxes[row * 4 + index] * Float(stride) }
        let box = Box(left: x - side(0), top: y - side(1), right: x + side(2), bottom: y + side(3))
        candidates.append(Candidate(box: box, confidence: scores[row], classID: 0, row: row << 2 | level))
      }
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    for candidate in candidates {
      guard var detection = context.detection(candidate) else { continue }
      if !roles.points.isEmpty {
        detection.keypoints = landmarks(Int(candidate.row), outputs, roles, context)
      }
      findings.detections.append(detection)
    }
  }

  private func center(_ row: Int, _ grid: CellGrid) -> (x: Float, y: Float) {
    let cell = grid.cell(row / SCRFDDecoder.anchors)
    return (Float(cell.column) * cell.stride, Float(cell.row) * cell.stride)
  }

  private func landmarks(
    _ place: Int, _ outputs: [FloatView], _ roles: Roles, _ context: DecodingContext
  ) -> [Keypoint] {
    let (row, level) = (place >> 2, place & 3)
    let stride = SCRFDDecoder.strides[level]
    let (x, y) = center(
      row, CellGrid(strides: [stride], width: context.placement.width, height: context.placement.height))
    let points = outputs[roles.points[level]]
    return KeypointReader.read((5, 2), context) { field in
      (field % 2 == 0 ? x : y) + points[row * 10 + field] * Float(stride)
    }
  }
}

/// RetinaFace (Deng et al. 2020) as its PyTorch port exports it: offsets, softmaxed scores and landmarks relative to two
/// square default boxes a cell of strides 8, 16, 32.
final class RetinaFaceDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "retinaface", outputs: "offsets [1, n, 4], scores [1, n, 2], landmarks [1, n, 10]",
    claims: claim,
    defaults: usual,
    make: { setting in try RetinaFaceDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, facts.outputs.count == 3 else { return nil }
    let shapes = facts.outputs.indices.map { facts.unbatched($0) ?? [] }
    let rows = Set(shapes.map { $0.first ?? nil })
    guard shapes.allSatisfy({ $0.count == 2 }), Set(shapes.map { $0[1] }) == [4, 2, 10], rows.count == 1 else {
      return nil
    }
    return "outputs of 4, 2 and 10 numbers a default box: faces with landmarks"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let recipe = facts.recipe(
      width: 640, height: 640, rule: .letterbox(centered: false),
      normalization: Normalization(order: .bgr, scale: 1, mean: [104, 117, 123], pad: 0))
    return ModelDefaults(
      task: .pose, recipe: recipe, labels: ["face"], confidence: 0.5, iou: 0.4,
      reasons: ["RetinaFace takes BGR pictures less (104, 117, 123); faces with five landmarks"])
  }

  private static let strides = [8, 16, 32]
  /// Sides of the default boxes at each stride, in pixels.
  private static let sides: [[Float]] = [[16, 32], [64, 128], [256, 512]]
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {}

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    func output(_ fields: Int) -> FloatView? { outputs.first { $0.shape.last == fields } }
    let (width, height) = (context.placement.width, context.placement.height)
    let grids = RetinaFaceDecoder.strides.map { CellGrid(strides: [$0], width: width, height: height) }
    let rows = grids.reduce(0) { $0 + 2 * $1.count }
    guard let boxes = output(4), let scores = output(2), let points = output(10), boxes.count == 4 * rows,
      scores.count == 2 * rows, points.count == 10 * rows
    else { throw PerceptionError(.badOutput, "retinaface wants \(rows) rows of 4, 2 and 10 numbers") }
    candidates.removeAll(keepingCapacity: true)
    for row in 0..<rows where context.isWanted(scores[2 * row + 1]) {
      let prior = RetinaFaceDecoder.prior(row, grids)
      let x = prior.x + boxes[row * 4] * 0.1 * prior.side
      let y = prior.y + boxes[row * 4 + 1] * 0.1 * prior.side
      let w = prior.side * expf(boxes[row * 4 + 2] * 0.2)
      let h = prior.side * expf(boxes[row * 4 + 3] * 0.2)
      candidates.append(
        Candidate(
          box: Box(x: x - w / 2, y: y - h / 2, width: w, height: h), confidence: scores[2 * row + 1], classID: 0,
          row: row))
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    for candidate in candidates {
      guard var detection = context.detection(candidate) else { continue }
      let row = Int(candidate.row)
      let prior = RetinaFaceDecoder.prior(row, grids)
      detection.keypoints = KeypointReader.read((5, 2), context) { field in
        (field % 2 == 0 ? prior.x : prior.y) + points[row * 10 + field] * 0.1 * prior.side
      }
      findings.detections.append(detection)
    }
  }

  /// The default box of a row: its centre and side in pixels.
  private static func prior(_ row: Int, _ grids: [CellGrid]) -> (x: Float, y: Float, side: Float) {
    var row = row
    for (level, grid) in grids.enumerated() {
      guard row >= 2 * grid.count else {
        let cell = grid.cell(row / 2)
        return (
          (Float(cell.column) + 0.5) * cell.stride, (Float(cell.row) + 0.5) * cell.stride, sides[level][row % 2]
        )
      }
      row -= 2 * grid.count
    }
    return (0, 0, 0)
  }
}

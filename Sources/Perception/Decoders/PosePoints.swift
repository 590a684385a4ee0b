import Glibc
import Ground
import Inference
import Vision

/// What networks for the pose of one person have in common: they see a person's crop (or a picture that one fills), and
/// answer with joints.
enum PosePoints {
  /// Joints that data sets have: COCO's 17, MPII's 16, LSP's 14, a hand's 21, COCO-WholeBody's 133.
  static let usualCounts: Set<Int> = [14, 16, 17, 21, 133]

  static func defaults(_ facts: NetworkFacts, reason: String) -> ModelDefaults {
    let recipe = facts.recipe(width: 192, height: 256, rule: .letterbox(centered: true), normalization: .imageNet)
    return ModelDefaults(
      task: .pose, recipe: recipe, labels: ["person"], confidence: 0.2, assumesRecipe: true,
      reasons: [reason, "assumed: ImageNet's means and deviations; meant for a person's crop: a stage of a chain"])
  }

  /// One detection around joints in input pixels; nil if their mean confidence does not pass.
  ///
  /// - Parameter points: x, y and confidence of each.
  static func detection(_ points: [Keypoint], _ context: DecodingContext) -> Detection? {
    let confidence = points.reduce(0) { $0 + $1.confidence } / Float(max(1, points.count))
    guard context.isWanted(confidence) else { return nil }
    let sure = points.filter { context.isWanted($0.confidence) }
    let box = Box(
      left: sure.map(\.x).min() ?? 0, top: sure.map(\.y).min() ?? 0, right: sure.map(\.x).max() ?? 0,
      bottom: sure.map(\.y).max() ?? 0)
    var detection = context.detection(Candidate(box: box, confidence: confidence, classID: 0, row: 0))
    detection?.keypoints = KeypointReader.read((points.count, 3), context) { field in
      let point = points[field / 3]
      return [point.x, point.y, point.confidence][field % 3]
    }
    return detection
  }
}

/// A map of heat for each joint: HRNet, SimpleBaselines, ViTPose. The joint is at the hottest cell, a quarter of a cell
/// towards the hotter neighbour (Newell et al. 2016).
final class PoseHeatmapDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "pose-heatmaps", aliases: ["hrnet", "vitpose", "simple-baselines"], outputs: "[1, joints, h, w]",
    claims: claim,
    defaults: usual,
    make: { _ in PoseHeatmapDecoder() })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard let picture = facts.picture, !picture.layout.isInterleaved, facts.outputs.count == 1,
      let shape = facts.outputs[0].shape, shape.count == 4, let joints = shape[1],
      PosePoints.usualCounts.contains(joints)
    else { return nil }
    let name = (facts.name + facts.outputs[0].name).lowercased()
    let speaks = ["pose", "hrnet", "heatmap", "keypoint", "joint"].contains { name.contains($0) }
    // People stand: pictures higher than wide, at a quarter of the size.
    let upright: Bool =
      if let width = picture.width, let height = picture.height, let columns = shape[3] {
        height > width && width / max(1, columns) == 4
      } else { false }
    guard speaks || upright else { return nil }
    return "output '\(facts.outputs[0].name)' has a map for each of \(joints) joints"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    PosePoints.defaults(facts, reason: "maps of heat, one a joint")
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let view = outputs.first, let shape = view.squeezed(to: 3), shape[0] <= 1000, shape[1] > 0, shape[2] > 0
    else {
      throw PerceptionError(
        .badOutput, "pose-heatmaps wants an output [1, joints, h, w], not \(outputs.first?.shape ?? [])")
    }
    let points = (0..<shape[0]).map { joint in peak(view, at: joint, rows: shape[1], columns: shape[2], context) }
    if let detection = PosePoints.detection(points, context) { findings.detections.append(detection) }
  }

  private func peak(_ view: FloatView, at joint: Int, rows: Int, columns: Int, _ context: DecodingContext) -> Keypoint {
    let start = joint * rows * columns
    var best = 0
    for cell in 0..<(rows * columns) where view[start + cell] > view[start + best] { best = cell }
    let (row, column) = (best / columns, best % columns)
    func quarter(_ before: Int, _ after: Int) -> Float {
      let difference = view[start + after] - view[start + before]
      return difference > 0 ? 0.25 : difference < 0 ? -0.25 : 0
    }
    let dx = column > 0 && column < columns - 1 ? quarter(best - 1, best + 1) : 0
    let dy = row > 0 && row < rows - 1 ? quarter(best - columns, best + columns) : 0
    let confidence = view[start + best]
    return Keypoint(
      x: (Float(column) + dx) * Float(context.placement.width) / Float(columns),
      y: (Float(row) + dy) * Float(context.placement.height) / Float(rows),
      confidence: confidence.isFinite ? min(max(confidence, 0), 1) : 0)
  }
}

/// SimCC (Li et al. 2022), RTMPose: for each joint where it is along x and along y, in parts of a pixel.
final class SimCCDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "simcc", aliases: ["rtmpose"], outputs: "[1, joints, width x 2], [1, joints, height x 2]",
    claims: claim,
    defaults: usual,
    make: { _ in SimCCDecoder() })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard let picture = facts.picture, facts.outputs.count == 2, let x = facts.unbatched(0),
      let y = facts.unbatched(1),
      x.count == 2, y.count == 2, x[0] == y[0]
    else { return nil }
    let isNamed = facts.output(named: "simcc_x") != nil
    guard let width = picture.width, let height = picture.height, let columns = x[1], let rows = y[1] else {
      return isNamed ? "outputs 'simcc_x' and 'simcc_y'" : nil
    }
    guard columns % width == 0, rows % height == 0, columns / width == rows / height,
      (1...4).contains(columns / width),
      isNamed || x[0] ?? 0 <= 200
    else { return nil }
    return "outputs for places along x and along y, \(columns / width) a pixel"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    PosePoints.defaults(facts, reason: "SimCC: joints along x and along y")
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard outputs.count >= 2, let x = outputs[0].squeezed(to: 2), let y = outputs[1].squeezed(to: 2), x[0] == y[0],
      x[0] <= 1000, x[1] > 0, y[1] > 0
    else { throw PerceptionError(.badOutput, "simcc wants two outputs [1, joints, places]") }
    let points = (0..<x[0]).map { joint -> Keypoint in
      let across = SimCCDecoder.peak(outputs[0], joint, x[1])
      let down = SimCCDecoder.peak(outputs[1], joint, y[1])
      let confidence = min(across.value, down.value)
      return Keypoint(
        x: Float(across.place) * Float(context.placement.width) / Float(x[1]),
        y: Float(down.place) * Float(context.placement.height) / Float(y[1]),
        confidence: confidence.isFinite ? min(max(confidence, 0), 1) : 0)
    }
    if let detection = PosePoints.detection(points, context) { findings.detections.append(detection) }
  }

  private static func peak(_ view: FloatView, _ joint: Int, _ places: Int) -> (place: Int, value: Float) {
    var best = 0
    for place in 1..<max(1, places) where view[joint * places + place] > view[joint * places + best] { best = place }
    return (best, view[joint * places + best])
  }
}

/// MoveNet of TensorFlow Hub: 17 joints of one person [1, 1, 17, 3] as y, x and confidence, or of six with their boxes
/// [1, 6, 56].
final class MoveNetDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "movenet", outputs: "[1, 1, 17, 3] or [1, 6, 56]",
    claims: claim,
    defaults: usual,
    make: { _ in MoveNetDecoder() })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard let picture = facts.picture, picture.layout.isInterleaved, let shape = facts.outputs.first?.shape else {
      return nil
    }
    if shape.suffix(2) == [17, 3] { return "17 joints of 3 numbers: MoveNet" }
    return shape.suffix(2) == [6, 56] ? "six people of 56 numbers: MoveNet for several" : nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    var recipe = facts.recipe(
      width: 192, height: 192, rule: .letterbox(centered: true), normalization: Normalization(scale: 1, pad: 0))
    if facts.picture?.width == nil, facts.outputs.first?.shape?.suffix(2) == [6, 56] {
      recipe.size = .fixed(width: 256, height: 256)
    }
    return ModelDefaults(
      task: .pose, recipe: recipe, labels: ["person"], confidence: 0.2,
      reasons: ["MoveNet takes RGB pictures in 0...255"])
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let view = outputs.first, view.count == 51 || (view.count > 0 && view.count % 56 == 0) else {
      throw PerceptionError(.badOutput, "movenet wants an output [1, 1, 17, 3] or [1, 6, 56]")
    }
    let (width, height) = (Float(context.placement.width), Float(context.placement.height))
    func joints(_ start: Int) -> [Keypoint] {
      (0..<17).map { joint in
        let at = start + joint * 3
        return Keypoint(x: view[at + 1] * width, y: view[at] * height, confidence: view[at + 2])
      }
    }
    guard view.count != 51 else {
      if let detection = PosePoints.detection(joints(0), context) { findings.detections.append(detection) }
      return
    }
    var people: [(Candidate, [Keypoint])] = []
    for start in stride(from: 0, to: view.count, by: 56) where context.isWanted(view[start + 55]) {
      let box = Box(
        left: view[start + 52] * width, top: view[start + 51] * height, right: view[start + 54] * width,
        bottom: view[start + 53] * height)
      people.append((Candidate(box: box, confidence: view[start + 55], classID: 0, row: start / 56), joints(start)))
    }
    people.sort { ($0.0.confidence, $1.0.row) > ($1.0.confidence, $0.0.row) }
    for (candidate, points) in people.prefix(context.suppression.limit) {
      guard var detection = context.detection(candidate) else { continue }
      detection.keypoints = KeypointReader.read((17, 3), context) { field in
        [points[field / 3].x, points[field / 3].y, points[field / 3].confidence][field % 3]
      }
      findings.detections.append(detection)
    }
  }
}

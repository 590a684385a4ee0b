import Configuration
import Ground
import Inference
import Vision

/// How far away every cell is: MiDaS, DPT, Depth Anything (nearness, in no unit), and networks that put out metres.
final class DepthDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "depth", aliases: ["midas", "dpt", "depth-anything"], outputs: "[1, h, w], [1, 1, h, w] or [1, h, w, 1]",
    claims: claim,
    defaults: usual,
    make: { setting in try DepthDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, let output = facts.outputs.first, let shape = output.shape, facts.outputs.count == 1,
      shape.count == 3 || (shape.count == 4 && (shape[1] == 1 || shape[3] == 1))
    else { return nil }
    if facts.ultralytics?.task == "depth" { return "Ultralytics' metadata: task 'depth'" }
    let words = ["depth", "midas", "dpt", "disparity", "zoe", "glpn"]
    let place = [("output", output.name), ("file", facts.name)].first { _, name in
      words.contains { name.lowercased().contains($0) }
    }
    return place.map { "one number for each cell, and the \($0.0)'s name '\($0.1)' speaks of depth" }
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    if facts.ultralytics?.task == "depth" {
      let recipe = facts.recipe(width: 640, height: 640, rule: .stretch)
      return ModelDefaults(
        task: .depth, recipe: recipe, parameters: ["nearness": .bool(false)], confidence: 0,
        reasons: ["Ultralytics' depth: pictures stretched, in 0...1; metres, more is farther"])
    }
    let name = facts.name.lowercased()
    // Depth Anything cuts the picture into patches of 14 pixels, DPT into 16, MiDaS reduces it 32 times.
    let side = name.contains("anything") ? 518 : name.contains("small") ? 256 : 384
    let recipe = facts.recipe(width: side, height: side, rule: .stretch, normalization: .imageNet)
    let metres = ["metric", "zoe", "glpn"].contains { name.contains($0) }
    return ModelDefaults(
      task: .depth, recipe: recipe, parameters: ["nearness": .bool(!metres)], confidence: 0, assumesRecipe: true,
      reasons: [
        metres
          ? "distances by its name: more is farther"
          : "nearness in no unit, as MiDaS and Depth Anything put out: more is nearer",
        "assumed: ImageNet's means and deviations",
      ])
  }

  private let isNearness: Bool

  init(_ setting: DecoderSetting) throws { isNearness = try setting.parameters.bool("nearness") ?? true }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    // A last axis of 1 is a channel.
    guard let view = outputs.first, case let sides = view.shape.filter({ $0 != 1 }), sides.count == 2,
      case let (rows, columns) = (sides[0], sides[1]), rows * columns == view.count, view.count > 0
    else { throw PerceptionError(.badOutput, "depth wants an output [1, h, w], not \(outputs.first?.shape ?? [])") }
    let grid = FrameGrid(rows: rows, columns: columns, context)
    var values = [Float](repeating: .nan, count: grid.count)
    var (least, most) = (Float.infinity, -Float.infinity)
    grid.forEach { cell, row, column in
      let value = view[row * columns + column]
      guard value.isFinite else { return }
      values[cell] = value
      least = min(least, value)
      most = max(most, value)
    }
    guard least <= most else { throw PerceptionError(.badOutput, "a depth map without a finite number") }
    let extent = most - least
    let nearness = values.map { value -> Float in
      guard value.isFinite, extent > 0, extent.isFinite else { return 0 }
      let share = (value - least) / extent
      return isNearness ? share : 1 - share
    }
    findings.depth = DepthMap(columns: grid.columns, rows: grid.rows, nearness: nearness, range: least...most)
  }
}

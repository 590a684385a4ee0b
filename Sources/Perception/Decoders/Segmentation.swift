import Configuration
import Ground
import Inference
import Vision

/// A class for every cell: FCN, DeepLab, U-Net, SegFormer and others. Scores [1, classes, h, w] (or [1, h, w, classes]),
/// class numbers [1, h, w], or one probability [1, 1, h, w].
final class SegmentationDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "segmentation", aliases: ["fcn", "deeplab", "unet", "segformer"],
    outputs: "[1, classes, h, w], [1, h, w, classes], [1, h, w] or [1, 1, h, w]",
    claims: claim,
    defaults: usual,
    make: { setting in try SegmentationDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard let picture = facts.picture, let shape = facts.outputs.first?.shape, facts.outputs.count <= 2,
      shape.count == 4 || shape.count == 3
    else { return nil }
    let interleaved = picture.layout.isInterleaved && shape.count == 4
    let sides = interleaved ? [shape[1], shape[2]] : [shape[shape.count - 2], shape[shape.count - 1]]
    let fields = shape.count == 3 ? 1 : interleaved ? shape[3] : shape[1]
    guard let fields, fields <= 256 else { return nil }
    guard let height = sides[0], let width = sides[1] else {
      return shape.count == 4 && fields >= 2
        ? "output '\(facts.outputs[0].name)' is a map with \(fields) classes" : nil
    }
    guard let inputWidth = picture.width, let inputHeight = picture.height, width > 1, height > 1 else { return nil }
    let ratio = inputWidth / width
    guard [1, 2, 4, 8].contains(ratio), inputHeight / height == ratio else { return nil }
    return "output '\(facts.outputs[0].name)' is a map of \(width)x\(height) cells with \(fields) "
      + (fields == 1 ? "number each" : "classes")
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    var recipe = facts.recipe(width: 512, height: 512, rule: .stretch, normalization: .imageNet)
    if facts.picture?.width == nil { recipe.size = .fitting(shorter: 512, longer: 1024, multiple: 32) }
    if facts.picture?.width == nil { recipe.rule = .letterbox(centered: false) }
    if let metadata = facts.ultralytics {
      var defaults = ModelDefaults.ultralytics(facts)
      defaults.task = .semanticSegmentation
      // One class is a logit, more than none is the class.
      if metadata.names.count == 1 {
        defaults.labels = ["background"] + metadata.names
        defaults.parameters = ["threshold": .double(0)]
      }
      return defaults
    }
    let shape = facts.outputs.first?.shape ?? []
    let classes = shape.count == 4 ? (recipe.layout.isInterleaved ? shape[3] : shape[1]) ?? 0 : 0
    let labels: [String] =
      switch classes {
      case 21: ["background"] + LabelSets.voc
      case 19: LabelSets.cityscapes
      case 150: LabelSets.ade20k
      case 151: ["other"] + LabelSets.ade20k
      case 1, 2: ["background", "foreground"]
      default: []
      }
    return ModelDefaults(
      task: .semanticSegmentation, recipe: recipe, labels: labels, confidence: 0.5, assumesRecipe: true,
      reasons: ["assumed: ImageNet's means and deviations, as most segmentation networks are trained with"])
  }

  private let interleaved: Bool
  private let threshold: Float
  private let activation: OutputActivation?
  private let isWhole: Bool
  /// The class of every cell of the network's map, and the best scores of some of them; kept from frame to frame.
  private var map: [UInt16] = []
  private var best: [Float] = []

  init(_ setting: DecoderSetting) throws {
    interleaved = try setting.parameters.bool("channels_last") ?? setting.recipe.layout.isInterleaved
    // A single number a cell is a class number where whole numbers come out, a logit behind a convolution, else a probability.
    let output = setting.facts.outputs.first
    activation = output?.activation
    isWhole = output.map { ![.float32, .float16, .float64].contains($0.type) } ?? false
    threshold = try setting.parameters.number("threshold", in: -1e6...1e6) ?? (activation == .linear ? 0 : 0.5)
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let view = outputs.first, let shape = view.squeezed(to: 3) ?? view.squeezed(to: 2).map({ [1] + $0 }) else {
      throw PerceptionError(
        .badOutput, "segmentation wants an output [1, classes, h, w], not \(outputs.first?.shape ?? [])")
    }
    let channelsLast = interleaved && view.shape.count == 4
    let classes = channelsLast ? shape[2] : shape[0]
    let rows = channelsLast ? shape[0] : shape[1]
    let columns = channelsLast ? shape[1] : shape[2]
    guard classes > 0, classes <= 65536, rows > 0, columns > 0 else {
      throw PerceptionError(.badOutput, "an empty segmentation map \(view.shape)")
    }
    // Where the graph does not tell: class numbers have no class axis, or exceed a probability.
    let looksWhole = activation == nil && (view.shape.count <= 3 || view.values.contains { $0 > 1.5 })
    let numbers = classes == 1 && (isWhole || looksWhole)
    let cells = rows * columns
    map.removeAll(keepingCapacity: true)
    if numbers {
      for cell in 0..<cells { map.append(UInt16(clamping: checkedIndex(view[cell], limit: 65536) ?? 0)) }
    } else if classes == 1 {
      for cell in 0..<cells { map.append(view[cell] > threshold ? 1 : 0) }
    } else if channelsLast {
      for cell in 0..<cells { map.append(best(of: view, from: cell * classes, classes)) }
    } else {
      chooseFromPlanes(view.values, classes, cells)
    }
    findings.segmentation = project(rows: rows, columns: columns, context)
  }

  private func best(of view: FloatView, from start: Int, _ classes: Int) -> UInt16 {
    var best = 0
    for id in 1..<classes where view[start + id] > view[start + best] { best = id }
    return UInt16(best)
  }

  /// Cells whose scores are compared plane by plane at a time: they stay in the nearest cache, where a cell's scores one by
  /// one would each come from another page.
  private static let block = 2048

  private func chooseFromPlanes(_ scores: UnsafeBufferPointer<Float>, _ classes: Int, _ cells: Int) {
    map.append(contentsOf: repeatElement(0, count: cells))
    best.removeAll(keepingCapacity: true)
    best.append(contentsOf: repeatElement(0, count: Self.block))
    map.withUnsafeMutableBufferPointer { map in
      best.withUnsafeMutableBufferPointer { best in
        for start in stride(from: 0, to: cells, by: Self.block) {
          let count = min(Self.block, cells - start)
          for i in 0..<count { best[i] = scores[start + i] }
          for id in 1..<classes {
            let plane = id * cells + start
            for i in 0..<count {
              let score = scores[plane + i]
              let isBetter = score > best[i]
              best[i] = isBetter ? score : best[i]
              map[start + i] = isBetter ? UInt16(truncatingIfNeeded: id) : map[start + i]
            }
          }
        }
      }
    }
  }

  /// The map over the whole frame: letterbox padding is left out; what the input did not show is class 0.
  private func project(rows: Int, columns: Int, _ context: DecodingContext) -> SegmentationMap {
    let grid = FrameGrid(rows: rows, columns: columns, context)
    var classes = [UInt16](repeating: 0, count: grid.count)
    grid.forEach { cell, row, column in classes[cell] = map[row * columns + column] }
    return SegmentationMap(columns: grid.columns, rows: grid.rows, classes: classes, labels: context.labels)
  }
}

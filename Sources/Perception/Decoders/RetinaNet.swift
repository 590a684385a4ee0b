import Configuration
import Glibc
import Ground
import Inference
import Vision

/// RetinaNet with its heads outside (NVIDIA's retinanet-examples, in the ONNX model zoo): five maps of class
/// probabilities [1, anchors x classes, h, w] and five of box deltas [1, anchors x 4, h, w], strides 8 to 128.
final class RetinaNetDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "retinanet", outputs: "5 x [1, 9 x classes, h, w], 5 x [1, 36, h, w]",
    claims: claim,
    defaults: usual,
    make: { setting in try RetinaNetDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.outputs.count == 10, facts.picture != nil,
      facts.outputs.allSatisfy({ $0.shape?.count == 4 }), boxMaps(facts, channels: 36) != nil
    else { return nil }
    return "five pyramid levels with class maps and maps of 36 box deltas"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let recipe = facts.recipe(
      width: 640, height: 480, rule: .letterbox(centered: false), normalization: .imageNet)
    let maps = boxMaps(facts, channels: 36)
    let scores = facts.outputs.indices.first { maps?.contains($0) == false }
    let channels = scores.flatMap { facts.outputs[$0].shape?.dropFirst().first ?? nil } ?? 720
    return ModelDefaults(task: .detection, recipe: recipe, labels: LabelSets.detector(channels / 9), iou: 0.5)
  }

  /// Which outputs are maps of box deltas: those of that many channels. Where all are, as with four classes, their names
  /// tell, else what they end in, else their place: the class maps come first. nil where none of this gives half of them.
  private static func boxMaps(_ facts: NetworkFacts, channels: Int) -> Set<Int>? {
    let all = facts.outputs.indices
    let words = ["box", "reg", "loc", "delta"]
    let candidates = [
      all.filter { facts.outputs[$0].shape?.dropFirst().first == .some(channels) },
      all.filter { index in words.contains { facts.outputs[index].name.lowercased().contains($0) } },
      all.filter { facts.outputs[$0].activation == .linear },
      Array(all.suffix(all.count / 2)),
    ]
    guard candidates[0].count >= all.count / 2 else { return nil }
    return candidates.first { $0.count * 2 == all.count }.map { Set($0) }
  }

  private let boxMaps: Set<Int>?
  private let scales: [Float]
  private let ratios: [Float]
  private let logits: Bool
  private var candidates: [Candidate] = []

  init(_ setting: DecoderSetting) throws {
    scales = try setting.parameters.numbers("scales") ?? (0..<3).map { 4 * powf(2, Float($0) / 3) }
    ratios = try setting.parameters.numbers("ratios") ?? [1, 2, 0.5]
    let anchors = scales.count * ratios.count
    boxMaps = RetinaNetDecoder.boxMaps(setting.facts, channels: 4 * anchors)
    let scores = setting.facts.outputs.indices.filter { [boxMaps] in boxMaps?.contains($0) == false }
    let isLinear = !scores.isEmpty && scores.allSatisfy { setting.facts.outputs[$0].activation == .linear }
    logits = try setting.parameters.bool("logits") ?? isLinear
    guard !scales.isEmpty, !ratios.isEmpty, ratios.allSatisfy({ $0 > 0 }) else {
      throw setting.parameters.error("ratios", "must hold positive numbers")
    }
  }

  /// Width and height of an anchor, ratios varying fastest, as NVIDIA's `generate_anchors` orders them.
  private func anchor(_ index: Int, _ stride: Float) -> (width: Float, height: Float) {
    let ratio = ratios[index % ratios.count]
    let scale = scales[index / ratios.count]
    let width = (stride * stride / ratio).squareRoot()
    // Corners are inclusive there: a box is one pixel wider than its corners' distance.
    return (width * scale + 1, width * ratio * scale + 1)
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    let anchors = scales.count * ratios.count
    let maps = outputs.enumerated().compactMap { index, view in
      view.squeezed(to: 3).map { (view: view, shape: $0, isBox: boxMaps?.contains(index) ?? ($0[0] == 4 * anchors)) }
    }
    let boxes = maps.filter { $0.isBox && $0.shape[0] == 4 * anchors }.sorted { $0.shape[2] > $1.shape[2] }
    let scores = maps.filter { !$0.isBox }.sorted { $0.shape[2] > $1.shape[2] }
    guard !boxes.isEmpty, boxes.count == scores.count,
      zip(boxes, scores).allSatisfy({
        $0.shape[1] == $1.shape[1] && $0.shape[2] == $1.shape[2] && $1.shape[0] % anchors == 0 && $1.shape[0] > 0
      })
    else {
      throw PerceptionError(
        .badOutput, "retinanet wants pairs of maps with \(anchors) anchors a cell, not \(outputs.map(\.shape))")
    }
    candidates.removeAll(keepingCapacity: true)
    for (box, score) in zip(boxes, scores) {
      let rows = box.shape[1]
      let columns = box.shape[2]
      // Levels halve with rounding up, so the stride is the nearest power of two.
      let stride = exp2f(log2f(Float(context.placement.width) / Float(max(1, columns))).rounded())
      read(score.view, box.view, rows, columns, stride, score.shape[0] / anchors, anchors, context)
    }
    context.suppression.apply(to: &candidates, minimumConfidence: context.confidence)
    findings.detections.append(contentsOf: candidates.compactMap(context.detection))
  }

  private func read(
    _ scores: FloatView, _ deltas: FloatView, _ rows: Int, _ columns: Int, _ stride: Float, _ classes: Int,
    _ anchors: Int, _ context: DecodingContext
  ) {
    let plane = rows * columns
    for index in 0..<anchors {
      let size = anchor(index, stride)
      for cell in 0..<plane {
        for id in 0..<classes {
          let value = scores[(index * classes + id) * plane + cell]
          let score = logits ? sigmoid(value) : value
          guard context.isWanted(score) else { continue }
          func delta(_ field: Int) -> Float { deltas[(index * 4 + field) * plane + cell] }
          // The anchor's inclusive corners lie around the cell's middle: left = (stride - size) / 2 + column * stride.
          let left = 0.5 * (stride - (size.width - 1)) + Float(cell % columns) * stride
          let top = 0.5 * (stride - (size.height - 1)) + Float(cell / columns) * stride
          let x = delta(0) * size.width + left + 0.5 * size.width
          let y = delta(1) * size.height + top + 0.5 * size.height
          let w = expf(delta(2)) * size.width
          let h = expf(delta(3)) * size.height
          let box = Box(left: x - 0.5 * w, top: y - 0.5 * h, right: x + 0.5 * w - 1, bottom: y + 0.5 * h - 1)
          candidates.append(Candidate(box: box, confidence: score, classID: id, row: candidates.count))
        }
      }
    }
  }
}

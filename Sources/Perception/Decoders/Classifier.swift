import Configuration
import Glibc
import Ground
import Inference
import Vision

/// One score a class for the whole picture, and optionally its feature vector as a second output. Logits are turned into
/// probabilities; what comes out of Softmax or Sigmoid is left alone.
final class ClassifierDecoder: OutputDecoder {
  static let definition = DecoderDefinition(
    name: "classifier", aliases: ["yolov8-cls", "imagenet"], outputs: "[1, classes] or [1, classes, 1, 1]",
    claims: claim,
    defaults: usual,
    make: { setting in try ClassifierDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, let shape = facts.outputs.first?.shape else { return nil }
    if facts.ultralytics?.task == "classify" { return "Ultralytics' metadata: task 'classify'" }
    guard let classes = classCount(shape), classes >= 2 else { return nil }
    if classes == 1000 || classes == 1001 {
      return "output '\(facts.outputs[0].name)' has ImageNet's \(classes) classes"
    }
    // Feature vectors are named so, or come in round sizes; a name that speaks of classes settles it.
    let name = facts.outputs[0].name.lowercased()
    let speaks = ["class", "logit", "prob", "softmax"].contains { name.contains($0) }
    let isVector = EmbeddingDecoder.usualSizes.contains(classes) || name.contains("embed") || name.contains("feature")
    if isVector, !speaks { return nil }
    return "output '\(facts.outputs[0].name)' has one number for each of \(classes) classes"
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let metadata = facts.ultralytics
    let classes = facts.outputs.first?.shape.flatMap { classCount($0) } ?? 0
    if let metadata {
      let side = metadata.width ?? 224
      var recipe = facts.recipe(width: side, height: metadata.height ?? side, rule: .stretch)
      // Ultralytics' classify_transforms: torchvision's Resize takes the shorter side of a square input, and both sides of
      // another, which leaves nothing to cut.
      let (width, height) = recipe.nominalSize
      if width == height { recipe.rule = .centerCrop(shorterSide: width) }
      return ModelDefaults(
        task: .classification, recipe: recipe, labels: metadata.names, classes: classes, confidence: 0,
        reasons: ["\(counted(metadata.names.count, "class name")) from the metadata"])
    }
    var recipe = facts.recipe(
      width: 224, height: 224, rule: .centerCrop(shorterSide: 256), normalization: .imageNet)
    let (width, height) = recipe.nominalSize
    // 256 for 224, and in that proportion for other sizes.
    recipe.rule = .centerCrop(shorterSide: (min(width, height) * 8 + 3) / 7)
    var reasons = ["assumed: torchvision's preprocessing: centre cut out, ImageNet's means and deviations"]
    if recipe.layout.isInterleaved {
      // TensorFlow's exports: EfficientNet-Lite and MobileNet take (pixel - 127) / 128.
      recipe.normalization = Normalization(scale: 1, mean: [127, 127, 127], deviation: [128, 128, 128], pad: 127)
      reasons = ["assumed: TensorFlow's axis order, so its usual preprocessing: (pixel - 127) / 128"]
    }
    if recipe.normalization.order == .gray {
      recipe.rule = .stretch
      recipe.normalization = Normalization(order: .gray, scale: 1, mean: [0], deviation: [1], pad: 0)
      reasons = ["assumed: a grey picture as it is, 0...255"]
    } else if let told = CaffePreprocessing.recipe(recipe, facts) ?? NamedPreprocessing.recipe(recipe, facts) {
      recipe = told.recipe
      reasons = [told.reason]
    } else if classes != 1000, classes != 1001 {
      reasons.append("unlike ImageNet's: a manifest is advisable")
    }
    return ModelDefaults(
      task: .classification, recipe: recipe, labels: LabelSets.classifier(classes), classes: classes, confidence: 0,
      assumesRecipe: true, reasons: reasons)
  }

  /// The number of classes of an output [1, C], [C], [1, C, 1, 1] or [1, 1, 1, C].
  static func classCount(_ shape: [Int?]) -> Int? {
    let real = shape.dropFirst(shape.count > 1 ? 1 : 0).filter { $0 != 1 }
    return real.count == 1 ? real[0] : nil
  }

  /// What turns the network's numbers into probabilities.
  enum Activation: Sendable {
    /// By the numbers: the engine cannot tell what they are.
    case automatic
    case softmax
    case sigmoid
    /// They are probabilities already.
    case none

    /// What is still to be done with numbers that come out of the network as `output` says.
    init(of output: OutputActivation?) {
      switch output {
      case .sigmoid, .softmax: self = .none
      case .linear: self = .softmax
      case nil: self = .automatic
      }
    }
  }

  private let activation: Activation
  /// A second output with the features that the classes were judged by; nil without one.
  private let featureOutput: Int?
  private var probabilities: [Float] = []
  private var order: [Int32] = []

  init(_ setting: DecoderSetting) throws {
    let known = Activation(of: setting.facts.outputs.first?.activation)
    activation =
      try setting.parameters.choice(
        "activation", [("auto", known), ("softmax", .softmax), ("sigmoid", .sigmoid), ("none", .none)]) ?? known
    featureOutput = setting.facts.output(named: "features", "embedding").flatMap { $0 == 0 ? nil : $0 }
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard let scores = outputs.first, scores.count > 0 else {
      throw PerceptionError(.badOutput, "a classifier wants an output with one number a class")
    }
    probabilities.removeAll(keepingCapacity: true)
    for value in scores.values { probabilities.append(try Activations.score(value)) }
    Activations.apply(activation, to: &probabilities)
    findings.classes = Self.best(
      probabilities, count: context.top, minimum: context.confidence, scratch: &order, label: context.label)
    if let index = featureOutput, outputs.indices.contains(index) {
      findings.embedding = Embeddings.normalized(Array(outputs[index].values))
    }
  }

  /// The `count` most probable classes, best first; of equal ones the lower index first.
  static func best(
    _ values: [Float], count: Int, minimum: Float, scratch: inout [Int32], label: (Int) -> String
  ) -> [Classification] {
    scratch.removeAll(keepingCapacity: true)
    // Keeps the best `count` indices in order by insertion: count is small.
    for index in values.indices where values[index] >= minimum {
      if scratch.count == count, values[index] <= values[Int(scratch[count - 1])] { continue }
      var at = scratch.count
      while at > 0, values[Int(scratch[at - 1])] < values[index] { at -= 1 }
      scratch.insert(Int32(index), at: at)
      if scratch.count > count { scratch.removeLast() }
    }
    return scratch.map { index in
      Classification(label: label(Int(index)), classID: Int(index), confidence: min(max(values[Int(index)], 0), 1))
    }
  }
}

/// Turns raw scores into probabilities in place.
enum Activations {
  /// A score as it can be compared: infinities are the greatest and the least number.
  ///
  /// - Throws: ``PerceptionError`` for NaN. The shares of the others would be of a sum that is not known.
  static func score(_ value: Float) throws -> Float {
    guard !value.isNaN else {
      throw PerceptionError(.badOutput, "a class's score is not a number", remedy: "export the network in float32")
    }
    return min(max(value, -1e30), 1e30)
  }

  static func apply(_ activation: ClassifierDecoder.Activation, to values: inout [Float]) {
    switch activation {
    case .automatic: if !isDistribution(values) { softmax(&values) }
    case .softmax: softmax(&values)
    case .sigmoid: for index in values.indices { values[index] = sigmoid(values[index]) }
    case .none: break
    }
  }

  /// Whether the values are probabilities already: none negative, their sum 1 (to a hundredth: int8 rounds).
  static func isDistribution(_ values: [Float]) -> Bool {
    var sum: Float = 0
    for value in values {
      guard value >= 0, value <= 1.001 else { return false }
      sum += value
    }
    return abs(sum - 1) < 0.01
  }

  static func softmax(_ values: inout [Float]) {
    guard let top = values.max() else { return }
    var sum: Float = 0
    for index in values.indices {
      values[index] = expf(values[index] - top)
      sum += values[index]
    }
    for index in values.indices { values[index] /= sum }
  }
}

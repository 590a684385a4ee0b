import Configuration
import Ground
import Inference
import Vision

/// A feature vector for the picture: ResNet features, CLIP's image network, DINOv2, re-identification, faces. It comes
/// out with unit length, so that a dot product is the cosine similarity.
final class EmbeddingDecoder: OutputDecoder {
  /// Lengths that feature vectors usually have.
  static let usualSizes: Set<Int> = [64, 128, 192, 256, 320, 384, 512, 576, 640, 768, 960, 1024, 1280, 1536, 2048]

  static let definition = DecoderDefinition(
    name: "embedding", aliases: ["clip-image", "dinov2", "features"],
    outputs: "[1, d], [1, d, 1, 1] or [1, tokens, d] (the first token counts)",
    claims: claim,
    defaults: usual,
    make: { setting in try EmbeddingDecoder(setting) })

  /// The reason to take a network for one of this family, or nil.
  private static func claim(_ facts: NetworkFacts) -> String? {
    guard facts.picture != nil, let index = output(facts), let shape = facts.outputs[index].shape else { return nil }
    let name = facts.outputs[index].name
    let isNamed = ["embed", "feature"].contains { name.lowercased().contains($0) }
    if isNamed, ClassifierDecoder.classCount(shape) != nil {
      return "output '\(name)' is a feature vector by its name"
    }
    if let size = ClassifierDecoder.classCount(shape), usualSizes.contains(size) {
      return "output '\(name)' has \(size) numbers, a feature vector's length"
    }
    // How many tokens there are may be open.
    if shape.count == 3, let size = shape[2], usualSizes.contains(size), shape[1] ?? 2 > 1 {
      return "output '\(name)' has tokens of \(size) numbers: a vision transformer"
    }
    return nil
  }

  /// What the family usually is.
  private static func usual(_ facts: NetworkFacts) -> ModelDefaults {
    let name = facts.name.lowercased()
    if name.contains("clip") {
      let recipe = facts.recipe(
        width: 224, height: 224, rule: .centerCrop(shorterSide: facts.picture?.width ?? 224),
        normalization: Normalization(
          mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711], pad: 124))
      return ModelDefaults(
        task: .embedding, recipe: recipe, confidence: 0, assumesRecipe: true,
        reasons: ["CLIP by its name: its own means and deviations"])
    }
    var recipe = facts.recipe(
      width: 224, height: 224, rule: .centerCrop(shorterSide: 256), normalization: .imageNet)
    if let told = NamedPreprocessing.recipe(recipe, facts) {
      return ModelDefaults(
        task: .embedding, recipe: told.recipe, confidence: 0, assumesRecipe: true, reasons: [told.reason])
    }
    let (width, height) = recipe.nominalSize
    // Crops of people are upright: networks for them are not square, and see the whole crop.
    recipe.rule = width == height ? .centerCrop(shorterSide: (width * 8 + 3) / 7) : .stretch
    return ModelDefaults(
      task: .embedding, recipe: recipe, confidence: 0, assumesRecipe: true,
      reasons: ["assumed: ImageNet's means and deviations, as usual"])
  }

  /// How the tokens of a transformer become one vector.
  private enum Pooling: Sendable {
    case first
    case mean
  }

  /// The output that holds the vector: the one that exporters name so, else the first.
  private static func output(_ facts: NetworkFacts) -> Int? {
    let named = facts.output(named: "image_embeds", "image_features", "embedding", "embeddings")
    return named ?? (facts.outputs.isEmpty ? nil : 0)
  }

  private let pooling: Pooling
  private let index: Int

  init(_ setting: DecoderSetting) throws {
    index = EmbeddingDecoder.output(setting.facts) ?? 0
    pooling = try setting.parameters.choice("pooling", [("first", Pooling.first), ("mean", .mean)]) ?? .first
  }

  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws {
    guard outputs.indices.contains(index), outputs[index].count > 0 else {
      throw PerceptionError(.badOutput, "an embedding wants an output [1, d]")
    }
    let view = outputs[index]
    let tokens = view.shape.count == 3 && view.shape[1] > 1 ? view.shape[1] : 1
    let size = view.count / max(1, tokens * (view.shape.first ?? 1))
    guard size > 0 else { throw PerceptionError(.badOutput, "an empty embedding \(view.shape)") }
    var vector = [Float](repeating: 0, count: size)
    for token in 0..<(pooling == .mean ? tokens : 1) {
      for index in 0..<size { vector[index] += view[token * size + index] }
    }
    findings.embedding = Embeddings.normalized(vector)
  }
}

/// Arithmetic on feature vectors.
public enum Embeddings {
  /// The vector with length 1; zeros if it has no direction.
  public static func normalized(_ vector: [Float]) -> [Float] {
    let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard length.isFinite, length > 0 else { return [Float](repeating: 0, count: vector.count) }
    return vector.map { Float(Double($0) / length) }
  }

  /// The cosine of the angle between two unit vectors; nil if their lengths differ.
  public static func similarity(_ a: [Float], _ b: [Float]) -> Float? {
    guard a.count == b.count, !a.isEmpty else { return nil }
    var sum: Float = 0
    for index in a.indices { sum += a[index] * b[index] }
    return min(max(sum, -1), 1)
  }
}

import Ground

/// Names to choose from, as vectors that compare with those of one image network: CLIP's zero-shot classification.
///
/// Immutable, and so free to move between threads.
public struct ZeroShotLabels: Sendable {
  public let names: [String]
  /// The image network whose vectors these compare with.
  public let model: String
  private let vectors: [[Float]]

  /// What CLIP multiplies similarities with before its softmax: exp of its learned temperature.
  private static let temperature: Float = 100
  /// As many as a person types, and few enough for a softmax a detection.
  public static let limit = 1000

  /// - Throws: ``PerceptionError`` for too many names; errors of the text network.
  public init(_ names: [String], model: String, by encoder: any TextModel) throws {
    guard names.count <= ZeroShotLabels.limit else {
      throw PerceptionError(.badInput, "\(names.count) labels are too many", remedy: "at most \(ZeroShotLabels.limit)")
    }
    self.names = names
    self.model = model
    vectors = try names.map { try encoder.embed(encoder.template.replacing("{}", with: $0)) }
  }

  /// How probable each name is for a picture's embedding, best first; empty if the embedding is of another length.
  public func classify(_ embedding: [Float]) -> [Classification] {
    var scores: [Float] = []
    for vector in vectors {
      guard let similarity = Embeddings.similarity(vector, embedding) else { return [] }
      scores.append(similarity * ZeroShotLabels.temperature)
    }
    Activations.softmax(&scores)
    var order: [Int32] = []
    return ClassifierDecoder.best(scores, count: scores.count, minimum: 0, scratch: &order) { names[$0] }
  }

  /// How many labels an answer lists.
  private static let listed = 20

  /// Attaches the most probable labels to every object, and to the whole picture, whose feature vector is of ``model``.
  public func write(to findings: inout Findings, by stage: StageID) {
    for index in findings.detections.indices {
      for vector in findings.detections[index].attributes.all(FeatureVector.self) where vector.content.model == model {
        let best = classify(vector.content.values).prefix(ZeroShotLabels.listed)
        findings.detections[index].attach(Classes(Array(best)), by: stage)
      }
    }
    for vector in findings.layers.all(FeatureVector.self) where vector.content.model == model {
      findings.attach(Classes(Array(classify(vector.content.values).prefix(ZeroShotLabels.listed))), by: stage)
    }
  }

  /// The labels of a list as people type it: "a cat, a dog"; blanks around them and empty ones go.
  public static func parse(_ text: String) -> [String] {
    var names: [String] = []
    for part in text.split(separator: ",") {
      let name = part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if !name.isEmpty, !names.contains(name) { names.append(name) }
    }
    return names
  }
}

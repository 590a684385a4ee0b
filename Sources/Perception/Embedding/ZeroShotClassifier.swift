public import Inference

/// Names typed by the user, compared with a picture's embedding: CLIP's zero-shot classification.
///
/// Needs CLIP's text network and its vocabulary; the picture's embedding comes from CLIP's image network. One thread at a
/// time.
public final class ZeroShotClassifier {
  /// What CLIP multiplies similarities with before its softmax: exp of its learned temperature.
  private static let temperature: Float = 100

  private let network: Network
  private let tokenizer: BytePairTokenizer
  private let length: Int
  private let padding: Int
  private var labels: [String] = []
  private var vectors: [[Float]] = []

  /// - Parameters:
  ///   - path: the text network: tokens [1, 77] in, an embedding [1, d] out.
  ///   - padWithEnd: whether texts are padded with the end token (Hugging Face) instead of 0 (OpenAI).
  /// - Throws: ``PerceptionError`` or `InferenceError`.
  public init(
    path: String, tokenizer: BytePairTokenizer, options: Network.Options = .init(), padWithEnd: Bool = false
  ) throws {
    network = try Network(path: path, options: options)
    guard let input = network.inputs.first, network.inputs.count == 1, [.int64, .int32].contains(input.type),
      input.shape?.count == 2
    else {
      throw PerceptionError(
        .notUnderstood, "is no CLIP text network: it should take integer tokens [1, 77] alone", place: path)
    }
    self.tokenizer = tokenizer
    length = input.shape?.last.flatMap { $0 } ?? 77
    padding = padWithEnd ? tokenizer.endToken : 0
  }

  /// The embedding of one text, of unit length.
  public func embed(_ text: String) throws -> [Float] {
    let tokens = tokenizer.sequence(text, length: length, padding: padding)
    let input =
      network.inputs[0].type == .int64
      ? Tensor([1, length], tokens.map { Int64($0) }) : Tensor([1, length], tokens.map { Int32($0) })
    guard let output = try network.run([input]).first else {
      throw PerceptionError(.badOutput, "the text network has no output")
    }
    return Embeddings.normalized(try FloatConversion.float32(output).array(of: Float.self))
  }

  /// Sets the names to choose from; `template` has "{}" where the name goes.
  public func setLabels(_ names: [String], template: String = "a photo of a {}") throws {
    let embedded = try names.map { try embed(template.replacing("{}", with: $0)) }
    labels = names
    vectors = embedded
  }

  /// How probable each name is for a picture's embedding (of CLIP's image network), best first.
  public func classify(_ embedding: [Float]) -> [Classification] {
    var scores = vectors.map { (Embeddings.similarity($0, embedding) ?? -1) * Self.temperature }
    Activations.softmax(&scores)
    var order: [Int32] = []
    return ClassifierDecoder.best(scores, count: scores.count, minimum: 0, scratch: &order) { labels[$0] }
  }
}

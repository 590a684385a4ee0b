import Foundation
import Ground
public import Inference

/// Turns words into vectors that compare with a picture's: the second half of a pair such as CLIP's.
///
/// Loaded on any thread; called by one thread at a time.
public protocol TextModel: AnyObject, Sendable {
  /// The embedding of one text, of unit length.
  func embed(_ text: String) throws -> [Float]
  /// What a label is put into before it is embedded; "{}" stands for the label.
  var template: String { get }
}

/// CLIP's text network with its tokenizer.
///
/// Inputs: token numbers [1, n], and optionally their mask; output: an embedding [1, d]. Used by one thread at a time;
/// Sendable because it may move between threads.
public final class TextEncoder: TextModel, @unchecked Sendable {
  public let template: String
  private let network: any PreparedNetwork
  private let tokenizer: BytePairTokenizer
  private let path: String
  private let length: Int
  private let padding: Int
  private let output: Int

  /// - Throws: ``PerceptionError`` or `InferenceError`.
  public init(
    _ pairing: TextPairing, options: NetworkOptions = .init(), engines: EngineRegistry = .standard
  ) throws {
    tokenizer = try BytePairTokenizer(path: pairing.vocabulary)
    network = try engines.prepare(path: pairing.path, options: options)
    path = pairing.path
    template = pairing.template
    let shapes = network.inputs.map(\.shape)
    guard (1...2).contains(shapes.count), shapes.allSatisfy({ $0?.count == 2 }),
      network.inputs.allSatisfy({ [.int64, .int32].contains($0.type) })
    else {
      throw PerceptionError(
        .notUnderstood,
        "is not a text network: its inputs should be integer tokens [1, 77] and, optionally, their mask",
        place: path)
    }
    // CLIP reads 77 tokens where the file leaves it open.
    length = min(max(shapes[0]?.last.flatMap { $0 } ?? 77, 3), 4096)
    padding = pairing.padsWithEnd ? tokenizer.endToken : 0
    let outputs = network.outputs
    let names = ["text_embeds", "text_features", "embedding", "pooler_output"]
    output =
      names.compactMap { name in outputs.firstIndex { $0.name.lowercased() == name } }.first
      ?? outputs.firstIndex { $0.shape?.count == 2 } ?? 0
  }

  public func embed(_ text: String) throws -> [Float] {
    let tokens = tokenizer.sequence(text, length: length, padding: padding)
    let used = (tokens.firstIndex(of: tokenizer.endToken) ?? tokens.count - 1) + 1
    let inputs = network.inputs.map { port in
      let isMask = port.name.lowercased().contains("mask")
      let values = isMask ? (0..<length).map { $0 < used ? 1 : 0 } : tokens
      return port.type == .int64
        ? Tensor([1, length], values.map { Int64($0) }) : Tensor([1, length], values.map { Int32(clamping: $0) })
    }
    let outputs = try network.run(inputs)
    guard outputs.indices.contains(output) else {
      throw PerceptionError(.badOutput, "the text network has no output", place: path)
    }
    let vector = Embeddings.normalized(try FloatConversion.float32(outputs[output]).array(of: Float.self))
    guard vector.contains(where: { $0 != 0 }) else {
      throw PerceptionError(.badOutput, "the text network has no answer to '\(text.prefix(40))'", place: path)
    }
    return vector
  }
}

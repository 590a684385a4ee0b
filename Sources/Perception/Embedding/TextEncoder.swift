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

/// Which text network and vocabulary belong to an image network: `[text]` of its manifest, or files beside it.
public struct TextPairing: Sendable, Hashable {
  /// The text network's file.
  public var path: String
  /// `merges.txt` or `bpe_simple_vocab_16e6.txt`.
  public var vocabulary: String
  public var template: String
  /// Whether texts are padded with the end token (Hugging Face's CLIP) instead of 0 (OpenAI's).
  public var padsWithEnd: Bool

  /// What CLIP was trained on most.
  public static let usualTemplate = "a photo of a {}"

  public init(
    path: String, vocabulary: String, template: String = TextPairing.usualTemplate, padsWithEnd: Bool = false
  ) {
    self.path = path
    self.vocabulary = vocabulary
    self.template = template
    self.padsWithEnd = padsWithEnd
  }

  /// The pair's other files beside an image network, under the names that exporters give them; nil unless both are there.
  static func beside(imageNetwork path: String) -> TextPairing? {
    let folder = (path as NSString).deletingLastPathComponent
    let file = (path as NSString).lastPathComponent
    func existing(_ names: [String]) -> String? {
      names.map { (folder as NSString).appendingPathComponent($0) }.first { FileManager.default.fileExists(atPath: $0) }
    }
    let partners = [("vision", "text"), ("visual", "textual"), ("visual", "text"), ("image", "text")].compactMap {
      file.contains($0.0) ? file.replacing($0.0, with: $0.1) : nil
    }
    guard let network = existing(partners), let words = existing(["merges.txt", "bpe_simple_vocab_16e6.txt"]) else {
      return nil
    }
    return TextPairing(path: network, vocabulary: words)
  }
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
        .notUnderstood, "is no text network: it should take integer tokens [1, 77], and their mask at most",
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

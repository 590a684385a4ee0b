import Foundation
import Ground

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
    let folder = path.folderPath
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

import Foundation
import Perception
import Testing
import Vision

/// A CLIP pair with OpenAI's own vocabulary against PyTorch: `Tooling/clip_pair.py` writes the folder that
/// `OCELLUS_CLIP_PAIR` names.
@Suite(.enabled(if: CLIPPair.folder != nil, "OCELLUS_CLIP_PAIR names no folder of Tooling/clip_pair.py"))
struct CLIPPairTests {
  @Test func tokensAreThoseOfTheReference() throws {
    let folder = try #require(CLIPPair.folder)
    let tokenizer = try BytePairTokenizer(path: folder + "/bpe_simple_vocab_16e6.txt")
    #expect(tokenizer.startToken == 49406 && tokenizer.endToken == 49407)
    for item in try CLIPPair.reference().texts { #expect(tokenizer.encode(item.text) == item.tokens, "\(item.text)") }
  }

  /// No manifest: the pair is found by its names, the means by CLIP's.
  @Test func typedLabelsGetTheReferencesProbabilities() throws {
    let folder = try #require(CLIPPair.folder)
    let reference = try CLIPPair.reference()
    let model = try ModelStore(folders: []).loadVision(folder + "/clip-vision.onnx")
    let encoder = try TextEncoder(#require(model.description.text))
    for (label, wanted) in zip(reference.labels, reference.labelVectors) {
      let vector = try encoder.embed(encoder.template.replacing("{}", with: label))
      #expect(zip(vector, wanted).allSatisfy { abs($0 - $1) < 1e-4 }, "\(label)")
    }
    let labels = try ZeroShotLabels(reference.labels, model: model.description.name, by: encoder)
    for photo in reference.photos {
      var (findings, _) = try model.perceive(ImageFile.load(photo.path), region: nil, minimumConfidence: nil)
      findings.sign(by: "embedding", model: model.description.name)
      labels.write(to: &findings, by: "labels")
      let cosine = Embeddings.similarity(try #require(findings.embedding), photo.vector) ?? 0
      #expect(cosine > 0.999, "\(photo.path): \(cosine)")
      let found = Dictionary(uniqueKeysWithValues: findings.classes.map { ($0.label, $0.confidence) })
      var worst: Float = 0
      for (label, wanted) in zip(reference.labels, photo.probabilities) {
        worst = max(worst, abs((found[label] ?? 9) - wanted))
      }
      print("\(photo.path): cosine to PyTorch's vector \(cosine), worst probability off by \(worst)")
      // A hundredfold similarity: other rounding in resizing shifts it by a few hundredths.
      #expect(worst < 0.05, "\(photo.path)")
      let best = zip(photo.probabilities, reference.labels).max { $0.0 < $1.0 }
      if let best, best.0 > 0.6 { #expect(findings.classes.first?.label == best.1) }
    }
  }
}

private enum CLIPPair {
  struct Reference: Decodable {
    struct Text: Decodable {
      var text: String
      var tokens: [Int]
    }

    struct Photo: Decodable {
      var path: String
      var vector: [Float]
      var probabilities: [Float]
    }

    var labels: [String]
    var texts: [Text]
    var labelVectors: [[Float]]
    var photos: [Photo]
  }

  static let folder = ProcessInfo.processInfo.environment["OCELLUS_CLIP_PAIR"]

  static func reference() throws -> Reference {
    let data = try Data(contentsOf: URL(filePath: #require(folder) + "/reference.json"))
    return try JSONDecoder().decode(Reference.self, from: data)
  }
}

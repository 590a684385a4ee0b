import Configuration
import Foundation
import Ground
import Vision

/// What Hugging Face keeps beside a network: `config.json` with the class names, `preprocessor_config.json` or
/// `processor_config.json` with the input; timm's `config.json` holds both.
///
/// Its exporters call the network `model.onnx` and the like; only such a file's neighbours are looked at, in its folder and,
/// for `onnx/model.onnx`, in the one above. They are outside input: what cannot be read is left out, and said.
struct CompanionFiles: Sendable {
  /// Names by class number; empty when none are told, or none but LABEL_0, LABEL_1, ….
  let labels: [String]
  /// The network's family in Hugging Face's words, such as "rt_detr".
  let modelType: String?
  /// What could not be used, a sentence per file.
  let problems: [String]
  private let preprocessing: ImagePreprocessing?
  /// The file that ``preprocessing`` is from.
  private let preprocessingFile: String

  private static let stems = ["model", "vision_model", "encoder_model"]
  private static let limit = 8 << 20

  /// nil where there are none.
  init?(beside path: String) {
    let file = (path as NSString).lastPathComponent
    guard CompanionFiles.stems.contains(where: { file.hasPrefix($0) }) else { return nil }
    var reader = CompanionReader(beside: path, limit: CompanionFiles.limit)
    let configuration = reader.read("config.json") ?? .null
    let architecture = configuration["architecture"]?.string
    modelType = configuration["model_type"]?.string ?? architecture
    let processor = reader.read("processor_config.json")
    let preprocessor = reader.read("preprocessor_config.json")
    let fields = ["architectures", "id2label", "label_names", "pretrained_cfg"]
    let isKnown =
      modelType != nil || fields.contains { configuration[$0] != nil } || processor != nil || preprocessor != nil
    // Another program's config.json says nothing of a network; a damaged one may be Hugging Face's.
    guard isKnown || !reader.problems.isEmpty else { return nil }
    let names = CompanionFiles.names(configuration)
    labels = names.used
    // As transformers does: an image processor inside the processor's file comes first.
    let sources = [
      (processor?["image_processor"], "processor_config.json"), (preprocessor, "preprocessor_config.json"),
      (processor, "processor_config.json"), (configuration["pretrained_cfg"], "config.json"),
    ]
    let found = sources.lazy.compactMap { value, name in
      value.flatMap { ImagePreprocessing($0) }.map { (told: $0, file: name) }
    }.first
    preprocessing = found?.told
    preprocessingFile = found?.file ?? ""
    let unread = found.flatMap { found in found.told.problem.map { "\(found.file) beside the network: \($0)" } }
    problems =
      reader.problems + (names.isCut ? ["config.json beside the network: \(LabelSets.beyond)"] : [])
      + [unread].compactMap(\.self)
  }

  /// `id2label`: names by number, or a list; timm's `label_names`. Entries that are no name are left out, the rest counts.
  private static func names(_ configuration: JSONValue) -> (used: [String], isCut: Bool) {
    var found: [Int: String] = [:]
    var isCut = false
    func add(_ index: Int?, _ value: JSONValue) {
      guard let index, index >= 0, let text = value.text else { return }
      if index < LabelSets.most { found[index] = String(text.prefix(200)) } else { isCut = true }
    }
    if let table = configuration["id2label"]?.fields {
      for (key, value) in table { add(Int(key), value) }
    } else if let list = configuration["id2label"]?.items ?? configuration["label_names"]?.items {
      let descriptions = configuration["label_descriptions"]
      for (index, value) in list.enumerated() { add(index, value.string.flatMap { descriptions?[$0] } ?? value) }
    }
    guard let last = found.keys.max(), found.contains(where: { $1 != "LABEL_\($0)" }) else {
      return ([], isCut)
    }
    return ((0...last).map { found[$0] ?? "class \($0)" }, isCut)
  }

  /// Why the files' words on the input cannot be used: a sentence.
  struct Misfit: Error {
    var what: String
  }

  /// A family's recipe with what the files say put over it; nil when they say nothing.
  func overriding(
    _ recipe: InputRecipe, _ facts: NetworkFacts
  ) throws(Misfit) -> (recipe: InputRecipe, reason: String)? {
    guard let preprocessing else { return nil }
    do throws(ImagePreprocessing.Misfit) {
      let family = modelType ?? ""
      return (
        try preprocessing.overriding(recipe, facts, modelType: family),
        "input as \(preprocessingFile) beside the network says"
      )
    } catch {
      throw Misfit(what: "\(preprocessingFile) beside the network is not used: \(error.what)")
    }
  }
}

/// Reads JSON files beside a network and notes which cannot be read.
///
/// A link may lead only to where the network's own file may lie: its folder, the one above for `onnx/`, or the folder that
/// the network's link leads to, which is how Hugging Face's cache is laid out.
private struct CompanionReader {
  private let folders: [String]
  private let roots: [String]
  private let limit: Int
  private(set) var problems: [String] = []

  init(beside path: String, limit: Int) {
    let folder = path.folderPath
    folders = folder == "onnx" || folder.hasSuffix("/onnx") ? [folder, folder.folderPath] : [folder]
    self.limit = limit
    roots =
      folders.compactMap { ($0.isEmpty ? "." : $0).realPath } + [path.realPath?.folderPath].compactMap { $0 }
  }

  /// The first file of that name; nil where there is none, or none that can be read.
  mutating func read(_ name: String) -> JSONValue? {
    for folder in folders {
      let path = (folder as NSString).appendingPathComponent(name)
      do {
        let bytes = try SmallFile.bytes(path, limit: limit)
        guard let real = path.realPath, roots.contains(real.folderPath) else {
          problems.append("\(path) is not used: it is a link to a file outside of the network's folder")
          return nil
        }
        return try JSONValue.read(bytes)
      } catch let error as ConfigurationError where error.kind == .notFound {
        continue
      } catch let error as ConfigurationError {
        problems.append("\(path) is not used: \(error.what)")
        return nil
      } catch {
        problems.append("\(path) is not used: it is not JSON (\(JSONValue.problem(of: error)))")
        return nil
      }
    }
    return nil
  }
}

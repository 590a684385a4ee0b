import Ground
import Configuration
import Foundation
import Ground
import Vision

/// What Hugging Face keeps beside a network: `config.json` with the class names, `preprocessor_config.json` with the input.
///
/// Its exporters call the network `model.onnx` and the like; only such a file's neighbours are looked at, in its folder and,
/// for `onnx/model.onnx`, in the one above. They are outside input: what cannot be read is as if it were not there.
struct CompanionFiles: Sendable {
  private struct Configuration: Decodable {
    var model_type: String?
    var architectures: [String]?
    var id2label: [String: String]?
  }

  private struct Preprocessing: Decodable {
    var do_center_crop: Bool?
    var do_rescale: Bool?
    var rescale_factor: Float?
    var do_normalize: Bool?
    var do_flip_channel_order: Bool?
    var image_mean: [Float]?
    var image_std: [Float]?
    var size: Sides?
    var crop_size: Sides?
  }

  /// One number for the shorter side, or named sides in pixels.
  private struct Sides: Decodable {
    var width: Int?
    var height: Int?
    var shorter: Int?

    private enum Keys: String, CodingKey { case width, height, shortest_edge }

    init(from decoder: any Decoder) throws {
      if let single = try? decoder.singleValueContainer().decode(Int.self) {
        shorter = Sides.checked(single)
        return
      }
      let container = try decoder.container(keyedBy: Keys.self)
      width = Sides.checked(try container.decodeIfPresent(Int.self, forKey: .width))
      height = Sides.checked(try container.decodeIfPresent(Int.self, forKey: .height))
      shorter = Sides.checked(try container.decodeIfPresent(Int.self, forKey: .shortest_edge))
    }

    private static func checked(_ side: Int?) -> Int? { side.flatMap { (1...8192).contains($0) ? $0 : nil } }
  }

  /// Names by class number; empty when none are told, or none but LABEL_0, LABEL_1, ….
  let labels: [String]
  private let preprocessing: Preprocessing?

  private static let stems = ["model", "vision_model", "encoder_model"]
  private static let limit = 8 << 20

  /// nil where there are none.
  init?(beside path: String) {
    let file = (path as NSString).lastPathComponent
    guard CompanionFiles.stems.contains(where: { file.hasPrefix($0) }) else { return nil }
    let folder = path.folderPath
    let above = folder.folderPath
    let folders = (folder as NSString).lastPathComponent == "onnx" ? [folder, above] : [folder]
    guard let configuration = CompanionFiles.read("config.json", in: folders, as: Configuration.self),
      configuration.model_type != nil || configuration.architectures != nil
    else { return nil }
    preprocessing = CompanionFiles.read("preprocessor_config.json", in: folders, as: Preprocessing.self)
    labels = CompanionFiles.names(configuration.id2label ?? [:])
  }

  private static func read<Content: Decodable>(
    _ name: String, in folders: [String], as type: Content.Type
  ) -> Content? {
    for folder in folders {
      let path = (folder as NSString).appendingPathComponent(name)
      guard let bytes = try? SmallFile.bytes(path, limit: limit) else { continue }
      return try? JSONDecoder().decode(type, from: Data(bytes))
    }
    return nil
  }

  private static func names(_ table: [String: String]) -> [String] {
    let pairs = table.compactMap { key, name in
      Int(key).flatMap { (0..<100_000).contains($0) ? ($0, String(name.prefix(200))) : nil }
    }
    guard let last = pairs.map(\.0).max(), pairs.contains(where: { $1 != "LABEL_\($0)" }) else { return [] }
    var names = (0...last).map { "class \($0)" }
    for (index, name) in pairs { names[index] = name }
    return names
  }

  /// A family's recipe with what the files say put over it; nil when they say nothing that can be used.
  func overriding(_ recipe: InputRecipe, _ facts: NetworkFacts) -> (recipe: InputRecipe, reason: String)? {
    guard let told = preprocessing, let normalization = normalization(told, recipe.normalization) else { return nil }
    var copy = recipe
    copy.normalization = normalization
    let isOpen = facts.picture?.width == nil
    if told.do_center_crop == true, let shorter = told.size?.shorter ?? told.size?.height {
      let side = told.crop_size?.width ?? told.crop_size?.shorter ?? shorter
      if isOpen { copy.size = .fixed(width: side, height: told.crop_size?.height ?? side) }
      copy.rule = .centerCrop(shorterSide: shorter)
    } else if let width = told.size?.width, let height = told.size?.height {
      if isOpen { copy.size = .fixed(width: width, height: height) }
      copy.rule = .stretch
    }
    return (copy, "input as preprocessor_config.json beside the network says")
  }

  private func normalization(_ told: Preprocessing, _ usual: Normalization) -> Normalization? {
    var copy = usual
    let channels = usual.order.channels
    if told.do_flip_channel_order == true, channels == 3 { copy.order = .bgr }
    copy.scale = told.do_rescale == false ? 1 : told.rescale_factor ?? 1 / 255
    copy.mean = [Float](repeating: 0, count: channels)
    copy.deviation = [Float](repeating: 1, count: channels)
    guard told.do_normalize ?? (told.image_mean != nil) else { return copy }
    guard let mean = told.image_mean, let deviation = told.image_std, mean.count == channels,
      deviation.count == channels, !deviation.contains(0), (mean + deviation + [copy.scale]).allSatisfy(\.isFinite)
    else { return nil }
    copy.mean = mean
    copy.deviation = deviation
    return copy
  }
}

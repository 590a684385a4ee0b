import Foundation
import Testing

/// The folder of real networks, photos and reference answers that may lie beside the package; the tests that need it are
/// skipped where it is missing.
enum RealNetworks {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/real").path

  static var isPresent: Bool { FileManager.default.fileExists(atPath: folder + "/reference") }

  static func model(_ name: String) -> String { "\(folder)/models/\(name).onnx" }
  static func photo(_ name: String) -> String { "\(folder)/photos/\(name).jpg" }

  /// One finding of a reference: of a detector or of a classifier.
  struct Finding: Decodable {
    var label: String
    var cls: Int
    var score: Double?
    var prob: Double?
    var box_xyxy_px: [Float]?
    var mask_fraction_of_box: Float?
  }

  struct Photo: Decodable { var result: [Finding] }
  struct Reference: Decodable { var photos: [String: Photo] }

  /// The reference answers for the photos that are there.
  static func reference(_ model: String) throws -> [(photo: String, findings: [Finding])] {
    let data = try Data(contentsOf: URL(filePath: "\(folder)/reference/\(model).json"))
    let reference = try JSONDecoder().decode(Reference.self, from: data)
    return reference.photos.map { ($0.key, $0.value.result) }
      .filter { FileManager.default.fileExists(atPath: photo($0.photo)) }
      .sorted { $0.photo < $1.photo }
  }
}

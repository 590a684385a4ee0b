import Ground
import Synchronization

/// The weights that a model keeps in files beside it (`external_data` of TensorProto).
///
/// A model may only name files inside its own folder: anything else could make a downloaded model read /etc. Where the model
/// itself is a link, the folder that it leads to counts as its own too, as in ONNX Runtime: Hugging Face's cache keeps
/// `snapshots/…/model.onnx` and `model.onnx_data` as links into one folder `blobs`.
package final class ExternalData: Sendable {
  private let modelPath: String
  private let opened = Mutex<[String: ModelFile]>([:])

  init(modelPath: String) { self.modelPath = modelPath }

  /// The bytes that `entry` (location, offset, length) names, and the mapping that they live in.
  func bytes(_ entry: [String: String], expected: Int) throws -> (ModelFile, UnsafeRawBufferPointer) {
    guard let location = entry["location"] else {
      throw InferenceError(.malformedModel, "external data has no location")
    }
    let file = try map(location)
    guard let offset = Int(entry["offset"] ?? "0"), offset >= 0, offset <= file.bytes.count,
      let length = entry["length"].map({ Int($0) }) ?? expected, length == expected, length >= 0,
      length <= file.bytes.count - offset
    else {
      throw InferenceError(
        .malformedModel, "external data '\(location)' does not hold the tensor's \(expected) bytes")
    }
    return (file, UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + length]))
  }

  private func map(_ location: String) throws -> ModelFile {
    try opened.withLock { opened in
      if let file = opened[location] { return file }
      let file = try ModelFile(path: try resolve(location))
      NetworkBudget.current?.pay(file.storedBytes)
      opened[location] = file
      return file
    }
  }

  /// The real path of `location`, symbolic links followed, which must lie in one of the model's folders.
  private func resolve(_ location: String) throws -> String {
    let cut = modelPath.lastIndex(of: "/")
    let folder = cut.map { String(modelPath[...$0]) } ?? "./"
    let outside = InferenceError(
      .unsupportedFeature, "external data '\(location)' lies outside the model's folder", remedy: "move it there")
    guard !location.isEmpty, !location.hasPrefix("/"), !location.split(separator: "/").contains(".."),
      !location.utf8.contains(0)
    else { throw outside }
    guard let realFolder = folder.realPath, let real = (folder + location).realPath else {
      throw InferenceError(.unreadableFile, "external data '\(location)' is missing")
    }
    let linked = modelPath.realPath.flatMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) } }
    let isInside = [realFolder, linked].contains { root in
      root.map { real.hasPrefix($0 == "/" ? "/" : $0 + "/") } ?? false
    }
    guard isInside else { throw outside }
    return real
  }
}

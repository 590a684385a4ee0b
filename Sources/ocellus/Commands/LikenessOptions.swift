import ArgumentParser
import Configuration
import Foundation
import Ground
import Perception
import Pipeline
import Vision

/// Finding things again, and naming them freely: feature vectors, references, typed labels.
struct LikenessOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("A network that makes a feature vector of each detection.", valueName: "NAME|PATH"))
  var embedder: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Compare detections with this photo, under this name, in this session only. May be repeated.",
      valueName: "NAME=PHOTO"))
  var reference: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Names that a pair of image and text networks (CLIP) chooses from: \"a cat, a dog\".", valueName: "A,B,…"))
  var labels: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Take the stages after the detector from the [[chain]] tables of this file; without it, from the configuration "
        + "file, else from the detector's manifest.", valueName: "FILE.toml"))
  var chain: String?

  func validate() throws { _ = try photos() }

  private func photos() throws -> [ReferencePhoto] {
    try reference.map { text in
      let parts = text.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { throw ValidationError("--reference takes NAME=PHOTO, not '\(text)'") }
      return ReferencePhoto(name: String(parts[0]), path: String(parts[1]))
    }
  }

  /// Puts the options into a session's configuration.
  ///
  /// - Returns: what is wrong with the user's chain, which then counts for nothing; nil when nothing is.
  func apply(to configuration: inout SessionConfiguration, _ user: UserConfiguration) throws -> String? {
    configuration.embedder = embedder
    configuration.referencePhotos = try photos()
    for photo in configuration.referencePhotos {
      do { _ = try ImageFile.load(photo.path) } catch {
        throw CommandFailure(what: "reference '\(photo.name)': \(error.what)", place: photo.path)
      }
    }
    configuration.labels = labels.map(ZeroShotLabels.parse) ?? []
    if let chain {
      configuration.chain = try LikenessOptions.stages(in: chain)
      return nil
    }
    guard let document = user.document else { return nil }
    do {
      let stages = try ChainStage.chain(in: document)
      if !stages.isEmpty { configuration.chain = stages }
      return nil
    } catch {
      return "no chain from the configuration: \(error)"
    }
  }

  private static func stages(in path: String) throws -> [ChainStage] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(what: "cannot be read", place: path)
    }
    return try ChainStage.chain(in: ConfigDocument(text: String(decoding: data, as: UTF8.self), file: path))
  }

  /// The operator's references; in memory only, with the reason, where their file cannot be read.
  static func store() -> (store: ReferenceStore, problem: String?) {
    do {
      return (try ReferenceStore(path: UserFolders.data("references.json")), nil)
    } catch {
      return (ReferenceStore(), "references are not kept: \(error)")
    }
  }
}

import ArgumentParser
import Perception
import Pipeline
import Service

/// Finding things again, and naming them freely: feature vectors, references, typed labels.
struct LikenessOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The embedder: a model that computes a feature vector of each detection.", valueName: "NAME|PATH"))
  var embedder: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Add a reference: compare detections with this photo under this name, in this session only. May be repeated.",
      valueName: "NAME=PHOTO"))
  var reference: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Labels that a pair of image and text models (CLIP) chooses from, such as \"a cat, a dog\".", valueName: "A,B,…"))
  var labels: String?

  func validate() throws { _ = try photos() }

  private func photos() throws -> [ReferencePhoto] {
    try reference.map { text in
      let parts = text.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { throw ValidationError("--reference takes NAME=PHOTO, not '\(text)'") }
      return ReferencePhoto(name: String(parts[0]), path: String(parts[1]))
    }
  }

  func apply(to request: inout SessionRequest) throws {
    request.embedder = embedder
    request.referencePhotos = try photos()
    request.labels = labels.map(ZeroShotLabels.parse) ?? []
  }
}

import Ground
package import Perception
import Vision

/// Loads the networks of stages. Loader's thread only.
package struct StageLoader: Sendable {
  let provider: any ModelProvider
  let references: ReferenceBook
  /// Photos that every network of feature vectors is shown, to be found again.
  let photos: [ReferencePhoto]
  /// The classes that detectors on the whole frame are limited to, unless their stage names some; all where empty.
  let classes: [String]
  let registry: StageRegistry
  private let texts = TextModels()

  init(
    provider: any ModelProvider, references: ReferenceBook, photos: [ReferencePhoto],
    classes: [String] = [], registry: StageRegistry = .standard
  ) {
    self.provider = provider
    self.references = references
    self.photos = photos
    self.classes = classes
    self.registry = registry
  }

  /// A loader without references to keep.
  package init(provider: any ModelProvider, registry: StageRegistry = .standard) {
    self.init(
      provider: provider, references: ReferenceBook(store: ReferenceStore(), report: { _ in }), photos: [],
      registry: registry)
  }

  /// Prepares a stage by its row of the registry.
  package func prepare(_ spec: StageSpec, as id: StageID) throws -> PreparedStage {
    let definition = try registry.definition(for: spec, self)
    var prepared = try definition.prepare(spec, id, self)
    prepared.isPrimary = definition.isPrimary
    return prepared
  }

  /// What a model is: reads its file, runs nothing.
  package func describe(_ name: String) throws -> ModelDescription { try provider.describe(name) }

  /// Loads the network of a stage and runs it once on a grey picture: the first run prepares kernels and memory, and shows
  /// whether feature vectors come out. One that makes them learns the photos.
  package func vision(_ spec: StageSpec) throws -> (model: any VisionModel, embeds: Bool) {
    let model = try provider.loadVisionModel(try name(of: spec))
    let embeds = try warm(model)
    if embeds { for photo in photos { try references.add(photo: photo, by: model) } }
    return (model, embeds)
  }

  /// Loads a network over sequences of features.
  package func sequence(_ spec: StageSpec) throws -> any SequenceModel {
    try provider.loadSequenceModel(try name(of: spec))
  }

  /// Labels as vectors that compare with those of an image network that has a text network for its pair.
  package func labels(_ names: [String], for image: ModelDescription) throws -> ZeroShotLabels {
    guard let pairing = image.text else {
      throw PerceptionError(.notFound, "no text network belongs to \(image.name)", place: image.path)
    }
    return try ZeroShotLabels(names, model: image.name, by: try texts.encoder(for: pairing, from: provider))
  }

  private func name(of spec: StageSpec) throws -> String {
    guard let model = spec.model else {
      throw PerceptionError(
        .badManifest, "stage '\(spec.title)' names no model", place: spec.place, remedy: "add 'model'")
    }
    return model
  }

  private func warm(_ model: any VisionModel) throws -> Bool {
    let width = max(16, model.description.inputWidth)
    let height = max(16, model.description.inputHeight)
    guard let grey = Image.grey(width, height, .rgb24) else { return false }
    return try model.perceive(grey, region: nil, minimumConfidence: nil).0.embedding != nil
  }
}

/// Keeps the text network that was used last: labels are typed again and again. Loader's thread only.
private final class TextModels: @unchecked Sendable {
  private var kept: (pairing: TextPairing, model: any TextModel)?

  func encoder(for pairing: TextPairing, from provider: any ModelProvider) throws -> any TextModel {
    if let kept, kept.pairing == pairing { return kept.model }
    kept = nil
    let model = try provider.loadTextModel(pairing)
    kept = (pairing, model)
    return model
  }
}

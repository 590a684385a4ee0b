import Perception

/// The networks of one frame, taken together so that a frame never mixes old and new.
struct ActiveModels: Sendable {
  var detector: (any VisionModel)?
  /// The operator's own second stage.
  var classifier: ChainLink?
  /// The stages that the detector's manifest or the configuration wants.
  var chain: [ChainLink] = []
  var embedder: ChainLink?
  var sequence: ChainLink?
  var labels: ZeroShotLabels?
  /// Grows with every change of a network.
  var generation = 0

  /// What follows the detector, in order: feature vectors before what learns from them.
  var links: [ChainLink] {
    var links: [ChainLink] = []
    if let classifier { links.append(classifier) }
    links += chain
    if let embedder { links.append(embedder) }
    if let sequence { links.append(sequence) }
    return links
  }

  /// Every network that serves beside the detector and the operator's own second stage.
  var companions: [ModelListing] {
    (chain + [embedder, sequence].compactMap(\.self)).map {
      ModelListing(name: $0.description.name, description: $0.description, state: .active)
    }
  }

  /// The networks that make feature vectors, of crops or of the picture; the one whose vectors detections carry is last.
  var embeddingModels: [any VisionModel] {
    var models: [any VisionModel] = []
    if let detector, detector.description.task == .embedding { models.append(detector) }
    models += links.compactMap { $0.embeds ? $0.cropModel : nil }
    return models
  }
}

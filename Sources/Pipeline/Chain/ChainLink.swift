package import Perception

/// A stage of the chain with its network, loaded and warm.
package struct ChainLink: Sendable {
  /// What a stage runs on.
  package enum Network: Sendable {
    /// The crops of a frame's detections: a classifier, an embedder.
    case crops(any VisionModel)
    /// The history of each track.
    case tracks(any SequenceModel)
  }

  package var stage: ChainStage
  package var network: Network
  /// Whether its answers come with feature vectors.
  package var embeds: Bool

  package init(stage: ChainStage, network: Network, embeds: Bool = false) {
    self.stage = stage
    self.network = network
    self.embeds = embeds
  }

  /// What its network is.
  var description: ModelDescription {
    switch network {
    case .crops(let model): model.description
    case .tracks(let model): model.description
    }
  }

  /// The network on crops, if it is one.
  package var cropModel: (any VisionModel)? {
    if case .crops(let model) = network { model } else { nil }
  }
}

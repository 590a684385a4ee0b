/// What a network is for.
public enum ModelTask: String, Sendable, CaseIterable, Codable {
  case detection
  case instanceSegmentation = "instance-segmentation"
  case pose
  case orientedDetection = "oriented-detection"
  case classification
  case semanticSegmentation = "semantic-segmentation"
  case depth
  case embedding
  case sequence

  /// Whether the network yields ``Detection``s, and so can be the pipeline's first stage.
  public var detects: Bool {
    switch self {
    case .detection, .instanceSegmentation, .pose, .orientedDetection: true
    case .classification, .semanticSegmentation, .depth, .embedding, .sequence: false
    }
  }

  /// Whether the network's answer is something to look at over the whole picture: what a list of first stages offers.
  public var isFirstStage: Bool { detects || self == .semanticSegmentation || self == .depth }
}

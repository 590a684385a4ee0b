/// A reference as lists show it.
public struct ReferenceListing: Sendable, Hashable, Codable {
  public var name: String
  /// The network that made its feature vector: detections are compared with it only where that network runs.
  public var model: String
  /// False for references of this session alone, from a photo named on the command line.
  public var isKept: Bool

  public init(name: String, model: String, isKept: Bool) {
    self.name = name
    self.model = model
    self.isKept = isKept
  }
}

/// How the typed labels stand.
public struct LabelStatus: Sendable, Equatable, Codable {
  public enum State: Sendable, Equatable, Codable {
    case loading
    case active
    case failed(reason: String)
  }

  public var labels: [String]
  public var state: State

  public init(labels: [String], state: State) {
    self.labels = labels
    self.state = state
  }
}

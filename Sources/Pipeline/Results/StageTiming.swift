public import Perception

/// What a stage took on one frame.
public struct StageTiming: Sendable, Hashable {
  public var id: StageID
  /// Its row of the registry of stages: "network", "tracker".
  public var kind: String
  /// The name of its model, where it runs one.
  public var model: String?
  public var times: StageTimes

  public init(id: StageID, kind: String, model: String? = nil, times: StageTimes) {
    self.id = id
    self.kind = kind
    self.model = model
    self.times = times
  }
}

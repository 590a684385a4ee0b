public import Perception

/// A second detector on the same frames: what it found on the newest frame that both have processed.
public struct ComparisonStatus: Sendable {
  public var model: String
  public var state: ModelListing.State
  /// The frame that both have looked at: ``SessionSnapshot/latest``'s or an older one.
  public var frameNumber: UInt64
  /// The frame's size in pixels.
  public var width = 0
  public var height = 0
  public var findings: Findings
  public var times: StageTimes
  /// The first detector's findings on that very frame.
  public var primaryFindings: Findings
  /// The first detector's own times on that very frame.
  public var primaryTimes: StageTimes
  /// The count over all frames that both have processed since the comparison began.
  public var agreement: DetectionAgreement

  public init(model: String, state: ModelListing.State) {
    self.model = model
    self.state = state
    frameNumber = 0
    findings = Findings()
    times = StageTimes()
    primaryFindings = Findings()
    primaryTimes = StageTimes()
    agreement = DetectionAgreement()
  }
}

extension ComparisonStatus: Codable {
  private enum CodingKeys: CodingKey {
    case model, state, frameNumber, width, height, detections, primaryDetections, times, primaryTimes, agreement
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    func records(_ findings: Findings) -> [DetectionRecord] {
      findings.detections.map { DetectionRecord($0, frameWidth: width, frameHeight: height) }
    }
    try container.encode(model, forKey: .model)
    try container.encode(state, forKey: .state)
    try container.encode(frameNumber, forKey: .frameNumber)
    try container.encode(width, forKey: .width)
    try container.encode(height, forKey: .height)
    try container.encode(records(findings), forKey: .detections)
    try container.encode(records(primaryFindings), forKey: .primaryDetections)
    try container.encode(times, forKey: .times)
    try container.encode(primaryTimes, forKey: .primaryTimes)
    try container.encode(agreement, forKey: .agreement)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      model: try container.decode(String.self, forKey: .model),
      state: try container.decode(ModelListing.State.self, forKey: .state))
    frameNumber = try container.decode(UInt64.self, forKey: .frameNumber)
    width = try container.decode(Int.self, forKey: .width)
    height = try container.decode(Int.self, forKey: .height)
    let size = (width, height)
    let budget = CellBudget()
    func detections(_ key: CodingKeys) throws -> [Detection] {
      try container.decode([DetectionRecord].self, forKey: key).compactMap {
        try $0.detection(frameWidth: size.0, frameHeight: size.1, classifier: nil, budget: budget)
      }
    }
    findings.detections = try detections(.detections)
    primaryFindings.detections = try detections(.primaryDetections)
    times = try container.decode(StageTimes.self, forKey: .times)
    primaryTimes = try container.decode(StageTimes.self, forKey: .primaryTimes)
    agreement = try container.decode(DetectionAgreement.self, forKey: .agreement)
  }
}

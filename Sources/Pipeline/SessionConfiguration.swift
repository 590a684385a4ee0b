/// What a session runs.
public struct SessionConfiguration: Sendable {
  /// Names or paths of the networks; nil runs without that stage.
  public var detector: String?
  public var classifier: String?
  public var sequence: String?
  /// Detections below this confidence are not shown, counted or recorded.
  public var minimumConfidence: Float
  /// Whether frames wait until the networks are loaded. A dashboard shows the picture at once; a log must not begin with
  /// frames that no network saw.
  public var waitForModels: Bool
  /// The second stage looks at this many detections a frame at most, most confident first.
  public var maximumCrops: Int
  /// How much a crop is enlarged on every side, as a share of the box.
  public var cropMargin: Float
  /// Stops after this many processed frames; nil goes on.
  public var frameLimit: UInt64?

  /// A session with the given networks and the usual settings.
  public init(detector: String?, classifier: String? = nil, sequence: String? = nil) {
    self.detector = detector
    self.classifier = classifier
    self.sequence = sequence
    minimumConfidence = 0.4
    waitForModels = false
    maximumCrops = 8
    cropMargin = 0.1
    frameLimit = nil
  }
}

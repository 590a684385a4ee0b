public import Capture
public import Perception

/// What a session runs.
public struct SessionConfiguration: Sendable {
  /// Networks on the whole frame, by names or paths, in order; the first is the one that keys switch.
  public var primaries: [StageSpec]
  public var classifier: String?
  public var sequence: String?
  /// A network for feature vectors of crops.
  public var embedder: String?
  /// Further stages; nil: those that the primaries' own manifests want.
  public var stages: [StageSpec]?
  /// Stages beside those.
  public var addedStages: [StageSpec]
  /// How the objects of several primaries go together.
  public var merge: MergeRule
  /// Names that a pair of image and text networks chooses from.
  public var labels: [String]
  /// The classes that detectors on the whole frame are limited to, unless their stage names some; all where empty.
  public var classes: [String]
  /// Photos that detections are compared with, in this session only.
  public var referencePhotos: [ReferencePhoto]
  /// Detections below this confidence are not shown, counted or recorded; one exactly at it is. What counts is the network's
  /// confidence in this frame.
  public var minimumConfidence: Float
  /// The thresholds that can be asked for.
  public static let confidences: ClosedRange<Float> = 0.001...0.999
  /// Whether frames wait until the networks are loaded. A dashboard shows the picture at once; a log must not begin with
  /// frames that no network saw.
  public var waitForModels: Bool
  /// The second stage looks at this many detections a frame at most, most confident first.
  public var maximumCrops: Int
  /// When a picture is complained about.
  public var health: PictureHealthThresholds
  /// How long a part of the session may take before it counts as stuck.
  public var patience: SessionPatience
  /// Stops after this many processed frames; nil goes on.
  public var frameLimit: UInt64?
  /// How the user can get a network where the session has none; nil where none is wanted.
  public var advice: String?

  /// A session with the given networks and the usual settings.
  public init(primaries: [StageSpec] = [], classifier: String? = nil, sequence: String? = nil) {
    self.primaries = primaries
    self.classifier = classifier
    self.sequence = sequence
    embedder = nil
    stages = nil
    addedStages = []
    merge = .sameClass
    labels = []
    classes = []
    referencePhotos = []
    minimumConfidence = 0.4
    waitForModels = false
    maximumCrops = 8
    health = PictureHealthThresholds()
    patience = SessionPatience()
    frameLimit = nil
    advice = nil
  }
}

extension SessionConfiguration {
  /// A session with one network on the whole frame; nil runs without.
  public init(detector: String?, classifier: String? = nil, sequence: String? = nil) {
    self.init(
      primaries: detector.map { [StageSpec(model: $0)] } ?? [], classifier: classifier, sequence: sequence)
  }
}

/// How long a part of the session may take before it counts as stuck, in milliseconds.
public struct SessionPatience: Sendable {
  /// A call of the source, which promises to return within its timeout; drivers that start take a second or two.
  public var source = 3000.0
  /// A stage of the pipeline: this long, and this many times the longest of the stages that came to an end.
  public var stage = 5000.0
  public var stageFactor = 8.0
  /// The threads' ends, once the session is to end: a stuck one is left behind.
  public var end = 3000.0

  public init() {}
}

/// A photo of something to find, under a name.
public struct ReferencePhoto: Sendable, Hashable {
  public var name: String
  public var path: String

  public init(name: String, path: String) {
    self.name = name
    self.path = path
  }
}

public import Capture
public import Inference
public import Perception
public import Pipeline
public import Recording

/// What a user asked a session for: the flags of a command, or what a service was told. A plain value.
public struct SessionRequest: Sendable {
  /// The source, and how to play it should it be a recording.
  public var source = SourceChoice()
  /// Networks on the whole frame, by names or paths; empty: the pipeline's, else the usual one.
  public var models: [String] = []
  public var classifier = ClassifierChoice.usual
  public var embedder: String?
  /// Names that a pair of image and text networks chooses from.
  public var labels: [String] = []
  /// The classes that detectors are limited to; all where empty.
  public var classes: [String] = []
  public var referencePhotos: [ReferencePhoto] = []
  /// A file that describes the pipeline: `[[stage]]` tables.
  public var pipeline: String?
  /// A file whose `[[chain]]` tables follow the detector.
  public var chain: String?
  /// Stages beside those of the pipeline.
  public var stages: [StageSpec] = []
  /// Whether no network runs but those that are named.
  public var runsNamedNetworksOnly = false
  /// Objects below are neither shown, recorded nor streamed.
  public var confidence: Float = 0.4
  /// When the picture is complained about: `name=value`, in this order.
  public var health: [String] = []
  /// What wins over the thresholds of manifests.
  public var thresholds = Manifest.Thresholds()
  public var network = NetworkOptions()
  public var recording = RecordingRequest()
  /// A second detector to compare with.
  public var compare: String?
  /// The program and its version, for recordings.
  public var program = "ocellus"

  public init() {}
}

/// The second stage that a user asked for.
public enum ClassifierChoice: Sendable, Hashable {
  /// The one that belongs to the detector, where there is one.
  case usual
  case none
  case named(String)
}

/// The source that a session is to open.
public struct SourceChoice: Sendable {
  /// nil for the first camera that works.
  public var name: String?
  public var request: SourceRequest
  /// How to play it, should it be a recording.
  public var replay = RecordingSource.Options()

  public init(name: String? = nil, request: SourceRequest = SourceRequest()) {
    self.name = name
    self.request = request
  }
}

/// What is to be recorded, and how: settings of the recorder by name, over those of the configuration file.
public struct RecordingRequest: Sendable {
  /// Whether recording begins with the session.
  public var isOn = false
  public var settings: [(key: String, value: String)] = []

  public init() {}
}

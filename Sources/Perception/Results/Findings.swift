/// All that the stages of a pipeline say of one frame: objects, and layers over the whole frame.
///
/// A network's answer has the same form: a decoder fills it without naming a stage (``StageID/unsigned``), and the stage
/// that ran the network signs it with ``sign(by:model:)``. Where a property names one answer of a kind and several
/// stages gave one, it is the last stage's; ``layers`` has all of them.
public struct Findings: Sendable {
  /// The objects of every detecting stage, best first.
  public var detections: [Detection] = []
  /// Whether a detecting stage ran on this very frame; false where the detections are held from an earlier one.
  public var hasNewDetections = false
  /// What stages say of the whole frame, in the order of the pipeline.
  public var layers: [Layer] = []

  public init() {}

  /// Adds what a stage says, in place of what it said before of the same kind.
  public mutating func attach(_ content: some LayerContent, by stage: StageID) { layers.set(content, by: stage) }

  /// Whole-picture classification, best first.
  public var classes: [Classification] {
    get { layers.last(Classes.self)?.list ?? [] }
    set { attach(Classes(newValue), by: .unsigned) }
  }

  public var segmentation: SegmentationMap? {
    get { layers.last(SegmentationMap.self) }
    set { if let newValue { attach(newValue, by: .unsigned) } }
  }

  public var depth: DepthMap? {
    get { layers.last(DepthMap.self) }
    set { if let newValue { attach(newValue, by: .unsigned) } }
  }

  /// The feature vector of the whole picture.
  public var vector: FeatureVector? { layers.last(FeatureVector.self) }

  /// The numbers of ``vector``; a decoder sets them, the stage knows the network's name.
  public var embedding: [Float]? {
    get { vector?.values }
    set { if let newValue { attach(FeatureVector(newValue, model: ""), by: .unsigned) } }
  }

  /// How much the picture as a whole looks like each reference, the most alike first.
  public var matches: [Likeness.Match] { layers.last(Likeness.self)?.matches ?? [] }

  /// Adds the objects and layers of another stage; the objects stay best first.
  public mutating func add(_ more: Findings) {
    if detections.isEmpty {
      detections = more.detections
    } else if !more.detections.isEmpty {
      detections += more.detections
      detections.sort { $0.confidence > $1.confidence }
    }
    layers += more.layers
  }

  /// Makes a network's answer what `stage` says; feature vectors get the name of the `model` that made them. What carries a
  /// stage already (a recording's findings) keeps it.
  public mutating func sign(by stage: StageID, model: String) {
    for index in detections.indices where detections[index].stage == .unsigned { detections[index].stage = stage }
    for index in layers.indices where layers[index].stage == .unsigned {
      layers[index].stage = stage
      if var vector = layers[index].content as? FeatureVector, vector.model.isEmpty {
        vector.model = model
        layers[index].content = vector
      }
    }
  }
}

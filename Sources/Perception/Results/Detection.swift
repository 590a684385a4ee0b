public import Vision

/// A binary mask over a part of the source frame: `region` in pixels, `bits` row-major, one byte a mask cell (0 or 1).
///
/// The cells may be coarser than pixels; they stretch evenly over the region.
public struct Mask: Sendable, Hashable {
  public var region: Box
  public var columns: Int
  public var rows: Int
  public var bits: [UInt8]

  public init(region: Box, columns: Int, rows: Int, bits: [UInt8]) {
    self.region = region
    self.columns = columns
    self.rows = rows
    self.bits = bits
  }
}

/// An object's name within a session: the frame it was found on, and its number there; its track names it on later frames.
public struct ObjectID: Hashable, Sendable, Codable {
  /// The number of the frame's result.
  public var frame: UInt64
  /// ``Detection/number``.
  public var number: Int
  public var track: Int?

  /// The name of a detection of the frame.
  public init(_ detection: Detection, on frame: UInt64) {
    self.frame = frame
    number = detection.number
    track = detection.track
  }
}

/// One object found in a frame.
public struct Detection: Sendable {
  /// Its place among the detections that the pipeline found on the frame; stays its own when a view filters them.
  public var number = 0
  /// The stage that found it.
  public var stage = StageID.unsigned
  public var label: String
  public var classID: Int
  /// 0...1; smoothed along the track where there is one.
  public var confidence: Float
  /// The network's own confidence in this frame, where ``confidence`` is smoothed.
  public var own: Float?
  /// Pixels of the source frame. For oriented boxes: the rectangle before turning by ``angle`` about its centre.
  public var box: Box
  /// Radians, clockwise on the screen; nil for upright boxes.
  public var angle: Float?
  /// The stable number that the tracker gave; nil before tracking.
  public var track: Int?
  /// The object's outline, where its detector draws one.
  public var mask: Mask?
  /// The object's pose, where its detector finds one; ``pose`` also knows what a later stage found.
  public var keypoints: [Keypoint] = []
  /// Which of ``keypoints`` are joined, where the network's manifest says it; ``poseSkeleton`` also knows a later stage's.
  public var skeleton: Skeleton?
  /// What further stages say of the object, in the order of the pipeline.
  public var attributes: [Layer] = []

  public init(label: String, classID: Int, confidence: Float, box: Box) {
    self.label = label
    self.classID = classID
    self.confidence = confidence
    self.box = box
  }

  /// What thresholds are compared with: the network's own confidence in this frame.
  public var ownConfidence: Float { own ?? confidence }

  /// Adds what a stage says, in place of what it said before of the same kind.
  public mutating func attach(_ content: some LayerContent, by stage: StageID) { attributes.set(content, by: stage) }

  /// The classes of the last stage that classified the object; empty where none did. All of them: ``attributes``.
  public var classes: [Classification] { attributes.last(Classes.self)?.list ?? [] }

  /// What the object is doing, best first.
  public var activity: [Classification] { attributes.last(Activity.self)?.classes ?? [] }

  /// The last feature vector, with the network that made it.
  public var vector: FeatureVector? { attributes.last(FeatureVector.self) }

  /// The numbers of ``vector``.
  public var embedding: [Float]? { vector?.values }

  /// How much the object looks like each reference, the most alike first.
  public var matches: [Likeness.Match] { attributes.last(Likeness.self)?.matches ?? [] }

  /// The last pose that a stage found, else the detector's own.
  public var pose: [Keypoint] { attributes.last(Pose.self)?.keypoints ?? keypoints }

  /// The skeleton that a manifest gives to ``pose``; nil: the usual one for its number of points.
  public var poseSkeleton: Skeleton? {
    if let pose = attributes.last(Pose.self) { return pose.skeleton }
    return skeleton
  }
}

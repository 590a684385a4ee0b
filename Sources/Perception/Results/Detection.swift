public import Vision

/// A label with its confidence.
public struct Classification: Sendable, Hashable {
  public var label: String
  public var classID: Int
  /// 0...1.
  public var confidence: Float

  public init(label: String, classID: Int, confidence: Float) {
    self.label = label
    self.classID = classID
    self.confidence = confidence
  }
}

/// A named point of a pose, in pixels of the source frame.
public struct Keypoint: Sendable, Hashable {
  public var x: Float
  public var y: Float
  /// 0...1.
  public var confidence: Float

  public init(x: Float, y: Float, confidence: Float) {
    self.x = x
    self.y = y
    self.confidence = confidence
  }
}

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

/// One object found in a frame.
public struct Detection: Sendable {
  public var label: String
  public var classID: Int
  /// 0...1.
  public var confidence: Float
  /// Pixels of the source frame. For oriented boxes: the rectangle before turning by ``angle`` about its centre.
  public var box: Box
  /// Radians, clockwise on the screen; nil for upright boxes.
  public var angle: Float?
  /// The stable number that the tracker gave; nil before tracking.
  public var track: Int?
  /// The second stage's answer for this crop, best first.
  public var classes: [Classification]
  public var mask: Mask?
  public var keypoints: [Keypoint]
  /// Unit-length feature vector of the crop, where an embedder ran.
  public var embedding: [Float]?
  /// The network that made ``embedding``.
  public var embeddingModel: String?
  /// How much the object looks like each reference, the most alike first.
  public var matches: [ReferenceStore.Match]
  /// What the tracked object is doing, from the sequence model, best first.
  public var sequenceClasses: [Classification]

  public init(label: String, classID: Int, confidence: Float, box: Box) {
    self.label = label
    self.classID = classID
    self.confidence = confidence
    self.box = box
    angle = nil
    track = nil
    classes = []
    mask = nil
    keypoints = []
    embedding = nil
    embeddingModel = nil
    matches = []
    sequenceClasses = []
  }
}

/// A class for every cell of a grid that stretches over the whole source frame.
public struct SegmentationMap: Sendable {
  public var columns: Int
  public var rows: Int
  /// Class indices, row-major.
  public var classes: [UInt16]
  public var labels: [String]

  /// The class that stands for nothing in particular; nil where every class is something.
  public var background: UInt16? {
    let names = ["background", "__background__", "other", "unlabeled", "void", "none"]
    return labels.first.map { names.contains($0.lowercased()) } ?? true ? 0 : nil
  }

  public init(columns: Int, rows: Int, classes: [UInt16], labels: [String]) {
    self.columns = columns
    self.rows = rows
    self.classes = classes
    self.labels = labels
  }
}

/// How far away what a picture shows is: a grid that stretches over the whole source frame.
public struct DepthMap: Sendable {
  public var columns: Int
  public var rows: Int
  /// Row-major: 0 for the farthest cell of the picture, 1 for the nearest.
  public var nearness: [Float]
  /// The least and the greatest number that the network put out, in its own unit.
  public var range: ClosedRange<Float>

  public init(columns: Int, rows: Int, nearness: [Float], range: ClosedRange<Float>) {
    self.columns = columns
    self.rows = rows
    self.nearness = nearness
    self.range = range
  }

  /// Red, green and blue for a nearness: from dark violet over red to bright yellow, as bright as it is near, so
  /// that it reads without colours too.
  public static func color(_ nearness: Float) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let t = nearness.isFinite ? min(max(nearness, 0), 1) : 0
    func byte(_ share: Float) -> UInt8 { UInt8(min(max(share, 0), 1) * 255) }
    return (byte(0.1 + 1.6 * t), byte(1.8 * t - 0.75), byte(0.45 - abs(t - 0.3) * 0.9))
  }
}

/// All that one network said about one picture. Fields that do not apply to its task stay empty.
public struct Findings: Sendable {
  /// Best first.
  public var detections: [Detection] = []
  /// Whole-picture classification, best first.
  public var classes: [Classification] = []
  public var segmentation: SegmentationMap?
  public var depth: DepthMap?
  public var embedding: [Float]?
  /// How much the picture as a whole looks like each reference, the most alike first.
  public var matches: [ReferenceStore.Match] = []

  public init() {}
}

/// Where a network's time went, in nanoseconds.
public struct StageTimes: Sendable {
  public var preprocess: Int64 = 0
  public var inference: Int64 = 0
  public var postprocess: Int64 = 0

  public init(preprocess: Int64 = 0, inference: Int64 = 0, postprocess: Int64 = 0) {
    self.preprocess = preprocess
    self.inference = inference
    self.postprocess = postprocess
  }

  /// All of it.
  public var total: Int64 { preprocess + inference + postprocess }

  public static func += (sum: inout StageTimes, more: StageTimes) {
    sum.preprocess += more.preprocess
    sum.inference += more.inference
    sum.postprocess += more.postprocess
  }
}

import Ground
public import Vision

/// A loaded network with its preprocessing and its decoder: a picture in, findings out.
///
/// Loaded on any thread; ``perceive(_:region:minimumConfidence:)`` is called by one thread at a time.
public protocol VisionModel: AnyObject, Sendable {
  var description: ModelDescription { get }

  /// Runs the network on `image`, or on the part of it inside `region` (pixels of the image).
  ///
  /// Boxes, masks and keypoints come back in pixels of `image`.
  /// - Parameter minimumConfidence: overrides the manifest's threshold; nil keeps it.
  /// - Throws: ``PerceptionError`` or an error of the engine.
  func perceive(_ image: Image, region: Box?, minimumConfidence: Float?) throws -> (Findings, StageTimes)

  /// Runs the network on several parts of `image`, together where the network takes batches: one ``Findings`` a region.
  func perceive(_ image: Image, regions: [Box], minimumConfidence: Float?) throws -> ([Findings], StageTimes)
}

extension VisionModel {
  public func perceive(
    _ image: Image, regions: [Box], minimumConfidence: Float?
  ) throws -> ([Findings], StageTimes) {
    var all: [Findings] = []
    var sum = StageTimes()
    for region in regions {
      let (findings, times) = try perceive(image, region: region, minimumConfidence: minimumConfidence)
      all.append(findings)
      sum += times
    }
    return (all, sum)
  }
}

/// A recurrent network over a tracked object's last feature vectors.
public protocol SequenceModel: AnyObject, Sendable {
  var description: ModelDescription { get }
  /// How many steps the network wants.
  var length: Int { get }
  /// How many numbers one step has.
  var featureCount: Int { get }
  /// The features of one step for a detection in a frame of the given size in pixels; empty where the detection lacks
  /// some (a feature vector that no embedder made).
  func features(of detection: Detection, frameWidth: Int, frameHeight: Int) -> [Float]
  /// Classes of a sequence of `length` steps, oldest first; best first.
  func classify(_ steps: [[Float]]) throws -> [Classification]
}

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
}

/// A recurrent network over a tracked object's last feature vectors.
public protocol SequenceModel: AnyObject, Sendable {
  var description: ModelDescription { get }
  /// How many steps the network wants.
  var length: Int { get }
  /// The features of one step for a detection in a frame of the given size in pixels.
  func features(of detection: Detection, frameWidth: Int, frameHeight: Int) -> [Float]
  /// Classes of a sequence of `length` steps, oldest first; best first.
  func classify(_ steps: [[Float]]) throws -> [Classification]
}

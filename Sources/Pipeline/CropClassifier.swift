public import Perception
public import Vision

/// The second stage: classifies the crops of a frame's detections.
public struct CropClassifier: Sendable {
  private let maximumCrops: Int
  /// Enlargement on every side, as a share of the box's width and height.
  private let margin: Float

  /// The second stage that a session's configuration describes.
  public init(_ configuration: SessionConfiguration) {
    maximumCrops = configuration.maximumCrops
    margin = configuration.cropMargin
  }

  /// Writes each detection's `classes`; detections are best first, so the cap keeps the most confident.
  ///
  /// - Returns: the summed times of all crops.
  public func classify(_ detections: inout [Detection], in image: Image, with model: any VisionModel) throws
    -> StageTimes
  {
    var sum = StageTimes()
    for index in detections.indices.prefix(maximumCrops) {
      guard let region = crop(detections[index].box, width: image.width, height: image.height) else { continue }
      let (findings, times) = try model.perceive(image, region: region, minimumConfidence: nil)
      detections[index].classes = findings.classes
      detections[index].embedding = findings.embedding
      sum.preprocess += times.preprocess
      sum.inference += times.inference
      sum.postprocess += times.postprocess
    }
    return sum
  }

  /// The enlarged box inside the frame, or nil when less than four pixels a side are left.
  func crop(_ box: Box, width: Int, height: Int) -> Box? {
    let dx = box.width * margin
    let dy = box.height * margin
    let enlarged = Box(left: box.x - dx, top: box.y - dy, right: box.right + dx, bottom: box.bottom + dy)
      .clipped(width: width, height: height)
    return enlarged.width >= 4 && enlarged.height >= 4 ? enlarged : nil
  }
}

import Glibc
import Vision

/// The numbers that a sequence network may want of a detection at each step, by the name a manifest gives them.
public enum SequenceFeature: String, Sendable, CaseIterable {
  /// Centre and size of the box as shares of the frame.
  case centerX = "cx"
  case centerY = "cy"
  case width = "w"
  case height = "h"
  /// Natural logarithm of the box's area as a share of the frame's.
  case logArea = "log_area"
  case confidence

  /// The feature's value; finite for any box.
  public func value(of detection: Detection, frameWidth: Int, frameHeight: Int) -> Float {
    let width = Float(max(1, frameWidth))
    let height = Float(max(1, frameHeight))
    let box = detection.box
    let value: Float =
      switch self {
      case .centerX: box.centerX / width
      case .centerY: box.centerY / height
      case .width: box.width / width
      case .height: box.height / height
      case .logArea: logf(max(box.area / (width * height), 1e-6))
      case .confidence: detection.confidence
      }
    return value.isFinite ? value : 0
  }

  /// What the shipped network takes, in its order.
  public static let usual: [SequenceFeature] = [.centerX, .centerY, .width, .height, .logArea]
}

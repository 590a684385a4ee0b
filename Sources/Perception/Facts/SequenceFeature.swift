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
  /// The feature vector that an embedder or classifier made of the crop: as many numbers as the network has left.
  case embedding

  /// Adds the feature's numbers to a step, all finite.
  ///
  /// - Returns: false if the detection lacks them.
  func append(of detection: Detection, frameWidth: Int, frameHeight: Int, to step: inout [Float]) -> Bool {
    guard self == .embedding else {
      step.append(value(of: detection, frameWidth: frameWidth, frameHeight: frameHeight))
      return true
    }
    guard let vector = detection.embedding, vector.allSatisfy(\.isFinite) else { return false }
    step += vector
    return true
  }

  /// The number of a feature that is one; finite for any box.
  private func value(of detection: Detection, frameWidth: Int, frameHeight: Int) -> Float {
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
      case .embedding: 0
      }
    return value.isFinite ? value : 0
  }

  /// What the shipped network takes, in its order.
  public static let usual: [SequenceFeature] = [.centerX, .centerY, .width, .height, .logArea]
}

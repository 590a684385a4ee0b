import Ground
public import Perception
import Vision

/// How far two detectors agree on the same frames, counted.
public struct DetectionAgreement: Sendable, Equatable, Codable {
  /// Frames that both have looked at.
  public private(set) var frames: UInt64 = 0
  /// Frames on which they did not find the same.
  public private(set) var differingFrames: UInt64 = 0
  /// Objects that both found, and those that only one did.
  public private(set) var agreed: UInt64 = 0
  public private(set) var onlyFirst: UInt64 = 0
  public private(set) var onlySecond: UInt64 = 0

  /// Boxes of the same label that overlap by more than this share mean the same object.
  private static let overlap: Float = 0.5

  public init() {}

  /// Those of `detections` that `others` has no counterpart of.
  public static func unmatched(_ detections: [Detection], by others: [Detection]) -> [Detection] {
    detections.filter { one in
      !others.contains { $0.label == one.label && $0.box.iou(one.box) > overlap }
    }
  }

  /// Counts one frame.
  public mutating func add(_ first: [Detection], _ second: [Detection]) {
    let missing = UInt64(DetectionAgreement.unmatched(first, by: second).count)
    let extra = UInt64(DetectionAgreement.unmatched(second, by: first).count)
    frames += 1
    differingFrames += missing + extra > 0 ? 1 : 0
    agreed += UInt64(first.count) - missing
    onlyFirst += missing
    onlySecond += extra
  }
}

import ArgumentParser
import Perception

/// How boxes that overlap compete, for every network of the command; a manifest's `[thresholds]` say it for one.
struct SuppressionOptions: ParsableArguments {
  @Option(name: .long, help: "Of two boxes that overlap more than this (IoU, 0 to 1) the surer stays.")
  var iou: Float?

  @Flag(name: .long, help: "Boxes of different classes compete too.")
  var classAgnostic = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Lower the confidence of what overlaps instead of dropping it: soft-NMS with this variance; 0.5 is usual.",
      valueName: "SIGMA"))
  var softNms: Float?

  @Option(name: .long, help: "Keep so many detections a frame, the surest.")
  var maxDetections: Int?

  func validate() throws {
    if let iou, !(0...1).contains(iou) { throw ValidationError("--iou takes 0 to 1") }
    if let softNms, !(0.001...10).contains(softNms) { throw ValidationError("--soft-nms takes 0.001 to 10") }
    if let maxDetections, !(1...10000).contains(maxDetections) {
      throw ValidationError("--max-detections takes 1 to 10000")
    }
  }

  /// What wins over the manifests.
  var wishes: Manifest.Thresholds {
    var wishes = Manifest.Thresholds()
    wishes.iou = iou
    wishes.classAgnostic = classAgnostic ? true : nil
    wishes.softSigma = softNms
    wishes.limit = maxDetections
    return wishes
  }
}

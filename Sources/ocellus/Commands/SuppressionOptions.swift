import ArgumentParser
import Perception

/// How boxes that overlap compete, for every network of the command; a manifest's `[thresholds]` say it for one.
struct SuppressionOptions: ParsableArguments {
  @Option(name: .long, help: "Overlap (IoU, 0 to 1) above which only the box with the higher confidence is kept.")
  var iou: Float?

  @Flag(name: .long, help: "Suppress overlapping boxes of different classes too.")
  var classAgnostic = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Soft-NMS: lower the confidence of overlapping boxes instead of dropping them, with this variance, usually 0.5.",
      valueName: "SIGMA"))
  var softNms: Float?

  @Option(name: .long, help: "Keep at most this many detections per frame, highest confidence first.")
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

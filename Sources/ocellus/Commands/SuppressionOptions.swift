import ArgumentParser
import Perception

/// How boxes that overlap compete, for every network of the command; a manifest's `[thresholds]` say it for one.
struct SuppressionOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Overlap (IoU, 0 to 1) above which only the box with the higher confidence is kept (default: the manifest's, else "
        + "the usual one of its family).", valueName: "SHARE"))
  var iou: ShareArgument?

  @Flag(name: .long, help: "Suppress overlapping boxes of different classes too.")
  var classAgnostic = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Soft-NMS: lower the confidence of overlapping boxes instead of dropping them, with this variance, usually 0.5.",
      valueName: "SIGMA"))
  var softNms: Float?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Keep at most this many detections per frame, highest confidence first (default: 300).", valueName: "N"))
  var maxDetections: Int?

  func validate() throws {
    if let softNms, !(0.001...10).contains(softNms) { throw ValidationError("--soft-nms takes 0.001 to 10") }
    if let maxDetections, !(1...10000).contains(maxDetections) {
      throw ValidationError("--max-detections takes 1 to 10000")
    }
  }

  /// What wins over the manifests.
  var wishes: Manifest.Thresholds {
    var wishes = Manifest.Thresholds()
    wishes.iou = iou?.value
    wishes.classAgnostic = classAgnostic ? true : nil
    wishes.softSigma = softNms
    wishes.limit = maxDetections
    return wishes
  }
}

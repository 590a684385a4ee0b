import Glibc
import Ground
import Inference
import Vision

/// Turns one family's output tensors into findings in pixels of the source frame.
///
/// A decoder is made once for a network and called by one thread at a time; its scratch memory is its own.
protocol OutputDecoder: AnyObject {
  /// Adds what `outputs` (all float32, in the network's order) say to `findings`.
  ///
  /// Numbers in the outputs may be anything: NaN and infinities are dropped, indices checked.
  /// - Throws: ``PerceptionError`` of kind `.badOutput` when the shapes are not what the family's are.
  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws
}

/// What a decoder must know of the frame and of the user's wishes.
struct DecodingContext {
  var placement: Placement
  var frameWidth: Int
  var frameHeight: Int
  var labels: [String]
  /// Findings below are not wanted.
  var confidence: Float
  var suppression: Suppression
  /// How many classes a classifier reports.
  var top: Int

  /// Whether a score counts: at or above ``confidence``, and not zero, which rows without an object have.
  func isWanted(_ score: Float) -> Bool { score >= confidence && score > 0 }

  /// A score counts when it is above this number, for the kernels' scans: the next one below ``confidence``.
  var floor: Float { confidence > 0 ? confidence.nextDown : 0 }

  func label(_ index: Int) -> String { labels.indices.contains(index) ? labels[index] : "class \(index)" }

  /// A candidate in input pixels as a detection in frame pixels; nil if nothing of it is inside the frame.
  func detection(_ candidate: Candidate) -> Detection? {
    let index = Int(candidate.classID)
    var box = placement.toSource(candidate.box)
    guard box.x.isFinite, box.y.isFinite, box.width.isFinite, box.height.isFinite, candidate.confidence.isFinite
    else { return nil }
    let inside = box.clipped(width: frameWidth, height: frameHeight)
    guard inside.area > 0 else { return nil }
    if candidate.angle == 0 { box = inside }
    return Detection(
      label: label(index), classID: index, confidence: min(max(candidate.confidence, 0), 1), box: box)
  }
}

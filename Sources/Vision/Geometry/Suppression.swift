import Glibc

/// Non-maximum suppression: of boxes that overlap too much, the one with the highest confidence is kept.
public struct Suppression: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// Drops what overlaps.
    case hard
    /// Soft-NMS with a Gaussian of this variance (Bodla et al. 2017): lowers confidences instead.
    case soft(sigma: Float)
  }

  /// Intersection over union above which the weaker box goes.
  public var iou: Float
  /// Whether only boxes of one class compete.
  public var perClass: Bool
  /// How many boxes may stay.
  public var limit: Int
  /// The greatest ``limit`` that a manifest may ask for, and what is read of a recorded frame.
  public static let largestLimit = 10_000
  /// How many candidates, highest confidence first, are considered.
  public var candidates: Int
  public var kind: Kind

  public init(iou: Float = 0.45, perClass: Bool = true, limit: Int = 300, candidates: Int = 30000, kind: Kind = .hard) {
    self.iou = iou
    self.perClass = perClass
    self.limit = limit
    self.candidates = candidates
    self.kind = kind
  }
}

/// A box that may become a detection.
public struct Candidate: Sendable, Hashable {
  public var box: Box
  public var confidence: Float
  public var classID: Int32
  /// Where it stood in the network's output: for masks and keypoints.
  public var row: Int32
  /// Radians, clockwise; 0 for upright boxes.
  public var angle: Float

  public init(box: Box, confidence: Float, classID: Int, row: Int, angle: Float = 0) {
    self.box = box
    self.confidence = confidence
    self.classID = Int32(truncatingIfNeeded: classID)
    self.row = Int32(truncatingIfNeeded: row)
    self.angle = angle
  }
}

extension Suppression {
  /// Keeps in `candidates` only the survivors, highest confidence first. Equal confidences keep their order.
  ///
  /// The work is candidates x survivors: a box is compared only with those that stay.
  /// - Parameters:
  ///   - minimumConfidence: below it, soft-NMS drops a box.
  ///   - overlap: how much two boxes overlap, in 0...1.
  public func apply(
    to candidates: inout [Candidate], minimumConfidence: Float = 0,
    overlap: (Candidate, Candidate) -> Float = { $0.box.iou($1.box) }
  ) {
    candidates.sort { ($0.confidence, $1.row) > ($1.confidence, $0.row) }
    if candidates.count > self.candidates { candidates.removeLast(candidates.count - self.candidates) }
    switch kind {
    case .hard: hard(&candidates, overlap)
    case .soft(let sigma): soft(&candidates, sigma, minimumConfidence, overlap)
    }
  }

  private func hard(_ candidates: inout [Candidate], _ overlap: (Candidate, Candidate) -> Float) {
    var kept = 0
    for index in candidates.indices where kept < limit {
      let candidate = candidates[index]
      var survives = true
      for other in 0..<kept {
        if perClass && candidates[other].classID != candidate.classID { continue }
        if overlap(candidates[other], candidate) > iou {
          survives = false
          break
        }
      }
      if survives {
        candidates[kept] = candidate
        kept += 1
      }
    }
    candidates.removeLast(candidates.count - kept)
  }

  private func soft(
    _ candidates: inout [Candidate], _ sigma: Float, _ minimum: Float, _ overlap: (Candidate, Candidate) -> Float
  ) {
    var kept = 0
    while kept < min(limit, candidates.count) {
      var best = kept
      for index in kept..<candidates.count where candidates[index].confidence > candidates[best].confidence {
        best = index
      }
      guard candidates[best].confidence >= minimum else { break }
      candidates.swapAt(kept, best)
      let winner = candidates[kept]
      kept += 1
      for index in kept..<candidates.count where !perClass || candidates[index].classID == winner.classID {
        let value = overlap(winner, candidates[index])
        candidates[index].confidence *= expf(-value * value / max(sigma, 1e-6))
      }
    }
    candidates.removeLast(candidates.count - kept)
  }
}

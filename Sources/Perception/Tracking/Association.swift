import Vision

/// Which detections are which tracks' objects.
extension Tracker {
  /// Pairs detections with the tracks in `free`, and takes the paired ones out of it.
  func pair(
    _ detections: [Detection], with free: inout [Int], cost: (Track, Box, Detection) -> Float?
  ) -> [(Detection, track: Int?)] {
    guard !detections.isEmpty else { return [] }
    guard !free.isEmpty else { return detections.map { ($0, nil) } }
    var candidates: [Assignment.Pair] = []
    for (column, index) in free.enumerated() {
      let track = tracks[index]
      let predicted = track.filter.box
      for (row, detection) in detections.enumerated() {
        guard let cost = cost(track, predicted, detection) else { continue }
        candidates.append(Assignment.Pair(row: row, column: column, cost: cost))
      }
    }
    // Every pair that was let in costs less than this, and so is preferred to staying alone.
    let chosen = Assignment.solve(pairs: candidates, rows: detections.count, columns: free.count, limit: 2)
    let pairs = zip(detections, chosen).map { ($0, track: $1.map { free[$0] }) }
    let taken = Set(pairs.compactMap(\.track))
    free.removeAll { taken.contains($0) }
    return pairs
  }

  /// What it costs to take a confident detection for a track's object; nil: it cannot be.
  func firstCost(_ track: Track, _ predicted: Box, _ detection: Detection) -> Float? {
    let iou = predicted.iou(detection.box)
    guard track.classID == detection.classID else { return flickerCost(track, iou, detection.box) }
    let isFresh = track.unseen <= max(settings.freshness, 2 * pace)
    var least = Float.infinity
    if iou >= settings.firstIoU { least = isFresh ? 1 - iou : 1 + 0.3 * (1 - iou) }
    if isFresh {
      // What turns round, bounces or stops is where it was rather than where it was going.
      let overlap = track.detected.iou(detection.box)
      if overlap >= settings.firstIoU { least = min(least, 1 - overlap + settings.turnPenalty) }
    }
    if least == .infinity || !isFresh {
      least = min(
        least, restCost(track, detection.box) ?? distanceCost(track, predicted, detection.box) ?? .infinity)
    }
    return least < .infinity ? least : nil
  }

  /// The cost of another class at a track's place: the detector has changed its mind. nil: it is another object.
  private func flickerCost(_ track: Track, _ iou: Float, _ box: Box) -> Float? {
    if iou >= settings.otherClassIoU { return 1 - iou + settings.classPenalty }
    guard track.unseen <= 2 * pace, likeness(track.detected, box) >= settings.leastLikeness else { return nil }
    let overlap = max(iou, track.detected.iou(box))
    return overlap >= settings.firstIoU ? 1 - overlap + settings.flickerPenalty : nil
  }

  /// How alike two boxes are in shape: the product of the ratios of their widths and heights, in 0...1.
  private func likeness(_ a: Box, _ b: Box) -> Float {
    let larger = max(a.width, b.width) * max(a.height, b.height)
    return larger > 0 ? min(a.width, b.width) * min(a.height, b.height) / larger : 0
  }

  /// The cost of a part of an object at rest that shows again; nil: it is none.
  private func restCost(_ track: Track, _ box: Box) -> Float? {
    let place = track.rest.box
    guard track.unseen > max(settings.coasting, pace), track.hits >= settings.restHits,
      track.rest.stray < settings.restStray,
      box.area >= settings.restPart * place.area
    else { return nil }
    let shared = place.overlap(box)
    guard shared >= settings.restCover * box.area else { return nil }
    return 1 + 0.3 * (1 - shared / max(1, min(box.area, place.area)))
  }

  /// The cost of an object that came back beside its predicted place, or as near to where it was seen last as its speed can
  /// have taken it: more than any overlap's.
  private func distanceCost(_ track: Track, _ predicted: Box, _ box: Box) -> Float? {
    guard likeness(predicted, box) >= settings.leastLikeness else { return nil }
    let size = max(8, (max(predicted.width, box.width) + max(predicted.height, box.height)) / 2)
    let reach = size * min(settings.farthestReach, settings.reach + track.unseen / 20)
    let way = track.filter.speed * min(track.unseen, max(settings.coasting, pace))
    let share = min(predicted.distance(box) / reach, track.detected.distance(box) / (reach + way))
    return share < 1 ? 1 + 0.4 * share + 0.4 * min(1, track.unseen / settings.patience) : nil
  }

  /// What it costs to prolong a track with a doubtful detection; nil: it cannot be.
  func secondCost(_ track: Track, _ predicted: Box, _ detection: Detection) -> Float? {
    let iou = predicted.iou(detection.box)
    guard iou >= settings.secondIoU else { return nil }
    return 1 - iou + (track.classID == detection.classID ? 0 : settings.classPenalty)
  }
}

extension Box {
  /// Pixels between the centres.
  fileprivate func distance(_ other: Box) -> Float {
    let (dx, dy) = (other.centerX - centerX, other.centerY - centerY)
    return (dx * dx + dy * dy).squareRoot()
  }
}

public import Vision

/// Gives detections stable numbers from frame to frame.
///
/// Association in two rounds as in ByteTrack (Zhang et al., ECCV 2022): confident detections first, then the doubtful
/// ones only to prolong tracks that already exist; optimal assignment on IoU against Kalman-predicted boxes. An object that
/// comes back from behind another rarely overlaps the place where it was lost. So in the first round an object at rest is
/// also recognised by the part of it that shows at its place, and what is alike in class and shape is taken from a
/// distance that grows with the time unseen; what left through the frame's edge is not waited for. Not thread-safe: owned
/// by the pipeline's thread.
public struct Tracker: Sendable {
  /// How the tracker decides.
  public struct Settings: Sendable {
    /// At or above: takes part in the first round and may begin a track.
    public var highConfidence: Float = 0.4
    /// Below: ignored altogether.
    public var lowConfidence: Float = 0.1
    /// Least IoU of a pair in the first round, and in the second.
    public var firstIoU: Float = 0.2
    public var secondIoU: Float = 0.4
    /// Least IoU of a pair of different classes.
    public var otherClassIoU: Float = 0.6
    /// How far from its predicted place an object may come back, in its own sizes: from the first frame, and at most,
    /// once it has been unseen for a second.
    public var reach: Float = 0.5
    public var farthestReach: Float = 2
    /// How unlike its shape may be then: the product of the ratios of widths and heights.
    public var leastLikeness: Float = 0.3
    /// Frames after which an object can be known to be at rest, and the share of its boxes outside its place by then.
    public var restHits = 15
    public var restStray: Float = 0.2
    /// Share of a detection that must lie on the place of an object at rest to be taken for it, and how little of that
    /// place may show.
    public var restCover: Float = 0.6
    public var restPart: Float = 0.08
    /// Steps of 1/30 s for which an overlap with the predicted place counts in full.
    public var freshness: Float = 6
    /// Steps of 1/30 s that an unseen track is kept, and that one is whose object was leaving the frame.
    public var patience: Float = 100
    public var leavingPatience: Float = 10
    /// Steps of 1/30 s for which an unseen object is still taken to be where it is predicted.
    public var coasting: Float = 4
    /// Detections that a new track needs before it gets a number.
    public var confirmations = 2
    /// What a pair of different classes costs on top.
    public var classPenalty: Float = 0.5
    /// How much more weight another class must have along a track than its own to replace it.
    public var classLead: Float = 1.5
    /// Share of the newest value in smoothed confidences.
    public var smoothing: Float = 0.5

    public init() {}
  }

  /// An object being followed.
  public struct Track: Sendable {
    /// The stable number, from 1; nil until confirmed.
    public internal(set) var id: Int?
    /// Where the object is, in pixels of the source frame: as detected in the newest frame, else as predicted.
    public var box: Box {
      guard unseen > 0 else { return detected }
      let place = filter.box
      // Sizes extrapolate badly: the last one stays.
      return Box(
        x: place.centerX - detected.width / 2, y: place.centerY - detected.height / 2, width: detected.width,
        height: detected.height)
    }
    /// The class with the most weight along the track.
    public internal(set) var label: String
    public internal(set) var classID: Int
    public internal(set) var confidence: Float
    /// Steps of 1/30 s since the object was last seen; 0 when it was seen in the newest frame.
    public internal(set) var unseen: Float = 0
    /// Frames in which it was seen.
    public internal(set) var hits = 1
    var filter: BoxFilter
    /// Where the object is if it stays put.
    var rest: RestingPlace
    /// Whether it was going out of the frame when it was last seen.
    var isLeaving = false
    /// The newest detection's box.
    var detected: Box
    var votes: [Int: (weight: Float, label: String)]

    init(_ detection: Detection) {
      label = detection.label
      classID = detection.classID
      confidence = detection.confidence
      filter = BoxFilter(detection.box)
      rest = RestingPlace(detection.box)
      detected = detection.box
      votes = [detection.classID: (detection.confidence, detection.label)]
    }
  }

  private let settings: Settings
  /// Steps of 1/30 s since the previous frame: at a low rate, limits in time must not fall below a frame or two.
  private var pace: Float = 1
  /// The number of the next track, from 1. Trackers that work side by side hand it on to each other.
  public var nextNumber = 1
  /// Every track, the unseen ones included.
  public private(set) var tracks: [Track] = []

  public init(_ settings: Settings = Settings()) { self.settings = settings }

  /// The numbered tracks whose objects are taken to be in the newest frame: seen in it, or missed for a few frames only.
  public var present: [Track] { tracks.filter { $0.id != nil && $0.unseen <= settings.coasting } }

  /// Follows one frame's detections.
  ///
  /// - Parameters:
  ///   - detections: of one frame, the doubtful ones (down to `lowConfidence`) included.
  ///   - seconds: time since the previous frame.
  ///   - frame: its size in pixels, where it is known: objects at its edge leave.
  /// - Returns: the detections that belong to a track or could begin one, with numbers, the class voted along the track
  ///   and the smoothed confidence, best first.
  public mutating func follow(
    _ detections: [Detection], secondsSinceLast seconds: Double, frame: (width: Int, height: Int)? = nil
  ) -> [Detection] {
    let steps = Float(min(max(seconds.isFinite ? seconds * 30 : 1, 0.1), 90))
    pace = steps
    for index in tracks.indices {
      tracks[index].filter.predict(steps)
      tracks[index].unseen += steps
    }
    let usable = detections.filter { $0.box.width > 0 && $0.box.height > 0 && $0.confidence.isFinite }
    let confident = usable.filter { $0.confidence >= settings.highConfidence }
    let doubtful = usable.filter {
      $0.confidence < settings.highConfidence && $0.confidence >= settings.lowConfidence
    }
    var output: [Detection] = []
    var free = Array(tracks.indices)
    var begun: [Detection] = []
    for (detection, track) in pair(confident, with: &free, cost: firstCost) {
      if let track { output.append(prolong(track, with: detection, in: frame)) } else { begun.append(detection) }
    }
    // Only tracks seen a moment ago may be prolonged by a doubtful detection.
    var recent = free.filter { tracks[$0].unseen <= 3 * steps }
    for (detection, track) in pair(doubtful, with: &recent, cost: secondCost) {
      if let track { output.append(prolong(track, with: detection, in: frame)) }
    }
    for detection in begun { output.append(begin(detection)) }
    for index in tracks.indices where tracks[index].unseen > 0 { tracks[index].filter.coast() }
    tracks = tracks.filter { $0.unseen <= patience(with: $0) }
    return output.sorted { $0.confidence > $1.confidence }
  }

  /// Forgets every track; numbers are not used again.
  public mutating func reset() { tracks.removeAll() }

  /// Pairs detections with the tracks in `free`, and takes the paired ones out of it.
  private func pair(
    _ detections: [Detection], with free: inout [Int], cost: (Track, Box, Detection) -> Float?
  ) -> [(Detection, track: Int?)] {
    guard !detections.isEmpty else { return [] }
    guard !free.isEmpty else { return detections.map { ($0, nil) } }
    var costs = [Float](repeating: .infinity, count: detections.count * free.count)
    for (column, index) in free.enumerated() {
      let track = tracks[index]
      let predicted = track.filter.box
      for (row, detection) in detections.enumerated() {
        if let cost = cost(track, predicted, detection) { costs[row * free.count + column] = cost }
      }
    }
    // Every pair that was let in costs less than this, and so is preferred to staying alone.
    let chosen = Assignment.solve(costs, rows: detections.count, columns: free.count, limit: 2)
    let pairs = zip(detections, chosen).map { ($0, track: $1.map { free[$0] }) }
    let taken = Set(pairs.compactMap(\.track))
    free.removeAll { taken.contains($0) }
    return pairs
  }

  /// Steps for which a track is kept without being seen.
  private func patience(with track: Track) -> Float {
    if track.id == nil { return 2 * pace }
    return max(2 * pace, track.isLeaving ? settings.leavingPatience : settings.patience)
  }

  /// What it costs to take a confident detection for a track's object; nil: it cannot be.
  private func firstCost(_ track: Track, _ predicted: Box, _ detection: Detection) -> Float? {
    let iou = predicted.iou(detection.box)
    guard track.classID == detection.classID else {
      return iou >= settings.otherClassIoU ? 1 - iou + settings.classPenalty : nil
    }
    if iou >= settings.firstIoU, track.unseen <= max(settings.freshness, 2 * pace) { return 1 - iou }
    let stale = iou >= settings.firstIoU ? 1 + 0.3 * (1 - iou) : Float.infinity
    let found = restCost(track, detection.box) ?? distanceCost(track, predicted, detection.box) ?? .infinity
    return stale < .infinity || found < .infinity ? min(stale, found) : nil
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

  /// The cost of an object that came back beside its predicted place: more than any overlap's.
  private func distanceCost(_ track: Track, _ predicted: Box, _ box: Box) -> Float? {
    let (widths, heights) = ((predicted.width, box.width), (predicted.height, box.height))
    let likeness = min(widths.0, widths.1) * min(heights.0, heights.1)
    guard likeness >= settings.leastLikeness * max(widths.0, widths.1) * max(heights.0, heights.1) else { return nil }
    let dx = box.centerX - predicted.centerX
    let dy = box.centerY - predicted.centerY
    let size = max(8, (max(predicted.width, box.width) + max(predicted.height, box.height)) / 2)
    let reach = min(settings.farthestReach, settings.reach + track.unseen / 20)
    let share = (dx * dx + dy * dy).squareRoot() / (size * reach)
    return share < 1 ? 1 + 0.4 * share + 0.4 * min(1, track.unseen / settings.patience) : nil
  }

  /// What it costs to prolong a track with a doubtful detection; nil: it cannot be.
  private func secondCost(_ track: Track, _ predicted: Box, _ detection: Detection) -> Float? {
    let iou = predicted.iou(detection.box)
    guard iou >= settings.secondIoU else { return nil }
    return 1 - iou + (track.classID == detection.classID ? 0 : settings.classPenalty)
  }

  private mutating func prolong(
    _ index: Int, with detection: Detection, in frame: (width: Int, height: Int)?
  ) -> Detection {
    var track = tracks[index]
    // The copy alone holds the votes now: changing them copies nothing.
    tracks[index].votes = [:]
    track.filter.correct(detection.box)
    track.rest.add(detection.box)
    track.isLeaving = track.filter.isLeaving(frame, at: detection.box)
    track.detected = detection.box
    track.unseen = 0
    track.hits += 1
    if track.id == nil, track.hits >= settings.confirmations { number(&track) }
    // By index: a loop over the keys would hold the votes too.
    var vote = track.votes.startIndex
    while vote != track.votes.endIndex {
      track.votes.values[vote].weight *= 0.95
      track.votes.formIndex(after: &vote)
    }
    track.votes[detection.classID, default: (0, detection.label)].weight += detection.confidence
    // Ties go to the smaller class number, so that the same input gives the same answer.
    if let best = track.votes.max(by: { ($0.value.weight, $1.key) < ($1.value.weight, $0.key) }),
      best.value.weight > settings.classLead * (track.votes[track.classID]?.weight ?? 0)
    {
      track.classID = best.key
      track.label = best.value.label
    }
    track.confidence += (detection.confidence - track.confidence) * settings.smoothing
    tracks[index] = track
    return dressed(detection, as: track)
  }

  private mutating func begin(_ detection: Detection) -> Detection {
    var track = Track(detection)
    if settings.confirmations <= 1 { number(&track) }
    tracks.append(track)
    return dressed(detection, as: track)
  }

  private mutating func number(_ track: inout Track) {
    track.id = nextNumber
    nextNumber += 1
  }

  private func dressed(_ detection: Detection, as track: Track) -> Detection {
    var dressed = detection
    dressed.track = track.id
    dressed.label = track.label
    dressed.classID = track.classID
    dressed.confidence = track.confidence
    return dressed
  }
}

public import Vision

/// Gives detections stable numbers from frame to frame.
///
/// Association in two rounds as in ByteTrack (Zhang et al., ECCV 2022): confident detections first, then the doubtful
/// ones only to prolong tracks that already exist; optimal assignment on IoU against Kalman-predicted boxes. An object that
/// comes back from behind another rarely overlaps the place where it was lost, so in the first round what is alike in
/// class and size is also taken from a distance that grows with the time unseen. Not thread-safe: owned by the pipeline's
/// thread.
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
    public var reach: Float = 1
    public var farthestReach: Float = 3
    /// How much smaller it may be then, as a share of area.
    public var leastLikeness: Float = 0.35
    /// Steps of 1/30 s that an unseen track is kept.
    public var patience: Float = 200
    /// Steps of 1/30 s for which an unseen object is still taken to be where it is predicted.
    public var coasting: Float = 4
    /// Detections that a new track needs before it gets a number.
    public var confirmations = 2
    /// What a pair of different classes costs on top.
    public var classPenalty: Float = 0.5
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
    /// The newest detection's box.
    var detected: Box
    var votes: [Int: (weight: Float, label: String)]

    init(_ detection: Detection) {
      label = detection.label
      classID = detection.classID
      confidence = detection.confidence
      filter = BoxFilter(detection.box)
      detected = detection.box
      votes = [detection.classID: (detection.confidence, detection.label)]
    }
  }

  private let settings: Settings
  private var nextID = 1
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
  /// - Returns: the detections that belong to a track or could begin one, with numbers, the class voted along the track
  ///   and the smoothed confidence, best first.
  public mutating func follow(_ detections: [Detection], secondsSinceLast seconds: Double) -> [Detection] {
    let steps = Float(min(max(seconds.isFinite ? seconds * 30 : 1, 0.1), 90))
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
      if let track { output.append(prolong(track, with: detection)) } else { begun.append(detection) }
    }
    // Only tracks seen a moment ago may be prolonged by a doubtful detection.
    var recent = free.filter { tracks[$0].unseen <= 3 * steps }
    for (detection, track) in pair(doubtful, with: &recent, cost: secondCost) {
      if let track { output.append(prolong(track, with: detection)) }
    }
    for detection in begun { output.append(begin(detection)) }
    for index in tracks.indices where tracks[index].unseen > 0 { tracks[index].filter.coast() }
    tracks.removeAll { $0.unseen > ($0.id == nil ? 2 * steps : settings.patience) }
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

  /// What it costs to take a confident detection for a track's object; nil: it cannot be.
  private func firstCost(_ track: Track, _ predicted: Box, _ detection: Detection) -> Float? {
    let iou = predicted.iou(detection.box)
    guard track.classID == detection.classID else {
      return iou >= settings.otherClassIoU ? 1 - iou + settings.classPenalty : nil
    }
    if iou >= settings.firstIoU { return 1 - iou }
    return distanceCost(track, predicted, detection.box)
  }

  /// The cost of an object that came back beside its predicted place: more than any overlap's.
  private func distanceCost(_ track: Track, _ predicted: Box, _ box: Box) -> Float? {
    let areas = (predicted.area, box.area)
    guard min(areas.0, areas.1) >= settings.leastLikeness * max(areas.0, areas.1) else { return nil }
    let dx = box.centerX - predicted.centerX
    let dy = box.centerY - predicted.centerY
    let size = max(8, (max(predicted.width, box.width) + max(predicted.height, box.height)) / 2)
    let reach = settings.reach * min(settings.farthestReach, 1 + track.unseen / 15)
    let share = (dx * dx + dy * dy).squareRoot() / (size * reach)
    return share < 1 ? 1 + 0.4 * share + 0.4 * min(1, track.unseen / settings.patience) : nil
  }

  /// What it costs to prolong a track with a doubtful detection; nil: it cannot be.
  private func secondCost(_ track: Track, _ predicted: Box, _ detection: Detection) -> Float? {
    let iou = predicted.iou(detection.box)
    guard iou >= settings.secondIoU else { return nil }
    return 1 - iou + (track.classID == detection.classID ? 0 : settings.classPenalty)
  }

  private mutating func prolong(_ index: Int, with detection: Detection) -> Detection {
    var track = tracks[index]
    track.filter.correct(detection.box)
    track.detected = detection.box
    track.unseen = 0
    track.hits += 1
    if track.id == nil, track.hits >= settings.confirmations { number(&track) }
    for key in track.votes.keys { track.votes[key]?.weight *= 0.9 }
    track.votes[detection.classID, default: (0, detection.label)].weight += detection.confidence
    // Ties go to the smaller class number, so that the same input gives the same answer.
    if let best = track.votes.max(by: { ($0.value.weight, $1.key) < ($1.value.weight, $0.key) }) {
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
    track.id = nextID
    nextID += 1
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

public import Vision

/// Gives detections stable numbers from frame to frame.
///
/// Association in two rounds as in ByteTrack (Zhang et al., ECCV 2022): confident detections first, then the doubtful
/// ones only to prolong tracks that already exist; optimal assignment on IoU against Kalman-predicted boxes and, for
/// objects that turn round or stop, against the boxes seen last. An object that comes back from behind another rarely
/// overlaps the place where it was lost. So in the first round an object at rest is also recognised by the part of it that
/// shows at its place, and what is alike in class and shape is taken from a distance that grows with the time unseen; what
/// left through the frame's edge is not waited for. A detector that changes its mind about a class does not end a track.
///
/// A track gives its detections their number, the class voted along it, and a confidence smoothed over those that are shown;
/// each keeps the network's own confidence beside (``Detection/own``). Not thread-safe: owned by the pipeline's thread.
public struct Tracker: Sendable {
  /// How the tracker decides.
  public struct Settings: Sendable {
    /// At or above: takes part in the first round and may begin a track. What is shown may too, see ``Tracker/follow``.
    public var highConfidence: Float = 0.4
    /// Below: ignored altogether, unless it is shown.
    public var lowConfidence: Float = 0.1
    /// Least IoU of a pair in the first round, and in the second.
    public var firstIoU: Float = 0.2
    public var secondIoU: Float = 0.4
    /// Least IoU of a pair of different classes; with a track seen a frame or two ago ``firstIoU`` is enough.
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
    /// What a pair of different classes costs on top, and one that overlaps less than ``otherClassIoU``.
    public var classPenalty: Float = 0.5
    public var flickerPenalty: Float = 1
    /// What a pair costs on top that overlaps where the object was seen last, and not where it is predicted.
    public var turnPenalty: Float = 0.4
    /// How much more weight another class must have along a track than its own to replace it.
    public var classLead: Float = 1.5
    /// Share of the newest value in smoothed confidences.
    public var smoothing: Float = 0.5
    /// Detections of a frame that are followed, the most confident first, and tracks that are kept, the longest unseen
    /// forgotten first. A pair of them is looked at in every frame.
    public var detectionLimit = 1000
    public var trackLimit = 2000

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
    /// Smoothed over the detections that are shown.
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

  let settings: Settings
  /// Steps of 1/30 s since the previous frame: at a low rate, limits in time must not fall below a frame or two.
  var pace: Float = 1
  /// The confidence from which detections of the newest frame are shown.
  private var shown: Float = 0
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
  ///   - shown: the confidence from which detections are shown: they may begin tracks, however low that is.
  ///   - seconds: time since the previous frame.
  ///   - frame: its size in pixels, where it is known: objects at its edge leave.
  /// - Returns: the detections that belong to a track or could begin one, with numbers, the class voted along the track
  ///   and the smoothed confidence, best first. What is at or above `shown` stays so.
  public mutating func follow(
    _ detections: [Detection], secondsSinceLast seconds: Double, shownFrom shown: Float? = nil,
    frame: (width: Int, height: Int)? = nil
  ) -> [Detection] {
    let steps = Float(min(max(seconds.isFinite ? seconds * 30 : 1, 0.1), 90))
    pace = steps
    for index in tracks.indices {
      tracks[index].filter.predict(steps)
      tracks[index].unseen += steps
    }
    self.shown = shown ?? settings.highConfidence
    let high = min(settings.highConfidence, self.shown)
    let usable = usable(detections)
    let confident = usable.filter { $0.confidence >= high }
    let doubtful = usable.filter { $0.confidence < high && $0.confidence >= settings.lowConfidence }
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
    if tracks.count > settings.trackLimit {
      tracks.sort { $0.unseen < $1.unseen }
      tracks.removeLast(tracks.count - settings.trackLimit)
    }
    return output.sorted { $0.confidence > $1.confidence }
  }

  /// Forgets every track; numbers are not used again.
  public mutating func reset() { tracks.removeAll() }

  /// The detections that can be followed, at most as many as the settings allow.
  private func usable(_ detections: [Detection]) -> [Detection] {
    let usable = detections.filter { $0.box.width > 0 && $0.box.height > 0 && $0.confidence.isFinite }
    guard usable.count > settings.detectionLimit else { return usable }
    return Array(usable.sorted { $0.confidence > $1.confidence }.prefix(settings.detectionLimit))
  }

  /// Steps for which a track is kept without being seen.
  private func patience(with track: Track) -> Float {
    if track.id == nil { return 2 * pace }
    return max(2 * pace, track.isLeaving ? settings.leavingPatience : settings.patience)
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
    if track.votes.count > Self.voteLimit { track.votes = track.votes.filter { $0.value.weight > 0.01 } }
    track.votes[detection.classID, default: (0, detection.label)].weight += detection.confidence
    // Ties go to the smaller class number, so that the same input gives the same answer.
    if let best = track.votes.max(by: { ($0.value.weight, $1.key) < ($1.value.weight, $0.key) }),
      best.value.weight > settings.classLead * (track.votes[track.classID]?.weight ?? 0)
    {
      track.classID = best.key
      track.label = best.value.label
    }
    smooth(&track.confidence, with: detection.confidence)
    tracks[index] = track
    return dressed(detection, as: track)
  }

  /// Doubtful detections do not count, so that a mean of what is shown is never below what is shown.
  private func smooth(_ mean: inout Float, with confidence: Float) {
    guard confidence >= shown else { return }
    mean = mean >= shown ? mean + (confidence - mean) * settings.smoothing : confidence
  }

  /// Classes along a track above which those of no more weight are forgotten.
  private static let voteLimit = 64

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
    dressed.own = detection.confidence
    if detection.confidence >= shown { dressed.confidence = track.confidence }
    return dressed
  }
}

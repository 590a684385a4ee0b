/// One stage that follows a detector: a classifier or embedder on crops, or the sequence network on tracks.
///
/// Written in a manifest as `[[chain]]` with `model`, and optionally `classes`, `min_confidence`, `max_crops`, `every` and
/// `new_tracks_only`.
public struct ChainStage: Sendable, Hashable {
  /// The model's name, as the store knows it.
  public var model: String
  /// Only detections of these classes go in; empty for all.
  public var classes: [String]
  public var minimumConfidence: Float
  /// How many crops a frame at most, the surest first.
  public var maximumCrops: Int
  /// Runs on every n-th frame.
  public var every: Int
  /// Runs once for each new track instead of on every frame; its answer stays with the track.
  public var newTracksOnly: Bool

  public init(
    model: String, classes: [String] = [], minimumConfidence: Float = 0, maximumCrops: Int = 8, every: Int = 1,
    newTracksOnly: Bool = false
  ) {
    self.model = model
    self.classes = classes
    self.minimumConfidence = minimumConfidence
    self.maximumCrops = maximumCrops
    self.every = every
    self.newTracksOnly = newTracksOnly
  }

  init(_ reader: ConfigReader) throws {
    guard let model = try reader.string("model") else {
      throw reader.error("model", "is missing", remedy: "the name of the model that this stage runs")
    }
    self.init(
      model: model, classes: try reader.strings("classes") ?? [],
      minimumConfidence: try reader.number("min_confidence", in: 0...1) ?? 0,
      maximumCrops: try reader.int("max_crops", in: 1...1000) ?? 8,
      every: try reader.int("every", in: 1...10000) ?? 1,
      newTracksOnly: try reader.bool("new_tracks_only") ?? false)
  }

  /// Which of a frame's detections this stage should look at, as indices: filtered by class and confidence, capped,
  /// nothing at all on frames that its rate leaves out.
  ///
  /// - Parameters:
  ///   - frame: counts processed frames.
  ///   - known: tracks that this stage has answered for already.
  public func selection(of detections: [Detection], frame: UInt64, known: Set<Int>) -> [Int] {
    guard every <= 1 || frame % UInt64(every) == 0 else { return [] }
    let wanted = detections.indices.filter { index in
      let detection = detections[index]
      if !classes.isEmpty, !classes.contains(detection.label) { return false }
      if newTracksOnly, let track = detection.track, known.contains(track) { return false }
      return detection.confidence >= minimumConfidence
    }
    let ordered = wanted.sorted { (detections[$0].confidence, $1) > (detections[$1].confidence, $0) }
    return Array(ordered.prefix(maximumCrops))
  }
}

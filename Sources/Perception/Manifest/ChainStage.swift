public import Configuration
import Ground

/// One stage that follows a detector: a classifier or embedder on crops, or the sequence network on tracks.
///
/// Written in a manifest as `[[chain]]` with `model`, and optionally `classes`, `min_confidence`, `max_crops`, `every`, `max_hz`,
/// `new_tracks_only` and `margin`.
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
  /// Runs this many times a second at most; nil for no limit.
  public var maximumHertz: Float?
  /// How much a crop exceeds its box on each side, as a share of the box; nil: as the stage's model wants it.
  public var margin: Float?
  /// Runs once for each new track instead of on every frame; its answer stays with the track.
  public var newTracksOnly: Bool

  public init(
    model: String, classes: [String] = [], minimumConfidence: Float = 0, maximumCrops: Int = 8, every: Int = 1,
    maximumHertz: Float? = nil, newTracksOnly: Bool = false, margin: Float? = nil
  ) {
    self.model = model
    self.classes = classes
    self.minimumConfidence = minimumConfidence
    self.maximumCrops = maximumCrops
    self.every = every
    self.maximumHertz = maximumHertz
    self.newTracksOnly = newTracksOnly
    self.margin = margin
  }

  /// Reads one `[[chain]]` table.
  public init(_ reader: ConfigReader) throws {
    guard let model = try reader.string("model") else {
      throw reader.error("model", "is missing", remedy: "the name of the model that this stage runs")
    }
    self.init(
      model: model, classes: try reader.strings("classes") ?? [],
      minimumConfidence: try reader.number("min_confidence", in: 0...1) ?? 0,
      maximumCrops: try reader.int("max_crops", in: 1...1000) ?? 8,
      every: try reader.int("every", in: 1...10000) ?? 1,
      maximumHertz: try reader.number("max_hz", in: 0.001...1000),
      newTracksOnly: try reader.bool("new_tracks_only") ?? false,
      margin: try reader.number("margin", in: 0...4))
  }

  /// The chain that a configuration file describes in its `[[chain]]` tables, in order; empty without any.
  ///
  /// - Throws: `ConfigurationError` that names the field and the line.
  public static func chain(in document: ConfigDocument) throws -> [ChainStage] {
    // Other sections of the file are others' business.
    try ConfigReader(document).tables("chain").map { reader in
      let stage = try ChainStage(reader)
      try reader.finish()
      return stage
    }
  }

  /// Whether the stage runs at all on a frame, by its rate.
  ///
  /// - Parameters:
  ///   - frame: counts processed frames from 1.
  ///   - seconds: since its last run; nil before the first.
  public func isDue(frame: UInt64, secondsSinceLastRun seconds: Double?) -> Bool {
    // The first frame counts: a photo has no other.
    guard every <= 1 || (frame &+ UInt64(every) &- 1) % UInt64(every) == 0 else { return false }
    guard let maximumHertz, let seconds else { return true }
    // Half a millisecond of grace: timestamps of a steady camera jitter.
    return seconds + 0.0005 >= 1 / Double(maximumHertz)
  }

  /// Whether the stage is for this detection at all, by class and confidence.
  public func wants(_ detection: Detection) -> Bool {
    detection.confidence >= minimumConfidence && (classes.isEmpty || classes.contains(detection.label))
  }
}

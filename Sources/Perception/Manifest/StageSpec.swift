import Ground
public import Configuration

/// One stage of a pipeline as a file or the command line asks for it.
///
/// Written as a `[[stage]]` table in a pipeline file, a manifest or the configuration: `id`, `kind`, `model`, `of`, `classes`,
/// `min_confidence`, `max_crops`, `every`, `max_hz`, `new_tracks_only`, `margin`, and whatever parameters the kind has. The older
/// `[[chain]]` table is a stage on the objects of the detectors.
public struct StageSpec: Sendable, Hashable {
  /// The stage's name; nil: the pipeline chooses one.
  public var id: StageID?
  /// A row of the registry of stages; nil: by what the model is, see ``runsOnObjects``.
  public var kind: String?
  /// The model's name, as the store knows it; nil for a stage that needs none.
  public var model: String?
  /// The stages whose objects it looks at; empty for all objects.
  public var of: [StageID]
  /// Whether it was written as a `[[chain]]` table or with `of`: it looks at objects, not at the whole frame.
  public var runsOnObjects: Bool
  /// Only detections of these classes go in, or come out of a stage that finds them; empty for all.
  public var classes: [String]
  public var minimumConfidence: Float
  /// How many crops per frame at most, highest confidence first.
  public var maximumCrops: Int
  /// Runs on every n-th frame.
  public var every: Int
  /// Runs this many times per second at most; nil for no limit.
  public var maximumHertz: Float?
  /// How much a crop exceeds its box on each side, as a share of the box; nil: as the stage's model wants it.
  public var margin: Float?
  /// Runs once for each new track instead of on every frame; its answer stays with the track.
  public var newTracksOnly: Bool
  /// The parameters of the kind, still unread.
  public var parameters: [String: ConfigValue]
  /// File and line where the stage is written; empty for one from elsewhere.
  public var place: String

  public init(
    id: StageID? = nil, kind: String? = nil, model: String? = nil, of: [StageID] = [], runsOnObjects: Bool = false,
    classes: [String] = [], minimumConfidence: Float = 0, maximumCrops: Int = 8, every: Int = 1,
    maximumHertz: Float? = nil, newTracksOnly: Bool = false, margin: Float? = nil,
    parameters: [String: ConfigValue] = [:], place: String = ""
  ) {
    self.id = id
    self.kind = kind
    self.model = model
    self.of = of
    self.runsOnObjects = runsOnObjects || !of.isEmpty
    self.classes = classes
    self.minimumConfidence = minimumConfidence
    self.maximumCrops = maximumCrops
    self.every = every
    self.maximumHertz = maximumHertz
    self.newTracksOnly = newTracksOnly
    self.margin = margin
    self.parameters = parameters
    self.place = place
  }

  /// What a stage is called before a pipeline has given it a name: its id, else its model or kind.
  public var title: String { id?.name ?? model ?? kind ?? "stage" }

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

  /// Whether the stage is for this object at all, by the stage that found it, class and confidence.
  public func wants(_ detection: Detection) -> Bool {
    detection.ownConfidence >= minimumConfidence && (classes.isEmpty || classes.contains(detection.label))
      && (of.isEmpty || of.contains(detection.stage)
        || detection.attributes.contains { of.contains($0.stage) && $0.content is Sighting })
  }
}

// MARK: Reading

extension StageSpec {
  /// The fields that every stage has.
  public static let commonFields = [
    "id", "kind", "model", "of", "classes", "min_confidence", "max_crops", "every", "max_hz", "new_tracks_only",
    "margin",
  ]

  /// Reads one `[[stage]]` table. Parameters beyond the common ones are kept for the stage's kind, which knows them.
  public init(_ reader: ConfigReader) throws {
    self.init()
    kind = try reader.string("kind")
    model = try reader.string("model")
    guard kind != nil || model != nil else {
      throw reader.error("model", "is missing", remedy: "a stage names a 'model', or a 'kind' that needs none")
    }
    if let name = try reader.string("id") {
      guard !name.isEmpty else { throw reader.error("id", "must not be empty") }
      id = StageID(name)
    }
    if case .string(let one)? = reader.value("of") {
      of = [StageID(one)]
    } else {
      of = try (reader.strings("of") ?? []).map { StageID($0) }
    }
    runsOnObjects = !of.isEmpty
    try readCommon(reader)
    for key in reader.keys where !StageSpec.commonFields.contains(key) { parameters[key] = reader.value(key) }
  }

  /// Reads one `[[chain]]` table: a model on the objects of the detectors, without parameters of a kind.
  public init(chain reader: ConfigReader) throws {
    self.init(runsOnObjects: true)
    model = try reader.string("model")
    guard model != nil else {
      throw reader.error("model", "is missing", remedy: "the name of the model that this stage runs")
    }
    try readCommon(reader)
  }

  /// The fields that every stage has, rate and choice of objects.
  private mutating func readCommon(_ reader: ConfigReader) throws {
    place = reader.place
    classes = try reader.strings("classes") ?? []
    minimumConfidence = try reader.number("min_confidence", in: 0...1) ?? 0
    maximumCrops = try reader.int("max_crops", in: 1...1000) ?? 8
    every = try reader.int("every", in: 1...10000) ?? 1
    maximumHertz = try reader.number("max_hz", in: 0.001...1000)
    newTracksOnly = try reader.bool("new_tracks_only") ?? false
    margin = try reader.number("margin", in: 0...4)
  }

  /// A pipeline has no more stages: names and dependencies are looked up among all of them.
  public static let countLimit = 256

  /// The stages that a file describes in its `[[chain]]` and `[[stage]]` tables, in this order; empty without any.
  ///
  /// - Throws: `ConfigurationError` that names the field and the line.
  public static func stages(in reader: ConfigReader) throws -> [StageSpec] {
    var stages: [StageSpec] = []
    for table in try reader.tables("chain", atMost: countLimit) {
      stages.append(try StageSpec(chain: table))
      try table.finish()
    }
    for table in try reader.tables("stage", atMost: countLimit - stages.count) {
      stages.append(try StageSpec(table))
      try table.finish()
    }
    return stages
  }
}

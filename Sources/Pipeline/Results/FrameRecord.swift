public import Capture
import Foundation
public import Ground
public import Perception
public import Vision

/// One processed frame as JSON shows it: the one form of a result for JSON lines, recordings, replay and sockets, both ways.
///
/// Field names are a contract with scripts: `docs/JSON.md`. Boxes are pixels of the source frame: left, top, width, height.
/// Latencies are milliseconds. Text from outside is checked as it is decoded: what is not possible is an error.
public struct FrameRecord: Sendable {
  /// The schema of what is written. Schema 1 had neither stages nor attributes nor layers.
  public static let schema = 2
  /// Pixels per side of frames that are read back, at most.
  private static let longestSide = 1 << 14
  /// Bytes of a line of JSON that is read back, at most: in memory it takes many times as much.
  private static let longestLine = 16 << 20

  public var frame: UInt64
  public var sequence: UInt64
  /// Of a replay, by the clock of the machine that recorded it: the monotonic one where the recording says it, else the wall
  /// clock. Of other sources the frame's own time, on this machine's monotonic clock.
  public var timestamp: Int64
  /// The same moment on the wall clock, in nanoseconds since 1970; nil in records of earlier programs.
  public var wall: UInt64?
  public var source: String
  /// The name of the photo, where it is one.
  public var file: String?
  /// Of photos: another number than the frame before says that it has nothing to do with it; nil in records of earlier programs.
  public var timeline: UInt64?
  public var width: Int
  public var height: Int
  /// The name of the first primary's model; empty where none served.
  public var model: String
  public var classifier: String?
  /// What the first primary ran on.
  public var engine: String?
  public var skipped: SkipCounts
  public var findings: Findings
  public var latency: FrameLatency
  /// How the machine fared, where that is known.
  public var machine: MachineStatus?
  /// How the picture looks, where it was looked at.
  public var health: PictureHealth?

  /// The record of a result.
  ///
  /// - Parameter clock: the clock of a recording that is being made, which dates replayed frames as well; nil for lines of
  ///   JSON, in which frames of a replay have the times that they were recorded at.
  public init(_ result: FrameResult, datedBy clock: WallClock? = nil) {
    frame = result.number
    sequence = result.frame.sequence
    if clock == nil, let recorded = result.frame.recorded {
      timestamp = recorded.monotonic ?? Int64(clamping: recorded.wall)
      wall = recorded.wall
    } else {
      timestamp = result.frame.timestamp.nanoseconds
      wall = (clock ?? .now).wall(result.frame.timestamp)
    }
    source = result.source
    file = result.frame.photo?.name
    timeline = result.frame.photo.map { _ in result.frame.timeline }
    width = result.frame.image.width
    height = result.frame.image.height
    model = result.detector
    classifier = result.classifier
    engine = result.engine
    skipped = result.skipped
    findings = result.findings
    latency = result.latency
    machine = result.machine
    health = result.frame.health
  }

  /// The result of a record, with the picture that the record itself lacks.
  public func result(image: Image) -> FrameResult {
    var frame = Frame(image: image, sequence: sequence, timestamp: MonotonicTime(nanoseconds: timestamp))
    frame.health = health
    frame.photo = file.map { PhotoPlace(name: $0, number: 1, count: 1) }
    frame.timeline = timeline ?? 0
    var result = FrameResult(number: self.frame, frame: frame, source: source, detector: model, findings: findings)
    result.classifier = classifier
    result.engine = engine
    result.skipped = skipped
    result.latency = latency
    result.machine = machine
    return result
  }
}

/// A key by its text.
struct JSONKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }

  init(_ text: String) { stringValue = text }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension FrameRecord: Codable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: JSONKey.self)
    func put(_ key: String, _ value: some Encodable) throws { try container.encode(value, forKey: JSONKey(key)) }
    try put("schema", FrameRecord.schema)
    try put("frame", frame)
    try put("sequence", sequence)
    try put("timestamp_ns", timestamp)
    if let wall { try put("time", UTCText.milliseconds(wall)) }
    try put("source", source)
    if let file { try put("file", file) }
    if let timeline { try put("timeline", timeline) }
    try put("width", width)
    try put("height", height)
    try put("model", model)
    if let classifier { try put("classifier", classifier) }
    if let engine { try put("engine", engine) }
    try put("skipped", SkipRecord(skipped))
    try put(
      "detections", findings.detections.map { DetectionRecord($0, frameWidth: width, frameHeight: height) })
    try put("latency_ms", LatencyRecord(latency))
    try put("stages", latency.stages.map(StageRecord.init))
    if let machine { try put("machine", machine) }
    if let health { try put("health", HealthRecord(health)) }
    try LayersRecord(findings.layers).encode(to: encoder)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: JSONKey.self)
    func get<Value: Decodable>(_ key: String, _: Value.Type = Value.self) throws -> Value {
      try container.decode(Value.self, forKey: JSONKey(key))
    }
    func find<Value: Decodable>(_ key: String, _: Value.Type = Value.self) throws -> Value? {
      try container.decodeIfPresent(Value.self, forKey: JSONKey(key))
    }
    width = try get("width")
    height = try get("height")
    guard (0...FrameRecord.longestSide).contains(width), (0...FrameRecord.longestSide).contains(height) else {
      throw DecodingError.dataCorruptedError(
        forKey: JSONKey("width"), in: container, debugDescription: "a frame of \(width)x\(height) is not possible")
    }
    frame = try find("frame") ?? 0
    sequence = try find("sequence") ?? 0
    timestamp = try find("timestamp_ns") ?? 0
    wall = try find("time", String.self).flatMap(UTCText.nanoseconds)
    source = try find("source") ?? ""
    file = try find("file")
    timeline = try find("timeline")
    model = try find("model") ?? ""
    classifier = try find("classifier")
    engine = try find("engine")
    skipped = try find("skipped", SkipRecord.self)?.counts ?? SkipCounts()
    latency = try find("latency_ms", LatencyRecord.self)?.latency ?? FrameLatency()
    latency.stages = try find("stages", [StageRecord].self)?.map(\.timing) ?? latency.stages
    machine = try find("machine")
    health = try find("health", HealthRecord.self)?.health
    findings = Findings()
    let classifier = self.classifier
    let (width, height) = (self.width, self.height)
    let budget = decoder.userInfo[.cellBudget] as? CellBudget ?? CellBudget()
    findings.detections = try FrameRecord.objects(in: container).compactMap {
      try $0.detection(frameWidth: width, frameHeight: height, classifier: classifier, budget: budget)
    }
    for index in findings.detections.indices { findings.detections[index].number = index }
    findings.layers = try LayersRecord(from: decoder, model: model).layers
  }

  /// The first objects of a frame, at most as many as a network may find: writers list the best first.
  private static func objects(in container: KeyedDecodingContainer<JSONKey>) throws -> [DetectionRecord] {
    var list = try container.nestedUnkeyedContainer(forKey: JSONKey("detections"))
    var objects: [DetectionRecord] = []
    while !list.isAtEnd, objects.count < Suppression.largestLimit {
      objects.append(try list.decode(DetectionRecord.self))
    }
    return objects
  }

  /// The result in a line of JSON.
  ///
  /// - Throws: `DecodingError` when the text is no result, is longer than any, or its masks and maps are too large.
  public init(parsing jsonLine: String) throws {
    guard jsonLine.utf8.count <= FrameRecord.longestLine else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "a result of \(jsonLine.utf8.count) bytes"))
    }
    let decoder = JSONDecoder()
    decoder.userInfo[.cellBudget] = CellBudget()
    self = try decoder.decode(FrameRecord.self, from: Data(jsonLine.utf8))
  }

  /// The result in a line of JSON; nil where the text is none.
  public init?(jsonLine: String) {
    do { try self.init(parsing: jsonLine) } catch { return nil }
  }
}

/// The layers of a frame in JSON: the last of a kind under the kind's own key, where it has one; all others, and what the
/// oldest fields (`classes`, `embedding`, `references`) say without a stage, in `layers`.
struct LayersRecord {
  var layers: [Layer]

  init(_ layers: [Layer]) { self.layers = layers }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: JSONKey.self)
    var rest = layers
    for type in LayerContents.all {
      guard let key = type.frameKey, let index = rest.lastIndex(where: { $0.kind == type.kind }) else { continue }
      try container.encode(SignedContent(rest.remove(at: index)), forKey: JSONKey(key))
    }
    try container.encode(layers.last(Classes.self)?.list ?? [], forKey: JSONKey("classes"))
    if let vector = layers.last(FeatureVector.self) {
      try container.encode(vector.values.map { JSONNumber.rounded($0, 6) }, forKey: JSONKey("embedding"))
    }
    if let near = layers.last(Likeness.self)?.nearMatches, !near.isEmpty {
      try container.encode(near, forKey: JSONKey("references"))
    }
    rest = rest.written
    if !rest.isEmpty { try container.encode(rest, forKey: JSONKey("layers")) }
  }

  /// - Parameter model: stands for the stage where an older record names none.
  init(from decoder: any Decoder, model: String) throws {
    let container = try decoder.container(keyedBy: JSONKey.self)
    let embedding = try container.decodeIfPresent([Float].self, forKey: JSONKey("embedding"))
    if let listed = try container.decodeIfPresent([KnownLayer].self, forKey: JSONKey("layers")) {
      layers = listed.compactMap(\.layer).withRepeatedVector(embedding)
    } else {
      layers = []
      let classes = try container.decodeIfPresent([Classification].self, forKey: JSONKey("classes")) ?? []
      if !classes.isEmpty { layers.set(Classes(classes), by: "classification") }
      if let embedding { layers.set(FeatureVector(embedding, model: model), by: "embedding") }
    }
    for type in LayerContents.all {
      guard let key = type.frameKey.map(JSONKey.init), container.contains(key) else { continue }
      let nested = try container.superDecoder(forKey: key)
      let stage = try nested.container(keyedBy: JSONKey.self).decode(StageID.self, forKey: JSONKey("stage"))
      layers.append(Layer(try type.init(from: nested), by: stage))
    }
  }
}

/// A layer without its kind, which the key tells.
private struct SignedContent: Encodable {
  var layer: Layer

  init(_ layer: Layer) { self.layer = layer }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: JSONKey.self)
    try container.encode(layer.stage, forKey: JSONKey("stage"))
    try layer.content.encode(to: encoder)
  }
}

/// A layer of a list, or nothing where its kind is not known here: a later program's.
struct KnownLayer: Codable {
  var layer: Layer?

  init(_ layer: Layer) { self.layer = layer }

  init(from decoder: any Decoder) throws {
    let kind = try decoder.container(keyedBy: JSONKey.self).decode(String.self, forKey: JSONKey("kind"))
    layer = LayerContents.type(ofKind: kind) == nil ? nil : try Layer(from: decoder)
  }

  func encode(to encoder: any Encoder) throws { try layer?.encode(to: encoder) }
}

extension [Layer] {
  /// The layers that a list in JSON holds: without likenesses that have no near reference, and without the numbers of the
  /// last vector, which `embedding` shows.
  var written: [Layer] {
    var copy = self
    if let index = copy.lastIndex(where: { $0.content is FeatureVector }),
      var vector = copy[index].content as? FeatureVector
    {
      vector.values = []
      copy[index].content = vector
    }
    copy.removeAll { ($0.content as? Likeness)?.nearMatches.isEmpty ?? false }
    return copy
  }

  /// The same with the numbers of the last vector again.
  func withRepeatedVector(_ embedding: [Float]?) -> [Layer] {
    guard let embedding, let index = lastIndex(where: { $0.content is FeatureVector }),
      var vector = self[index].content as? FeatureVector, vector.values.isEmpty
    else { return self }
    var copy = self
    vector.values = embedding
    copy[index].content = vector
    return copy
  }
}

extension Encodable {
  /// The value as one line of JSON, keys sorted so that the same input gives the same bytes. Control characters, of any kind that
  /// terminals and readers obey, are escaped.
  public func jsonLine() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self).plainJSON
  }
}

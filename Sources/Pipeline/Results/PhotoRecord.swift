import Ground
public import Perception

/// What the stages said of one picture that is looked at by itself, in JSON: the fields of ``FrameRecord`` that it has.
public struct PhotoRecord: Encodable, Sendable {
  public var image: String
  public var width: Int
  public var height: Int
  public var model: String
  public var findings: Findings
  public var stages: [StageTiming]
  /// Of pictures of a video, a recording or a live source: the number from 1, seconds from the file's start, nanoseconds since
  /// 1970, and a recorded photo's name.
  public var frame: Int?
  public var seconds: Double?
  public var wall: UInt64?
  public var file: String?

  public init(
    image: String, width: Int, height: Int, model: String, findings: Findings, stages: [StageTiming]
  ) {
    self.image = image
    self.width = width
    self.height = height
    self.model = model
    self.findings = findings
    self.stages = stages
  }

  /// A photo's sums over all stages, in milliseconds.
  private struct Latency: Encodable {
    var preprocess: Double
    var inference: Double
    var postprocess: Double

    init(_ record: LatencyRecord) {
      preprocess = record.preprocess
      inference = record.inference
      postprocess = record.postprocess
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: JSONKey.self)
    try container.encode(FrameRecord.schema, forKey: JSONKey("schema"))
    try container.encode(image, forKey: JSONKey("image"))
    try container.encodeIfPresent(file, forKey: JSONKey("file"))
    try container.encodeIfPresent(frame, forKey: JSONKey("frame"))
    try container.encodeIfPresent(
      seconds.map { ($0 * 1000).rounded() / 1000 }, forKey: JSONKey("seconds"))
    try container.encodeIfPresent(wall.map(UTCText.milliseconds), forKey: JSONKey("time"))
    try container.encode(width, forKey: JSONKey("width"))
    try container.encode(height, forKey: JSONKey("height"))
    try container.encode(model, forKey: JSONKey("model"))
    let objects = findings.detections.map { DetectionRecord($0, frameWidth: width, frameHeight: height) }
    try container.encode(objects, forKey: JSONKey("detections"))
    var latency = FrameLatency()
    latency.stages = stages
    try container.encode(Latency(LatencyRecord(latency)), forKey: JSONKey("latency_ms"))
    try container.encode(stages.map(StageRecord.init), forKey: JSONKey("stages"))
    try LayersRecord(findings.layers).encode(to: encoder)
  }
}

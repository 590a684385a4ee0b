/// Where a stage's time went, in nanoseconds.
///
/// For a network: making its input tensors, running it, and reading its outputs. A stage without a network has only
/// `postprocess`, or `inference` where it runs a network over values instead of pictures.
public struct StageTimes: Sendable, Hashable, Codable {
  public var preprocess: Int64 = 0
  public var inference: Int64 = 0
  public var postprocess: Int64 = 0
  /// Where the times are a recording's: what the rest of the frame's way took then.
  public var recorded: RecordedTimes?

  public init(preprocess: Int64 = 0, inference: Int64 = 0, postprocess: Int64 = 0) {
    self.preprocess = preprocess
    self.inference = inference
    self.postprocess = postprocess
  }

  /// All of it.
  public var total: Int64 { preprocess + inference + postprocess }

  public static func += (sum: inout StageTimes, more: StageTimes) {
    sum.preprocess += more.preprocess
    sum.inference += more.inference
    sum.postprocess += more.postprocess
  }
}

/// What a frame's way took beside its stages when it was recorded, in nanoseconds.
public struct RecordedTimes: Sendable, Hashable, Codable {
  public var capture: Int64
  public var decode: Int64
  public var queue: Int64
  /// All of it, the stages included.
  public var total: Int64

  public init(capture: Int64, decode: Int64, queue: Int64, total: Int64) {
    self.capture = capture
    self.decode = decode
    self.queue = queue
    self.total = total
  }
}

/// Where a stage's time went, in nanoseconds.
///
/// For a network: making its input tensors, running it, and reading its outputs. A stage without a network has only
/// `postprocess`, or `inference` where it runs a network over values instead of pictures.
public struct StageTimes: Sendable, Hashable, Codable {
  public var preprocess: Int64 = 0
  public var inference: Int64 = 0
  public var postprocess: Int64 = 0

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

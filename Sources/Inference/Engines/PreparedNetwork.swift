/// A network that an engine has made ready to run.
///
/// Prepared on any thread; ``run(_:)`` and ``profile(_:)`` are called by one thread at a time.
public protocol PreparedNetwork: AnyObject, Sendable {
  /// Inputs and outputs in the graph's order.
  var inputs: [NetworkPort] { get }
  var outputs: [NetworkPort] { get }
  /// `metadata_props` of the file: Ultralytics writes names, task, stride and image size here.
  var metadata: [String: String] { get }
  /// `producer_name` and version of the file.
  var producer: String { get }
  /// Time to read and prepare the file, in milliseconds.
  var loadMilliseconds: Double { get }
  /// The engine that prepared it, with the provider in use where it has several.
  var engine: EngineChoice { get }
  /// The hardware that runs it: "CPU (avx512)".
  var runsOn: String { get }

  /// Runs the network once: one tensor per input in the order of ``inputs``, one per output in the order of ``outputs``.
  ///
  /// The memory of the returned tensors belongs to the network and is overwritten by the next run: copy what is kept.
  /// - Throws: ``InferenceError``: ``InferenceErrorKind/engineFailed`` when the device or library failed, so that the
  ///   same file may still run elsewhere; any other kind when an input does not fit its port or an operator fails.
  func run(_ inputs: [Tensor]) throws -> [Tensor]

  /// Runs the network once and times its operators, in order of execution; empty where the engine cannot tell.
  ///
  /// - Throws: what ``run(_:)`` throws.
  func profile(_ inputs: [Tensor]) throws -> [OperatorTiming]

  /// How the most recent run was executed: what runs on a slower path than it could, and why.
  var execution: ExecutionReport { get }
}

/// One operator of a profiled run.
public struct OperatorTiming: Sendable {
  /// The node's name in the file; a fused node has the name of its first part.
  public var name: String
  /// "Conv", "FusedConv", "Reorder", …
  public var operatorType: String
  /// Extents of inputs and outputs; nil where one is left out or is not a tensor.
  public var inputShapes: [[Int]?]
  public var outputShapes: [[Int]?]
  public var milliseconds: Double
  /// False when the engine's slower path ran it: the reference tier of our own engine, the CPU of an accelerator's.
  public var isCompiled: Bool
}

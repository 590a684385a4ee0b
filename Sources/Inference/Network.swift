/// A network ready to run: the engine's front door.
///
/// Created on any thread (loading may take a second); ``run(_:)`` is called by one thread at a time.
public final class Network: @unchecked Sendable {
  /// How a network is prepared and run.
  public struct Options: Sendable {
    /// Threads of the process-wide pool that a run may use, the caller included.
    public var threads: Int
    /// Turns off whatever changes rounding (Winograd, reassociating fusions).
    public var exact: Bool
    /// Applies the graph passes; off only for tests that compare.
    public var optimize: Bool

    public init(threads: Int = 2, exact: Bool = false, optimize: Bool = true) {
      self.threads = threads
      self.exact = exact
      self.optimize = optimize
    }
  }

  /// A graph input or output as the file declares it.
  public struct Port: Sendable, Equatable {
    public var name: String
    public var type: ElementType
    /// Extents; nil where symbolic or unknown. The array itself is nil when even the rank is unknown.
    public var shape: [Int?]?

    public init(name: String, type: ElementType, shape: [Int?]?) {
      self.name = name
      self.type = type
      self.shape = shape
    }
  }

  public let inputs: [Port]
  public let outputs: [Port]
  /// `metadata_props` of the file: Ultralytics writes names, task, stride and image size here.
  public let metadata: [String: String]
  /// `producer_name` and version of the file.
  public let producer: String

  /// Reads, checks, optimises and prepares an ONNX file.
  ///
  /// - Throws: ``InferenceError``, its place the file (and node).
  public init(path: String, options: Options = Options()) throws {
    throw InferenceError(.unsupportedFeature, "the importer is under construction", place: path)
  }

  /// Runs the network once: one tensor an input in ``inputs``' order, one an output in ``outputs``' order.
  ///
  /// The returned tensors' memory belongs to the network and is overwritten by the next run: copy what is kept.
  public func run(_ inputs: [Tensor]) throws -> [Tensor] { [] }
}

import Ground

/// What an ONNX file says of itself: its ports and metadata. No graph is built and no weight is touched, so that it costs
/// milliseconds where a ``OcellusNetwork`` costs seconds.
public struct NetworkHeader: Sendable {
  public let inputs: [NetworkPort]
  public let outputs: [NetworkPort]
  /// `metadata_props` of the file.
  public let metadata: [String: String]
  /// `producer_name` and version of the file.
  public let producer: String

  /// - Throws: ``InferenceError``, its place the file.
  public init(path: String) throws {
    do {
      let (file, model) = try NetworkBudget().spendCounting {
        let file = try HeaderFile(path: path)
        try ONNXModel.refuseImpostors(file.bytes)
        return (file, try ModelProto(file.bytes))
      }
      defer { withExtendedLifetime(file) {} }
      guard let graph = model.graph else {
        throw InferenceError(.malformedModel, "not an ONNX model: it has no graph")
      }
      // Files older than IR version 4 list initializers among the inputs too.
      let defaults = Set(graph.initializers.map(\.name)).union(graph.sparseInitializers.map(\.values.name))
      inputs = try graph.inputs.filter { !defaults.contains($0.name) }.map(ONNXModel.port)
      outputs = try graph.outputs.map(ONNXModel.port)
      metadata = model.metadata
      producer = model.producerVersion.isEmpty ? model.producerName : "\(model.producerName) \(model.producerVersion)"
    } catch let error as InferenceError {
      throw error.place == path ? error : error.at(path)
    }
  }
}

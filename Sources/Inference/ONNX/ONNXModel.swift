import Ground

/// An ONNX file as the engine sees it: graphs, ports and what the file says about itself.
package struct ONNXModel: Sendable {
  package let graphs: GraphSet
  package let inputs: [NetworkPort]
  package let outputs: [NetworkPort]
  /// The outputs' types; nil where the file leaves them open.
  package let outputTypes: [ElementType?]
  package let metadata: [String: String]
  package let producer: String
  /// What the weights are borrowed from.
  package let file: ModelFile

  /// Reads and decodes the file at `path`.
  ///
  /// - Throws: ``InferenceError``, its place the file.
  package init(path: String) throws {
    do {
      let file = try ModelFile(path: path)
      try self.init(file)
    } catch let error as InferenceError {
      throw error.place == path ? error : error.at(path)
    }
  }

  package init(_ file: ModelFile) throws {
    try ONNXModel.refuseImpostors(file.bytes)
    NetworkBudget.current?.pay(file.storedBytes)
    let model = try ModelProto(file.bytes)
    graphs = try GraphImporter.graphs(of: model, decoder: TensorDecoder(file: file))
    let main = graphs.graphs[GraphSet.main]
    let given = Set(main.inputs.map { main.valueNames[$0] })
    inputs = try (model.graph?.inputs ?? []).filter { given.contains($0.name) }.map(ONNXModel.port)
    outputs = try zip(model.graph?.outputs ?? [], ActivationSearch.activations(ofOutputsOf: main)).map {
      var port = try ONNXModel.port($0)
      port.activation = $1
      return port
    }
    outputTypes = (model.graph?.outputs ?? []).map { info in
      info.type.kind == .tensor ? Int32(exactly: info.type.elementType).flatMap(ElementType.init(rawValue:)) : nil
    }
    self.file = file
    metadata = model.metadata
    producer = model.producerVersion.isEmpty ? model.producerName : "\(model.producerName) \(model.producerVersion)"
  }

  /// Common mistakes deserve a plain word: a Git LFS pointer, a web page, text.
  static func refuseImpostors(_ bytes: UnsafeRawBufferPointer) throws {
    let head = String(decoding: bytes.prefix(64), as: UTF8.self)
    if head.hasPrefix("version https://git-lfs") {
      throw InferenceError(
        .malformedModel, "is a Git LFS pointer, not the model itself", remedy: "fetch it with 'git lfs pull'")
    }
    // A ModelProto starts with a field tag: ir_version (0x08) in every file that exporters write.
    guard let first = bytes.first, [0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2, 0xca].contains(first)
    else {
      throw InferenceError(.malformedModel, "is not an ONNX model", remedy: "check that the download is complete")
    }
  }

  static func port(_ info: ValueInfoProto) throws -> NetworkPort {
    guard info.type.kind == .tensor else {
      return NetworkPort(name: info.name, type: .float32, shape: nil, isTensor: false)
    }
    // An output of unknown type is allowed; the run tells.
    let type = info.type.elementType == 0 ? .float32 : try TensorDecoder.elementType(info.type.elementType)
    let shape = info.type.shape?.map { extent in extent.flatMap { $0 > 0 ? Int($0) : nil } }
    return NetworkPort(name: info.name, type: type, shape: shape)
  }
}

import Inference

/// Reads the .pb files of the ONNX backend tests: a TensorProto, SequenceProto or OptionalProto each (onnx-data.proto).
enum BackendValues {
  /// What a graph's input or output holds, from its TypeProto.
  indirect enum Kind {
    case tensor
    case sequence(of: Kind)
    case optional(of: Kind)
  }

  /// The kinds of a model's inputs and outputs, in the file's order.
  static func ports(of model: ModelFile) throws -> (inputs: [Kind], outputs: [Kind]) {
    var ports: (inputs: [Kind], outputs: [Kind]) = ([], [])
    var message = WireReader(model.bytes)
    while let field = try message.nextField() {
      guard field.number == 7 else { try message.skip(field); continue }
      var graph = try message.message(field)
      while let field = try graph.nextField() {
        switch field.number {
        case 11: ports.inputs.append(try portKind(try graph.message(field)))
        case 12: ports.outputs.append(try portKind(try graph.message(field)))
        default: try graph.skip(field)
        }
      }
    }
    return ports
  }

  private static func portKind(_ info: WireReader) throws -> Kind {
    var info = info
    while let field = try info.nextField() {
      if field.number == 2 { return try kind(try info.message(field)) }
      try info.skip(field)
    }
    return .tensor
  }

  private static func kind(_ type: WireReader) throws -> Kind {
    var type = type
    while let field = try type.nextField() {
      switch field.number {
      case 4: return .sequence(of: try element(try type.message(field)))
      case 9: return .optional(of: try element(try type.message(field)))
      default: try type.skip(field)
      }
    }
    return .tensor
  }

  private static func element(_ container: WireReader) throws -> Kind {
    var container = container
    while let field = try container.nextField() {
      if field.number == 1 { return try kind(try container.message(field)) }
      try container.skip(field)
    }
    return .tensor
  }

  static func read(_ path: String, _ kind: Kind) throws -> Value {
    // protobuf writes an empty message (a float32 scalar never is one) as an empty file: an absent optional.
    guard let file = try? ModelFile(path: path) else { return .optional([]) }
    return try decode(file.bytes, kind, TensorDecoder(file: file))
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer, _ kind: Kind, _ decoder: TensorDecoder) throws -> Value {
    switch kind {
    case .tensor: return .tensor(try decoder.decode(try TensorProto(WireReader(bytes))))
    case .sequence(let inner): return .sequence(try members(bytes, inner, decoder))
    case .optional(let inner): return .optional(try members(bytes, inner, decoder))
    }
  }

  /// SequenceProto and OptionalProto number their members alike: 3 a tensor, 5 a sequence, 7 or 6 an optional.
  private static func members(
    _ bytes: UnsafeRawBufferPointer, _ kind: Kind, _ decoder: TensorDecoder
  ) throws -> [Value] {
    var members: [Value] = []
    var message = WireReader(bytes)
    while let field = try message.nextField() {
      if [3, 5, 6, 7].contains(field.number) {
        members.append(try decode(try message.slice(field), kind, decoder))
      } else {
        try message.skip(field)
      }
    }
    return members
  }
}

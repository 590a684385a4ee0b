import Ground

/// Decoding of the messages in Proto.swift from wire format. Field numbers are onnx.proto's.

/// What one decoded message takes of memory, about: a file of two bytes a message must not become a hundred times as
/// large.
private let messageBytes = 320

/// Counts one more message against the network's memory.
private func payForMessage() throws { try NetworkBudget.current?.reserve(messageBytes) }

/// Graphs nest through attributes; a file that nests deeper than this is hostile.
private let depthLimit = 32

extension ModelProto {
  package init(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = WireReader(bytes)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: irVersion = try reader.int64(field)
      case 2: producerName = try reader.string(field)
      case 3: producerVersion = try reader.string(field)
      case 7: graph = try GraphProto(reader.message(field), depth: 0)
      case 8: try decodeOpset(reader.message(field), into: &opsets)
      case 14:
        let (key, value) = try decodePair(reader.message(field))
        metadata[key] = value
      case 25: functions.append(try FunctionProto(reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }
}

private func decodeOpset(_ message: WireReader, into opsets: inout [String: Int64]) throws {
  var reader = message
  var domain = ""
  var version: Int64 = 1
  while let field = try reader.nextField() {
    switch field.number {
    case 1: domain = try reader.string(field)
    case 2: version = try reader.int64(field)
    default: try reader.skip(field)
    }
  }
  opsets[domain == "ai.onnx" ? "" : domain] = version
}

/// A StringStringEntryProto.
private func decodePair(_ message: WireReader) throws -> (key: String, value: String) {
  var reader = message
  var pair = (key: "", value: "")
  while let field = try reader.nextField() {
    switch field.number {
    case 1: pair.key = try reader.string(field)
    case 2: pair.value = try reader.string(field)
    default: try reader.skip(field)
    }
  }
  return pair
}

extension GraphProto {
  init(_ message: WireReader, depth: Int) throws {
    guard depth < depthLimit else { throw InferenceError(.malformedModel, "graphs nest too deeply") }
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1: nodes.append(try NodeProto(reader.message(field), depth: depth))
      case 2: name = try reader.string(field)
      case 5: initializers.append(try TensorProto(reader.message(field)))
      case 11: inputs.append(try ValueInfoProto(reader.message(field)))
      case 12: outputs.append(try ValueInfoProto(reader.message(field)))
      case 15: sparseInitializers.append(try SparseTensorProto(reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }
}

extension NodeProto {
  init(_ message: WireReader, depth: Int) throws {
    try payForMessage()
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1: inputs.append(try reader.string(field))
      case 2: outputs.append(try reader.string(field))
      case 3: name = try reader.string(field)
      case 4: operatorType = try reader.string(field)
      case 5: attributes.append(try AttributeProto(reader.message(field), depth: depth))
      case 7: domain = try reader.string(field)
      case 8: overload = try reader.string(field)
      default: try reader.skip(field)
      }
    }
    if domain == "ai.onnx" { domain = "" }
  }
}

extension AttributeProto {
  init(_ message: WireReader, depth: Int) throws {
    try payForMessage()
    var reader = message
    var seen: Kind?
    while let field = try reader.nextField() {
      switch field.number {
      case 1: name = try reader.string(field)
      case 2: (float, seen) = (try reader.float(field), .float)
      case 3: (int, seen) = (try reader.int64(field), .int)
      case 4: (string, seen) = (try reader.string(field), .string)
      case 5: (tensor, seen) = (try TensorProto(reader.message(field)), .tensor)
      case 6: (graph, seen) = (try GraphProto(reader.message(field), depth: depth + 1), .graph)
      case 7:
        try reader.appendFloats(field, to: &floats)
        seen = .floats
      case 8:
        try reader.appendInts(field, to: &ints)
        seen = .ints
      case 9:
        strings.append(try reader.string(field))
        seen = .strings
      case 10:
        tensors.append(try TensorProto(reader.message(field)))
        seen = .tensors
      case 11: throw InferenceError(.unsupportedFeature, "attribute '\(name)' is a list of graphs")
      case 20: kind = Kind(rawValue: try reader.int32(field))
      case 21: reference = try reader.string(field)
      case 22: (sparseTensor, seen) = (try SparseTensorProto(reader.message(field)), .sparseTensor)
      default: try reader.skip(field)
      }
    }
    // Files older than IR version 2 name no type: the field that is present tells it.
    kind = kind ?? seen
  }
}

extension TensorProto {
  package init(_ message: WireReader) throws {
    try payForMessage()
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        try reader.appendInts(field, to: &dims)
        guard dims.count <= Tensor.rankLimit else {
          throw InferenceError(.badShape, "a tensor of more than \(Tensor.rankLimit) axes")
        }
      case 2: dataType = try reader.int32(field)
      case 3: isSegmented = true
      case 4: typed.append((4, try reader.repeated(field, .fixed32)))
      case 5, 7, 11: typed.append((field.number, try reader.repeated(field, .varint)))
      case 6: strings.append(try reader.string(field))
      case 8: name = try reader.string(field)
      case 9: raw = try reader.slice(field)
      case 10: typed.append((10, try reader.repeated(field, .fixed64)))
      case 13:
        let (key, value) = try decodePair(reader.message(field))
        external[key] = value
      case 14: isExternal = try reader.int32(field) == 1
      default: try reader.skip(field)
      }
    }
  }
}

extension SparseTensorProto {
  init(_ message: WireReader) throws {
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1: values = try TensorProto(reader.message(field))
      case 2: indices = try TensorProto(reader.message(field))
      case 3: try reader.appendInts(field, to: &dims)
      default: try reader.skip(field)
      }
    }
  }
}

extension ValueInfoProto {
  init(_ message: WireReader) throws {
    try payForMessage()
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1: name = try reader.string(field)
      case 2: type = try TypeProto(reader.message(field))
      default: try reader.skip(field)
      }
    }
  }
}

extension TypeProto {
  init(_ message: WireReader) throws {
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        kind = .tensor
        try decodeTensorType(reader.message(field))
      case 4:
        kind = .sequence
        try reader.skip(field)
      case 9:
        kind = .optional
        try reader.skip(field)
      default: try reader.skip(field)
      }
    }
  }

  private mutating func decodeTensorType(_ message: WireReader) throws {
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1: elementType = try reader.int32(field)
      case 2: shape = try TypeProto.decodeShape(reader.message(field))
      default: try reader.skip(field)
      }
    }
  }

  private static func decodeShape(_ message: WireReader) throws -> [Int64?] {
    var reader = message
    var shape: [Int64?] = []
    while let field = try reader.nextField() {
      guard field.number == 1 else {
        try reader.skip(field)
        continue
      }
      var dimension = try reader.message(field)
      var extent: Int64?
      while let part = try dimension.nextField() {
        if part.number == 1 { extent = try dimension.int64(part) } else { try dimension.skip(part) }
      }
      shape.append(extent)
    }
    return shape
  }
}

extension FunctionProto {
  init(_ message: WireReader) throws {
    try payForMessage()
    var reader = message
    while let field = try reader.nextField() {
      switch field.number {
      case 1: name = try reader.string(field)
      case 4: inputs.append(try reader.string(field))
      case 5: outputs.append(try reader.string(field))
      case 6: attributeNames.append(try reader.string(field))
      case 7: nodes.append(try NodeProto(reader.message(field), depth: 0))
      case 9: try decodeOpset(reader.message(field), into: &opsets)
      case 10: domain = try reader.string(field)
      case 11: attributeDefaults.append(try AttributeProto(reader.message(field), depth: 0))
      case 13: overload = try reader.string(field)
      default: try reader.skip(field)
      }
    }
    if domain == "ai.onnx" { domain = "" }
  }
}

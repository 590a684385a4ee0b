import Ground

/// Turns TensorProto messages into tensors, borrowing the file's bytes where their alignment allows.
package struct TensorDecoder {
  /// What keeps the message's bytes alive and lends them.
  let file: ModelFile
  let externalData: ExternalData

  package init(file: ModelFile) {
    self.file = file
    externalData = ExternalData(modelPath: file.path)
  }

  /// Names of `TensorProto.DataType` values that the engine leaves out, for the error message.
  private static let leftOut: [Int32: String] = [
    17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4",
    23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
  ]

  static func elementType(_ number: Int32) throws -> ElementType {
    if let type = ElementType(rawValue: number) { return type }
    if let name = leftOut[number] {
      throw InferenceError(.unsupportedFeature, "element type \(name) is not supported")
    }
    throw InferenceError(.badType, "unknown element type \(number)")
  }

  package func decode(_ proto: TensorProto) throws -> Tensor {
    do {
      return try decodeUnnamed(proto)
    } catch let error as InferenceError {
      throw proto.name.isEmpty ? error : error.at("tensor '\(proto.name)'")
    }
  }

  private func decodeUnnamed(_ proto: TensorProto) throws -> Tensor {
    guard !proto.isSegmented else { throw InferenceError(.unsupportedFeature, "segmented tensors are not supported") }
    let type = try TensorDecoder.elementType(proto.dataType)
    let shape = proto.dims.map(Int.init)
    let byteCount = try Tensor.checkedByteCount(type, shape, limit: Int.max)
    if type == .string { return try decodeStrings(proto, shape) }
    if proto.isExternal {
      let (source, bytes) = try externalData.bytes(proto.external, expected: byteCount)
      return try TensorDecoder.borrow(bytes, type, shape, from: source)
    }
    if let raw = proto.raw, proto.typed.isEmpty {
      guard raw.count == byteCount else {
        throw InferenceError(.malformedModel, "shape \(shape) takes \(byteCount) bytes and \(raw.count) are there")
      }
      return try TensorDecoder.borrow(raw, type, shape, from: file)
    }
    return try decodeTyped(proto, type, shape)
  }

  private func decodeStrings(_ proto: TensorProto, _ shape: [Int]) throws -> Tensor {
    guard try Tensor.checkedCount(shape) == proto.strings.count else {
      throw InferenceError(.malformedModel, "shape \(shape) does not hold \(proto.strings.count) strings")
    }
    return Tensor(shape, strings: proto.strings)
  }

  /// The tensor over `bytes` themselves, or over a copy where the encoding needs one.
  private static func borrow(
    _ bytes: UnsafeRawBufferPointer, _ type: ElementType, _ shape: [Int], from file: ModelFile
  ) throws -> Tensor {
    let alignment = type == .complex64 ? 4 : type == .complex128 ? 8 : type.byteCount
    if type != .bool && !bytes.isEmpty {
      return Tensor(type: type, shape: shape, storage: file.region(bytes, alignment: alignment), byteOffset: 0)
    }
    let storage = try TensorStorage(byteCount: bytes.count)
    storage.bytes.copyMemory(from: bytes)
    if type == .bool { normalizeBooleans(storage.bytes, count: bytes.count) }
    return Tensor(type: type, shape: shape, storage: storage, byteOffset: 0)
  }

  /// Swift's Bool must be 0 or 1 in memory; files may hold any byte.
  package static func normalizeBooleans(_ bytes: UnsafeMutableRawBufferPointer, count: Int) {
    for i in 0..<count where bytes[i] > 1 { bytes[i] = 1 }
  }

  /// The field of TensorProto that holds elements of a type when `raw_data` does not.
  private static func field(of type: ElementType) -> Int {
    switch type {
    case .float32, .complex64: 4
    case .float64, .complex128: 10
    case .int64: 7
    case .uint32, .uint64: 11
    default: 5
    }
  }

  private func decodeTyped(_ proto: TensorProto, _ type: ElementType, _ shape: [Int]) throws -> Tensor {
    let field = TensorDecoder.field(of: type)
    let parts = proto.typed.filter { $0.field == field }.map(\.bytes)
    let isComplex = type == .complex64 || type == .complex128
    let wanted = try Tensor.checkedCount(shape).multipliedReportingOverflow(by: isComplex ? 2 : 1)
    // The elements are counted before anything is allocated: a few bytes must not claim gigabytes.
    let present = parts.reduce(0) { $0 + TensorDecoder.elementCount($1, field) }
    guard !wanted.overflow, present == wanted.partialValue else {
      throw InferenceError(.malformedModel, "shape \(shape) does not hold \(present) elements")
    }
    let tensor = try Tensor(uninitialized: type, shape)
    switch field {
    case 4, 10: copy(parts, to: tensor)
    default: try copyVarints(parts, to: tensor)
    }
    if type == .bool { TensorDecoder.normalizeBooleans(tensor.storage.bytes, count: tensor.byteCount) }
    return tensor
  }

  private static func elementCount(_ bytes: UnsafeRawBufferPointer, _ field: Int) -> Int {
    switch field {
    case 4: bytes.count / 4
    case 10: bytes.count / 8
    default: bytes.reduce(0) { $0 + ($1 < 0x80 ? 1 : 0) }
    }
  }

  private func copy(_ parts: [UnsafeRawBufferPointer], to tensor: Tensor) {
    var offset = 0
    let unit = tensor.type == .float64 || tensor.type == .complex128 ? 8 : 4
    for part in parts {
      let whole = UnsafeRawBufferPointer(rebasing: part[0..<part.count / unit * unit])
      if let source = whole.baseAddress { (tensor.base + offset).copyMemory(from: source, byteCount: whole.count) }
      offset += whole.count
    }
  }

  private func copyVarints(_ parts: [UnsafeRawBufferPointer], to tensor: Tensor) throws {
    let size = tensor.type.byteCount
    var target = tensor.base
    for part in parts {
      var reader = WireReader(part)
      while !reader.isAtEnd {
        let value = try reader.varint()
        switch size {
        case 1: target.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case 2: target.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
        case 4: target.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        default: target.storeBytes(of: value, as: UInt64.self)
        }
        target += size
      }
    }
  }

  /// A sparse tensor spread out: values at linear or coordinate indices (onnx.proto, SparseTensorProto).
  package func decode(_ proto: SparseTensorProto) throws -> Tensor {
    let values = try decode(proto.values)
    let indices = try decode(proto.indices)
    let shape = proto.dims.map(Int.init)
    guard values.rank == 1, indices.type == .int64, values.type != .string else {
      throw InferenceError(.malformedModel, "a malformed sparse tensor")
    }
    let dense = try Tensor(uninitialized: values.type, shape)
    dense.storage.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    let coordinates = indices.elements(as: Int64.self)
    let isLinear = indices.rank == 1
    guard isLinear ? indices.count == values.count : indices.shape == [values.count, shape.count] else {
      throw InferenceError(.malformedModel, "a malformed sparse tensor")
    }
    let size = values.type.byteCount
    for i in 0..<values.count {
      var linear: Int64 = 0
      if isLinear {
        linear = coordinates[i]
      } else {
        for (axis, extent) in shape.enumerated() {
          let at = coordinates[i * shape.count + axis]
          guard at >= 0, at < extent else { throw InferenceError(.malformedModel, "a sparse index out of range") }
          linear = linear * Int64(extent) + at
        }
      }
      guard linear >= 0, linear < dense.count else {
        throw InferenceError(.malformedModel, "a sparse index out of range")
      }
      (dense.base + Int(linear) * size).copyMemory(from: values.base + i * size, byteCount: size)
    }
    return dense
  }
}

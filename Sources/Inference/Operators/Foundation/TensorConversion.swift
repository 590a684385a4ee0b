import Ground

extension Tensor {
  /// The elements as another type: floats truncate toward zero and wrap into integers, integers wrap, anything but
  /// zero is true. The same tensor when it has the type already.
  ///
  /// Strings and complex numbers convert only to themselves (see Cast for text).
  func converted(to target: ElementType) throws -> Tensor {
    if type == target { return self }
    guard type.computeType != nil, target.computeType != nil else {
      throw InferenceError(.badType, "cannot convert \(type.name) to \(target.name)")
    }
    let result = try Tensor(uninitialized: target, shape)
    try withExtendedLifetime(self) {
      switch type {
      case .float32: convert(elements(as: Float.self), into: result) { $0 }
      case .float16: convert(elements(as: Float16.self), into: result) { Float($0) }
      case .bfloat16: convert(elements(as: BFloat16.self), into: result) { $0.float }
      case .float64: convert(elements(as: Double.self), into: result)
      case .uint8: convert(elements(as: UInt8.self), into: result)
      case .int8: convert(elements(as: Int8.self), into: result)
      case .uint16: convert(elements(as: UInt16.self), into: result)
      case .int16: convert(elements(as: Int16.self), into: result)
      case .int32: convert(elements(as: Int32.self), into: result)
      case .int64: convert(elements(as: Int64.self), into: result)
      case .uint32: convert(elements(as: UInt32.self), into: result)
      case .uint64: convert(elements(as: UInt64.self), into: result)
      case .bool:
        // Any byte but 0 is true: a file may hold others than 0 and 1, which a Bool must not.
        let bytes = UnsafeBufferPointer(start: base.assumingMemoryBound(to: UInt8.self), count: count)
        var truths = bytes.map { $0 == 0 ? 0 : 1 as UInt8 }
        truths.withUnsafeMutableBufferPointer { convert($0, into: result) }
      case .string, .complex64, .complex128:
        throw InferenceError(.badType, "cannot convert \(type.name) to \(target.name)")
      }
    }
    return result
  }

  /// The integers of a shape, axes or index input (int64 or int32, or any other integer type).
  func integers() throws -> [Int] {
    guard type.isInteger || type == .bool else {
      throw InferenceError(.badType, "integers are needed, these are \(type.name)")
    }
    try NetworkBudget.current?.check(2 * count * MemoryLayout<Int64>.stride)
    let wide = try converted(to: .int64)
    return wide.array(of: Int64.self).map(Int.init)
  }

  /// The numbers of a small parameter input (scales, a clip bound).
  func doubles() throws -> [Double] {
    try NetworkBudget.current?.check(2 * count * MemoryLayout<Double>.stride)
    return try converted(to: .float64).array(of: Double.self)
  }

  func floats() throws -> [Float] {
    try NetworkBudget.current?.check(2 * count * MemoryLayout<Float>.stride)
    return try converted(to: .float32).array(of: Float.self)
  }

  /// The only element of a tensor of one.
  func scalarInteger() throws -> Int {
    guard count == 1 else { throw InferenceError(.badShape, "one integer is needed, the shape is \(shape)") }
    return try integers()[0]
  }

  func scalarDouble() throws -> Double {
    guard count == 1 else { throw InferenceError(.badShape, "one number is needed, the shape is \(shape)") }
    return try doubles()[0]
  }

  /// The truth of a condition: one boolean.
  func scalarBool() throws -> Bool {
    guard count == 1, type == .bool else { throw InferenceError(.badType, "one boolean is needed") }
    return try integers()[0] != 0
  }

  /// A tensor whose every byte is 0.
  init(zeros type: ElementType, _ shape: [Int]) throws {
    if type == .string {
      _ = try Tensor.checkedByteCount(.string, shape)
      let count = try Tensor.checkedCount(shape)
      try NetworkBudget.current?.check(count * MemoryLayout<String>.stride)
      self.init(shape, strings: Array(repeating: "", count: count))
      return
    }
    try self.init(uninitialized: type, shape)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// Integers as the int64 tensor that ONNX uses for shapes and indices.
  init(int64s values: [Int], _ shape: [Int]? = nil) { self.init(shape ?? [values.count], values.map(Int64.init)) }
}

/// Integer sources: through Int64's bits, or straight to floating point.
private func convert<Source: FixedWidthInteger>(_ source: UnsafeMutableBufferPointer<Source>, into result: Tensor) {
  switch result.type {
  case .float32: fill(result, source) { Float($0) }
  case .float16: fill(result, source) { Float16($0) }
  case .bfloat16: fill(result, source) { BFloat16(Float($0)) }
  case .float64: fill(result, source) { Double($0) }
  case .uint8: fill(result, source) { UInt8(truncatingIfNeeded: $0) }
  case .int8: fill(result, source) { Int8(truncatingIfNeeded: $0) }
  case .uint16: fill(result, source) { UInt16(truncatingIfNeeded: $0) }
  case .int16: fill(result, source) { Int16(truncatingIfNeeded: $0) }
  case .int32: fill(result, source) { Int32(truncatingIfNeeded: $0) }
  case .int64: fill(result, source) { Int64(truncatingIfNeeded: $0) }
  case .uint32: fill(result, source) { UInt32(truncatingIfNeeded: $0) }
  case .uint64: fill(result, source) { UInt64(truncatingIfNeeded: $0) }
  case .bool: fill(result, source) { $0 != 0 }
  case .string, .complex64, .complex128: break
  }
}

private func convert(_ source: UnsafeMutableBufferPointer<Double>, into result: Tensor) {
  switch result.type {
  case .float32: fill(result, source) { Float($0) }
  case .float16: fill(result, source) { Float16($0) }
  case .bfloat16: fill(result, source) { BFloat16(Float($0)) }
  default: convertToInteger(source, into: result) { $0 }
  }
}

private func convert<Source>(
  _ source: UnsafeMutableBufferPointer<Source>, into result: Tensor, _ widen: (Source) -> Float
) {
  switch result.type {
  case .float32: fill(result, source) { widen($0) }
  case .float16: fill(result, source) { Float16(widen($0)) }
  case .bfloat16: fill(result, source) { BFloat16(widen($0)) }
  case .float64: fill(result, source) { Double(widen($0)) }
  default: convertToInteger(source, into: result) { Double(widen($0)) }
  }
}

private func convertToInteger<Source>(
  _ source: UnsafeMutableBufferPointer<Source>, into result: Tensor, _ widen: (Source) -> Double
) {
  func whole(_ value: Source) -> Int64 { Int64(saturating: widen(value)) }
  switch result.type {
  case .uint8: fill(result, source) { UInt8(truncatingIfNeeded: whole($0)) }
  case .int8: fill(result, source) { Int8(truncatingIfNeeded: whole($0)) }
  case .uint16: fill(result, source) { UInt16(truncatingIfNeeded: whole($0)) }
  case .int16: fill(result, source) { Int16(truncatingIfNeeded: whole($0)) }
  case .int32: fill(result, source) { Int32(truncatingIfNeeded: whole($0)) }
  case .int64: fill(result, source) { whole($0) }
  case .uint32: fill(result, source) { UInt32(truncatingIfNeeded: whole($0)) }
  case .uint64:
    fill(result, source) { value in
      let wide = widen(value)
      return wide < 0 ? UInt64(truncatingIfNeeded: Int64(saturating: wide)) : UInt64(saturating: wide)
    }
  case .bool: fill(result, source) { widen($0) != 0 }
  default: break
  }
}

@inline(__always)
private func fill<Source, Target: TensorElement>(
  _ result: Tensor, _ source: UnsafeMutableBufferPointer<Source>, _ map: (Source) -> Target
) {
  let target = result.elements(as: Target.self)
  for index in 0..<source.count { target[index] = map(source[index]) }
}

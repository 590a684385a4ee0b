import Inference

/// Compares what a network gave with what a backend test expects: types and shapes equal, numbers within a tolerance.
enum BackendComparison {
  static let relativeTolerance = 1e-3
  static let absoluteTolerance = 1e-5

  /// What differs, or nil.
  static func difference(_ given: Value, _ expected: Value) -> String? {
    switch (given, expected) {
    case (.tensor(let a), .tensor(let b)): return difference(a, b)
    case (.sequence(let a), .sequence(let b)), (.optional(let a), .optional(let b)):
      if a.count != b.count { return "\(a.count) members instead of \(b.count)" }
      return zip(a, b).lazy.compactMap { difference($0, $1) }.first
    default: return "another kind of value"
    }
  }

  static func difference(_ given: Tensor, _ expected: Tensor) -> String? {
    // The test files hold bfloat16 as its bits.
    if given.type == .bfloat16 && expected.type == .uint16 { return difference(given, bfloat16(expected)) }
    if given.type != expected.type { return "\(given.type.name) instead of \(expected.type.name)" }
    if given.shape != expected.shape { return "shape \(given.shape) instead of \(expected.shape)" }
    if given.type == .string { return given.strings == expected.strings ? nil : "other strings" }
    guard let a = numbers(given), let b = numbers(expected) else {
      return integers(given) == integers(expected) ? nil : "other integers"
    }
    for (index, (x, y)) in zip(a, b).enumerated() where x != y && !(x.isNaN && y.isNaN) {
      if !(abs(x - y) <= absoluteTolerance + relativeTolerance * abs(y)) { return "element \(index) is \(x), not \(y)" }
    }
    return nil
  }

  /// 16-bit integers taken for the bits of bfloat16 numbers.
  static func bfloat16(_ bits: Tensor) -> Tensor {
    Tensor(type: .bfloat16, shape: bits.shape, storage: bits.storage, byteOffset: bits.byteOffset)
  }

  /// The elements of a floating-point tensor (complex ones in pairs); nil for integers.
  private static func numbers(_ x: Tensor) -> [Double]? {
    switch x.type {
    case .float32: x.array(of: Float.self).map(Double.init)
    case .float64: x.array(of: Double.self)
    case .float16: x.array(of: Float16.self).map(Double.init)
    case .bfloat16: x.array(of: BFloat16.self).map { Double($0.float) }
    default: nil
    }
  }

  private static func integers(_ x: Tensor) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: x.base, count: x.byteCount))
  }
}

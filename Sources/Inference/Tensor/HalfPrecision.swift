import Ground

/// bfloat16: the upper half of a float32.
package struct BFloat16: Sendable, Equatable {
  package var bits: UInt16

  package init(bits: UInt16) { self.bits = bits }

  /// Rounds to nearest, ties to even; NaN stays NaN.
  package init(_ value: Float) {
    let pattern = value.bitPattern
    bits =
      value.isNaN
      ? UInt16(truncatingIfNeeded: pattern >> 16) | 0x40
      : UInt16(truncatingIfNeeded: (pattern &+ 0x7fff &+ (pattern >> 16 & 1)) >> 16)
  }

  package var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}

extension BFloat16: TensorElement { public static var type: ElementType { .bfloat16 } }

extension Tensor {
  /// The same values in float32; the tensor itself when they are already. Only for floating types.
  package func widened() throws -> Tensor {
    switch type {
    case .float32, .float64: return self
    case .float16:
      let result = try Tensor(uninitialized: .float32, shape)
      let (source, target) = (elements(as: Float16.self), result.elements(as: Float.self))
      for i in source.indices { target[i] = Float(source[i]) }
      return result
    case .bfloat16:
      let result = try Tensor(uninitialized: .float32, shape)
      let (source, target) = (elements(as: BFloat16.self), result.elements(as: Float.self))
      for i in source.indices { target[i] = source[i].float }
      return result
    default: throw InferenceError(.badType, "a floating type is wanted, not \(type.name)")
    }
  }

  /// Values in float32 rounded to `half`; the tensor itself when `half` is no 16-bit float.
  package func narrowed(to half: ElementType) throws -> Tensor {
    switch half {
    case .float16:
      let result = try Tensor(uninitialized: .float16, shape)
      let (source, target) = (elements(as: Float.self), result.elements(as: Float16.self))
      for i in source.indices { target[i] = Float16(source[i]) }
      return result
    case .bfloat16:
      let result = try Tensor(uninitialized: .bfloat16, shape)
      let (source, target) = (elements(as: Float.self), result.elements(as: BFloat16.self))
      for i in source.indices { target[i] = BFloat16(source[i]) }
      return result
    default: return self
    }
  }
}

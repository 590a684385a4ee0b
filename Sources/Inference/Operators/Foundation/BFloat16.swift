/// The upper half of a 32-bit float: what `bfloat16` tensors hold.
public struct BFloat16: TensorElement, Equatable {
  public var bits: UInt16

  public static var type: ElementType { .bfloat16 }

  /// Rounds to the nearest, ties to even; NaN stays NaN.
  @inlinable
  public init(_ value: Float) {
    let pattern = value.bitPattern
    if value.isNaN {
      bits = UInt16(truncatingIfNeeded: pattern >> 16) | 0x40
    } else {
      bits = UInt16(truncatingIfNeeded: (pattern &+ 0x7FFF &+ ((pattern >> 16) & 1)) >> 16)
    }
  }

  @inlinable
  public var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}

import Ground

/// The sum or product of two quantised numbers, with the roundings of ONNX Runtime's kernels: the ratios of the scales
/// and the part that depends on zero points alone are computed first, in single precision, and the rest is fused.
///
/// One step's difference in an early layer grows: networks of many quantised layers agree with another engine only where
/// every layer rounds alike.
package struct QuantizedArithmetic: Sendable {
  package let isProduct: Bool
  /// What a step of A and of B weighs in steps of the result; for a product their common factor, and 0.
  package let ratioA, ratioB: Float
  /// The part of the result that does not depend on the operands.
  package let shift: Float
  private let zeroA, zeroB: Float

  package init(
    isProduct: Bool, a: (scale: Float, zero: Float), b: (scale: Float, zero: Float), output: (scale: Float, zero: Float)
  ) {
    self.isProduct = isProduct
    (zeroA, zeroB) = (a.zero, b.zero)
    if isProduct {
      (ratioA, ratioB, shift) = (a.scale * b.scale / output.scale, 0, output.zero)
    } else {
      (ratioA, ratioB) = (a.scale / output.scale, b.scale / output.scale)
      shift = output.zero - (ratioB * b.zero).addingProduct(ratioA, a.zero)
    }
  }

  /// The result's step before it is clamped to its type.
  package func callAsFunction(_ a: Float, _ b: Float) -> Float {
    let step =
      isProduct
      ? shift.addingProduct((a - zeroA) * (b - zeroB), ratioA)
      : shift.addingProduct(ratioB, b).addingProduct(ratioA, a)
    return step.rounded(.toNearestOrEven)
  }

  /// The steps of two tensors of integers, broadcast, as `type`.
  package func steps(_ a: Tensor, _ b: Tensor, as type: ElementType) throws -> Tensor {
    guard a.type.isInteger, b.type.isInteger, type.isInteger else {
      throw InferenceError(.badType, "quantised operands of types \(a.type.name), \(b.type.name) and \(type.name)")
    }
    let plan = try Broadcasting([a.shape, b.shape])
    let (x, y) = (try a.converted(to: .float32), try b.converted(to: .float32))
    let range = type.integerRange
    let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    let result = try Tensor(uninitialized: .float32, plan.shape)
    withExtendedLifetime((x, y)) {
      broadcastLoop(
        plan, x.pointer(to: Float.self), y.pointer(to: Float.self), result.mutablePointer(to: Float.self)
      ) { min(max(self($0, $1), low), high) }
    }
    return try result.converted(to: type)
  }
}

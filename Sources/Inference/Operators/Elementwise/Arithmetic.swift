import Glibc
import Ground

/// Add, Sub, Mul, Div, Mod, Pow; Max, Min, Sum, Mean of any number of operands: with broadcasting, every numeric type.
enum ArithmeticOperators {
  static let definitions: [OperatorDefinition] = [
    binary("Add", Addition.self)
      .shapes(ShapeRules.oneTyped(ShapeRules.broadcast)).kernel { ElementwiseKernels.binary(.add, $0) }.elementwise()
      .late(.follows),
    binary("Sub", Subtraction.self)
      .shapes(ShapeRules.oneTyped(ShapeRules.broadcast)).kernel { ElementwiseKernels.binary(.sub, $0) }.elementwise(),
    binary("Mul", Multiplication.self)
      .shapes(ShapeRules.oneTyped(ShapeRules.broadcast)).kernel { ElementwiseKernels.binary(.mul, $0) }.elementwise()
      .late(.follows),
    binary("Div", Division.self)
      .shapes(ShapeRules.oneTyped(ShapeRules.broadcast)).kernel { ElementwiseKernels.binary(.div, $0) }.elementwise(),
    .tensor("Pow") { attributes in
      let lining = try LegacyBroadcast(attributes)
      return { x in try power(try x.tensor(0), try lining.align(try x.tensor(1), with: try x.tensor(0))) }
    }
    .shapes(ShapeRules.broadcast).kernel(ElementwiseKernels.power).elementwise(),
    .tensor("Mod") { attributes in
      let truncates = try attributes.flag("fmod")
      return { x in
        let (a, b) = (try x.tensor(0), try x.tensor(1))
        return truncates ? try arithmetic(TruncatedModulus.self, a, b) : try arithmetic(FloorModulus.self, a, b)
      }
    },
    variadic("Max", Larger.self)
      .shapes(ShapeRules.oneTyped(ShapeRules.broadcast)).kernel { ElementwiseKernels.binary(.max, $0) }.elementwise(),
    variadic("Min", Smaller.self)
      .shapes(ShapeRules.oneTyped(ShapeRules.broadcast)).kernel { ElementwiseKernels.binary(.min, $0) }.elementwise(),
    variadic("Sum", Addition.self).shapes(ShapeRules.oneTyped(ShapeRules.broadcast)),
    .tensor("Mean") { _ in
      { x in
        let operands = try x.allTensors()
        let sum = try fold(Addition.self, operands)
        let count = Tensor(scalar: Float(operands.count))
        return try arithmetic(Division.self, sum, try count.converted(to: sum.type))
      }
    }.shapes(ShapeRules.oneTyped(ShapeRules.broadcast)),
  ]

  private static func binary(_ name: String, _ rule: (some BinaryRule).Type) -> OperatorDefinition {
    .tensor(name) { attributes in
      let lining = try LegacyBroadcast(attributes)
      return { x in
        let a = try x.tensor(0)
        return try arithmetic(rule, a, try lining.align(try x.tensor(1), with: a))
      }
    }
  }

  private static func variadic(_ name: String, _ rule: (some BinaryRule).Type) -> OperatorDefinition {
    .tensor(name) { _ in { x in try fold(rule, try x.allTensors()) } }
  }

  private static func fold(_ rule: (some BinaryRule).Type, _ operands: [Tensor]) throws -> Tensor {
    try operands.dropFirst().reduce(operands[0]) { try arithmetic(rule, $0, $1) }
  }

  /// Pow's exponent may have another type than its base; the result has the base's.
  private static func power(_ base: Tensor, _ exponent: Tensor) throws -> Tensor {
    if base.type == .float32, exponent.count == 1, exponent.type.computeType != nil {
      let value = try exponent.scalarDouble()
      let shape = try Broadcasting.shape([base.shape, exponent.shape])
      if let result = try knownPower(base, value) { return try result.reshaped(shape) }
    }
    if base.type == exponent.type { return try arithmetic(Power.self, base, exponent) }
    if base.type.isInteger && exponent.type.isInteger {
      // All 64 bits of the exponent count, however narrow the base; the power's upper bits are cut off at the end.
      let wide = try base.converted(to: .int64)
      return try arithmetic(Power.self, wide, try signedExponent(exponent)).converted(to: base.type)
    }
    let wide = try arithmetic(Power.self, try base.converted(to: .float64), try exponent.converted(to: .float64))
    return try wide.converted(to: base.type)
  }

  /// An exponent as int64 that gives the same power modulo 2^64. Of those beyond 2^63 only the lowest 62 bits matter: an
  /// odd number to the power of 2^62 is 1 modulo 2^64, and an even one to that power 0.
  private static func signedExponent(_ exponent: Tensor) throws -> Tensor {
    guard exponent.type == .uint64 else { return try exponent.converted(to: .int64) }
    let powers = exponent.array(of: UInt64.self).map { value in
      Int64(exactly: value) ?? Int64(truncatingIfNeeded: value & (1 << 62 - 1) | 1 << 62)
    }
    return Tensor(exponent.shape, powers)
  }

  /// Squares, cubes and roots without calling `pow`; nil for other exponents.
  private static func knownPower(_ base: Tensor, _ exponent: Double) throws -> Tensor? {
    switch exponent {
    case 2: try mapFloats(base) { $0 * $0 }
    case 3: try mapFloats(base) { $0 * $0 * $0 }
    case 0.5: try mapFloats(base) { $0.squareRoot() }
    default: nil
    }
  }
}

/// Broadcasting as it was before opset 7: only the second operand, aligned at the attribute `axis`.
struct LegacyBroadcast: Sendable {
  private let axis: Int?

  init(_ attributes: NodeAttributes) throws {
    axis = attributes.opset < 7 ? try attributes.int("axis") : nil
  }

  /// The operand with as many trailing axes of 1 as put its first axis at `axis`.
  func align(_ operand: Tensor, with other: Tensor) throws -> Tensor {
    guard let axis else { return operand }
    let start = try normalizedAxis(axis, rank: max(1, other.rank))
    let missing = other.rank - start - operand.rank
    return missing <= 0 ? operand : try operand.reshaped(operand.shape + Array(repeating: 1, count: missing))
  }
}

/// An arithmetic operation of two operands, written once for all compute types.
protocol BinaryRule: Sendable {
  static func apply<Element: ComputeElement>(_ a: Element, _ b: Element) -> Element
}

enum Addition: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.plus(a, b) }
}
enum Subtraction: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.minus(a, b) }
}
enum Multiplication: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.times(a, b) }
}
enum Division: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.over(a, b) }
}
enum Power: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.power(a, b) }
}
enum FloorModulus: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.floorModulus(a, b) }
}
enum TruncatedModulus: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.truncatedModulus(a, b) }
}
enum Larger: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.larger(a, b) }
}
enum Smaller: BinaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ a: T, _ b: T) -> T { T.smaller(a, b) }
}

/// Applies a rule to two tensors of one type, broadcasting.
func arithmetic<Rule: BinaryRule>(_ rule: Rule.Type, _ a: Tensor, _ b: Tensor) throws -> Tensor {
  guard a.type == b.type else {
    throw InferenceError(.badType, "operands are \(a.type.name) and \(b.type.name), they must have one type")
  }
  return try a.type.compute(ArithmeticVisitor<Rule>(a: a, b: b))
}

private struct ArithmeticVisitor<Rule: BinaryRule>: ComputeVisitor {
  let a: Tensor
  let b: Tensor

  func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
    let (wideA, wideB) = (try a.converted(to: Element.type), try b.converted(to: Element.type))
    let plan = try Broadcasting([a.shape, b.shape])
    let result = try Tensor(uninitialized: Element.type, plan.shape)
    withExtendedLifetime((wideA, wideB)) {
      if result.count > 0 {
        broadcastLoop(
          plan, wideA.pointer(to: Element.self), wideB.pointer(to: Element.self),
          result.mutablePointer(to: Element.self), Rule.apply)
      }
    }
    return try result.converted(to: a.type)
  }
}

extension Tensor {
  /// The first element. Valid while this tensor's storage lives.
  @inline(__always)
  func pointer<Element: TensorElement>(to type: Element.Type) -> UnsafePointer<Element> {
    UnsafePointer(mutablePointer(to: type))
  }

  @inline(__always)
  func mutablePointer<Element: TensorElement>(to _: Element.Type) -> UnsafeMutablePointer<Element> {
    precondition(type == Element.type, "the tensor holds another type")
    return base.assumingMemoryBound(to: Element.self)
  }
}

/// A new float32 tensor with `function` applied to every element of one.
@inline(__always)
func mapFloats(_ x: Tensor, _ function: (Float) -> Float) throws -> Tensor {
  guard x.type == .float32 else { throw InferenceError(.badType, "float32 is needed, not \(x.type.name)") }
  let result = try Tensor(uninitialized: .float32, x.shape)
  let count = x.count
  let (source, target) = (x.pointer(to: Float.self), result.mutablePointer(to: Float.self))
  withExtendedLifetime(x) {
    for index in 0..<count { target[index] = function(source[index]) }
  }
  return result
}

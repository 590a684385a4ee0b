import Glibc
import Ground

/// The four types that arithmetic is done in: Float for the 16- and 32-bit floats, Double, Int64 for the integers that
/// fit it, UInt64. Results go back to the tensor's own type by truncation, which makes integers wrap as they do in C.
///
/// No operation traps, whatever its operands.
protocol ComputeElement: TensorElement, Comparable {
  static var zero: Self { get }
  static var one: Self { get }
  /// The identity of max and of min.
  static var lowest: Self { get }
  static var highest: Self { get }
  static func plus(_ a: Self, _ b: Self) -> Self
  static func minus(_ a: Self, _ b: Self) -> Self
  static func times(_ a: Self, _ b: Self) -> Self
  /// Integers truncate; a division of an integer by zero is 0.
  static func over(_ a: Self, _ b: Self) -> Self
  /// The remainder with the divisor's sign, as Python's `%`.
  static func floorModulus(_ a: Self, _ b: Self) -> Self
  /// The remainder with the dividend's sign, as C's `fmod`.
  static func truncatedModulus(_ a: Self, _ b: Self) -> Self
  static func power(_ a: Self, _ b: Self) -> Self
  /// The larger; NaN if either is.
  static func larger(_ a: Self, _ b: Self) -> Self
  static func smaller(_ a: Self, _ b: Self) -> Self
  var isNotANumber: Bool { get }
  var asDouble: Double { get }
  /// A count of elements, exactly where the type can.
  init(counted value: Int)
  /// How many numbers from `start` on, `step` apart, come before `end`; nil when it has no end or cannot be counted.
  static func steps(from start: Self, to end: Self, by step: Self) -> Int?
  /// The largest value whose square is not beyond this one, rounded toward zero; 0 for negative integers.
  var root: Self { get }
  /// This value less a smaller one.
  func distance(above smaller: Self) -> Double
  /// This value and a small real number, truncated toward zero.
  func adding(_ real: Double) -> Self
  /// The nearest value, truncated toward zero for integers, clamped to the range, 0 for NaN.
  init(saturating value: Double)
}

extension ComputeElement where Self: BinaryFloatingPoint {
  static var one: Self { 1 }
  static var lowest: Self { -.infinity }
  static var highest: Self { .infinity }
  @inline(__always) static func plus(_ a: Self, _ b: Self) -> Self { a + b }
  @inline(__always) static func minus(_ a: Self, _ b: Self) -> Self { a - b }
  @inline(__always) static func times(_ a: Self, _ b: Self) -> Self { a * b }
  @inline(__always) static func over(_ a: Self, _ b: Self) -> Self { a / b }
  static func truncatedModulus(_ a: Self, _ b: Self) -> Self { a.truncatingRemainder(dividingBy: b) }
  static func floorModulus(_ a: Self, _ b: Self) -> Self {
    let remainder = a.truncatingRemainder(dividingBy: b)
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self { a != a ? a : (a > b ? a : b) }
  @inline(__always) static func smaller(_ a: Self, _ b: Self) -> Self { a != a ? a : (a < b ? a : b) }
  var isNotANumber: Bool { self != self }
  @inline(__always) init(counted value: Int) { self = Self(value) }
  static func steps(from start: Self, to end: Self, by step: Self) -> Int? {
    let steps = ((end.asDouble - start.asDouble) / step.asDouble).rounded(.up)
    guard step != 0, !steps.isNaN, steps < Double(1 << 46) else { return nil }
    return Int(saturating: max(0, steps))
  }
  var root: Self { Self(saturating: asDouble.squareRoot()) }
  func adding(_ real: Double) -> Self { Self(saturating: asDouble + real) }
  func distance(above smaller: Self) -> Double { asDouble - smaller.asDouble }
}

extension Float: ComputeElement {
  static func power(_ a: Float, _ b: Float) -> Float { Glibc.powf(a, b) }
  @inline(__always) var asDouble: Double { Double(self) }
  @inline(__always) init(saturating value: Double) { self = Float(value) }
}

extension Double: ComputeElement {
  static func power(_ a: Double, _ b: Double) -> Double { Glibc.pow(a, b) }
  @inline(__always) var asDouble: Double { self }
  @inline(__always) init(saturating value: Double) { self = value }
}

extension ComputeElement where Self: FixedWidthInteger {
  static var one: Self { 1 }
  static var lowest: Self { .min }
  static var highest: Self { .max }
  @inline(__always) static func plus(_ a: Self, _ b: Self) -> Self { a &+ b }
  @inline(__always) static func minus(_ a: Self, _ b: Self) -> Self { a &- b }
  @inline(__always) static func times(_ a: Self, _ b: Self) -> Self { a &* b }
  static func over(_ a: Self, _ b: Self) -> Self { b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue }
  static func truncatedModulus(_ a: Self, _ b: Self) -> Self {
    b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
  }
  static func floorModulus(_ a: Self, _ b: Self) -> Self {
    let remainder = truncatedModulus(a, b)
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder &+ b : remainder
  }
  /// By squaring; a negative exponent truncates toward zero, as a power in floating point would.
  static func power(_ a: Self, _ b: Self) -> Self {
    if b < 0 { return a == 1 ? 1 : (a == 0 &- 1 ? (b & 1 == 0 ? 1 : a) : 0) }
    var result: Self = 1
    var base = a
    var exponent = b
    while exponent > 0 {
      if exponent & 1 == 1 { result = result &* base }
      base = base &* base
      exponent >>= 1
    }
    return result
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self { a > b ? a : b }
  @inline(__always) static func smaller(_ a: Self, _ b: Self) -> Self { a < b ? a : b }
  var isNotANumber: Bool { false }
  var asDouble: Double { Double(self) }
}

extension ComputeElement where Self: FixedWidthInteger {
  @inline(__always) init(counted value: Int) { self = Self(truncatingIfNeeded: value) }

  /// In the type's own arithmetic: the distance of two integers fits the unsigned type of their width.
  static func steps(from start: Self, to end: Self, by step: Self) -> Int? {
    if step == 0 { return nil }
    guard step > 0 ? start < end : start > end else { return 0 }
    let distance = UInt64(truncatingIfNeeded: step > 0 ? end &- start : start &- end)
    let count = (distance - 1) / UInt64(step.magnitude) + 1
    return Int(exactly: count)
  }

  /// The square root in floating point is off by one at most, for large numbers.
  var root: Self {
    if self <= 0 { return 0 }
    var root = Self(saturating: asDouble.squareRoot())
    while root.multipliedReportingOverflow(by: root).overflow || root * root > self { root -= 1 }
    while true {
      let (square, overflow) = (root + 1).multipliedReportingOverflow(by: root + 1)
      if overflow || square > self { return root }
      root += 1
    }
  }

  func distance(above smaller: Self) -> Double { Double(UInt64(truncatingIfNeeded: self &- smaller)) }

  /// Doubles hold integers exactly up to 2^53; beyond, the real number's integer part is added.
  func adding(_ real: Double) -> Self {
    if magnitude < 1 << 52 { return Self(saturating: asDouble + real) }
    let whole = Self(saturating: real.rounded(self < 0 ? .up : .down))
    let (sum, overflow) = addingReportingOverflow(whole)
    return overflow ? (whole < 0 ? .min : .max) : sum
  }
}

extension Int64: ComputeElement {}
extension UInt64: ComputeElement {}

extension ElementType {
  /// The type that arithmetic on this one is done in; nil for strings and complex numbers. Booleans count as integers.
  var computeType: ElementType? {
    switch self {
    case .float32, .float16, .bfloat16: .float32
    case .float64: .float64
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .bool: .int64
    case .uint64: .uint64
    case .string, .complex64, .complex128: nil
    }
  }

  var isFloat: Bool { self == .float32 || self == .float64 || self == .float16 || self == .bfloat16 }
  var isInteger: Bool { computeType == .int64 && self != .bool || self == .uint64 }
}

/// A computation that is written once for all compute types.
protocol ComputeVisitor {
  associatedtype Output
  func visit<Element: ComputeElement>(_ type: Element.Type) throws -> Output
}

extension ElementType {
  /// Calls the visitor with the compute type of this element type.
  func compute<Visitor: ComputeVisitor>(_ visitor: Visitor) throws -> Visitor.Output {
    switch computeType {
    case .float32: try visitor.visit(Float.self)
    case .float64: try visitor.visit(Double.self)
    case .int64: try visitor.visit(Int64.self)
    case .uint64: try visitor.visit(UInt64.self)
    default: throw InferenceError(.badType, "no arithmetic on \(name) tensors")
    }
  }

  /// Calls the visitor with Float or Double.
  func computeFloat<Visitor: FloatVisitor>(_ visitor: Visitor) throws -> Visitor.Output {
    switch computeType {
    case .float32: try visitor.visit(Float.self)
    case .float64: try visitor.visit(Double.self)
    default: throw InferenceError(.badType, "floating-point elements are needed, these are \(name)")
    }
  }
}

/// A computation that is written once for Float and Double.
protocol FloatVisitor {
  associatedtype Output
  func visit<Element: ComputeElement & BinaryFloatingPoint>(_ type: Element.Type) throws -> Output
}

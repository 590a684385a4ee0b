import Glibc
import Ground

/// Functions of one number: roots, exponentials, trigonometry, rounding, tests for infinity and NaN.
enum UnaryMathOperators {
  static let definitions: [OperatorDefinition] = [
    real("Sqrt", { $0.squareRoot() }, { $0.squareRoot() }).shapes(ShapeRules.same).elementwise(),
    real("Exp", Glibc.expf, Glibc.exp).shapes(ShapeRules.same).elementwise(),
    real("Log", Glibc.logf, Glibc.log).shapes(ShapeRules.same).elementwise(),
    real("Sin", Glibc.sinf, Glibc.sin).shapes(ShapeRules.same).elementwise(),
    real("Cos", Glibc.cosf, Glibc.cos).shapes(ShapeRules.same).elementwise(),
    real("Tan", Glibc.tanf, Glibc.tan),
    real("Asin", Glibc.asinf, Glibc.asin),
    real("Acos", Glibc.acosf, Glibc.acos),
    real("Atan", Glibc.atanf, Glibc.atan),
    real("Sinh", Glibc.sinhf, Glibc.sinh),
    real("Cosh", Glibc.coshf, Glibc.cosh),
    real("Asinh", Glibc.asinhf, Glibc.asinh),
    real("Acosh", Glibc.acoshf, Glibc.acosh),
    real("Atanh", Glibc.atanhf, Glibc.atanh),
    real("Erf", Glibc.erff, Glibc.erf).shapes(ShapeRules.same).elementwise(),
    real("Reciprocal", { 1 / $0 }, { 1 / $0 }).shapes(ShapeRules.same).elementwise(),
    real("Ceil", { $0.rounded(.up) }, { $0.rounded(.up) }).shapes(ShapeRules.same).elementwise(),
    real("Floor", { $0.rounded(.down) }, { $0.rounded(.down) }).shapes(ShapeRules.same).elementwise(),
    // Half to even, as the specification demands.
    real("Round", { $0.rounded(.toNearestOrEven) }, { $0.rounded(.toNearestOrEven) }).shapes(ShapeRules.same)
      .elementwise(),
    numeric("Neg", Negation.self)
      .shapes(ShapeRules.same).kernel(ElementwiseKernels.negation).elementwise(),
    numeric("Abs", Magnitude.self).shapes(ShapeRules.same).elementwise(),
    numeric("Sign", SignOf.self).shapes(ShapeRules.same).elementwise(),
    .tensor("IsNaN") { _ in { x in try test(try x.tensor(0)) { $0 != $0 } } },
    .tensor("IsInf") { attributes in
      let positive = try attributes.flag("detect_positive", default: true)
      let negative = try attributes.flag("detect_negative", default: true)
      return { x in
        try test(try x.tensor(0)) { (positive && $0 == .infinity) || (negative && $0 == -.infinity) }
      }
    },
    .tensor("Clip", since: 1) { attributes in
      let low = try attributes.float("min", default: -.greatestFiniteMagnitude)
      let high = try attributes.float("max", default: .greatestFiniteMagnitude)
      return { x in try clip(try x.tensor(0), Tensor(scalar: low), Tensor(scalar: high)) }
    }
    .shapes(ShapeRules.same).elementwise().late(.follows),
    .tensor("Clip", since: 11) { _ in
      { x in try clip(try x.tensor(0), try x.optionalTensor(1), try x.optionalTensor(2)) }
    }
    .shapes(ShapeRules.same).elementwise().late(.follows),
  ]

  private static func real(
    _ name: String, _ single: @escaping @Sendable (Float) -> Float, _ double: @escaping @Sendable (Double) -> Double
  ) -> OperatorDefinition {
    .tensor(name) { _ in { x in try mapReals(try x.tensor(0), single, double) } }
  }

  private static func numeric(_ name: String, _ rule: (some UnaryRule).Type) -> OperatorDefinition {
    .tensor(name) { _ in { x in try mapNumbers(rule, try x.tensor(0)) } }
  }

  private static func test(_ x: Tensor, _ holds: (Double) -> Bool) throws -> Tensor {
    guard x.type.isFloat else { throw InferenceError(.badType, "floats are needed, these are \(x.type.name)") }
    let wide = try x.converted(to: .float64)
    let result = try Tensor(uninitialized: .bool, x.shape)
    let (source, target) = (wide.elements(as: Double.self), result.elements(as: Bool.self))
    withExtendedLifetime(wide) {
      for index in source.indices { target[index] = holds(source[index]) }
    }
    return result
  }

  /// min(max(x, low), high), the bounds scalars that may be missing.
  static func clip(_ x: Tensor, _ low: Tensor?, _ high: Tensor?) throws -> Tensor {
    if x.type == .float32 {
      let bottom = try low.map { Float(try $0.scalarDouble()) } ?? -.infinity
      let top = try high.map { Float(try $0.scalarDouble()) } ?? .infinity
      return try mapFloats(x) { Float.smaller(Float.larger($0, bottom), top) }
    }
    var result = x
    if let low {
      _ = try low.scalarDouble()
      result = try arithmetic(Larger.self, result, try low.converted(to: x.type).reshaped([]))
    }
    if let high {
      _ = try high.scalarDouble()
      result = try arithmetic(Smaller.self, result, try high.converted(to: x.type).reshaped([]))
    }
    return result
  }
}

/// Applies a real function to floats of any width, 16-bit ones by way of Float.
func mapReals(_ x: Tensor, _ single: (Float) -> Float, _ double: (Double) -> Double) throws -> Tensor {
  switch x.type {
  case .float32: return try mapFloats(x, single)
  case .float16, .bfloat16: return try mapFloats(try x.converted(to: .float32), single).converted(to: x.type)
  case .float64:
    let result = try Tensor(uninitialized: .float64, x.shape)
    let (source, target) = (x.elements(as: Double.self), result.elements(as: Double.self))
    withExtendedLifetime(x) {
      for index in source.indices { target[index] = double(source[index]) }
    }
    return result
  default:
    // Old models and com.microsoft's variants apply these to integers too: compute in double, truncate.
    guard x.type.computeType != nil else { throw InferenceError(.badType, "no arithmetic on \(x.type.name) tensors") }
    return try mapReals(try x.converted(to: .float64), single, double).converted(to: x.type)
  }
}

/// A function of one operand, written once for all compute types.
protocol UnaryRule: Sendable {
  static func apply<Element: ComputeElement>(_ x: Element) -> Element
}

enum Negation: UnaryRule {
  // Times minus one, so that the negative of 0.0 is -0.0.
  @inline(__always) static func apply<T: ComputeElement>(_ x: T) -> T { T.times(x, T.minus(.zero, .one)) }
}
enum Magnitude: UnaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ x: T) -> T { x <= .zero ? T.minus(.zero, x) : x }
}
enum SignOf: UnaryRule {
  @inline(__always) static func apply<T: ComputeElement>(_ x: T) -> T {
    x > .zero ? .one : (x < .zero ? T.minus(.zero, .one) : x)
  }
}

func mapNumbers<Rule: UnaryRule>(_ rule: Rule.Type, _ x: Tensor) throws -> Tensor {
  try x.type.compute(UnaryVisitor<Rule>(x: x))
}

private struct UnaryVisitor<Rule: UnaryRule>: ComputeVisitor {
  let x: Tensor

  func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
    let wide = try x.converted(to: Element.type)
    let result = try Tensor(uninitialized: Element.type, x.shape)
    let count = x.count
    let (source, target) = (wide.pointer(to: Element.self), result.mutablePointer(to: Element.self))
    withExtendedLifetime(wide) {
      for index in 0..<count { target[index] = Rule.apply(source[index]) }
    }
    return try result.converted(to: x.type)
  }
}

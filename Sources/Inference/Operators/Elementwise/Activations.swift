import Glibc

/// Activation functions: one line each. The float32 form and the double form are the same formula; half floats compute
/// in float32.
enum ActivationOperators {
  typealias SingleFunction = @Sendable (Float) -> Float
  typealias DoubleFunction = @Sendable (Double) -> Double

  static let definitions: [OperatorDefinition] = [
    plain("Sigmoid", { 1 / (1 + expf(-$0)) }, { 1 / (1 + exp(-$0)) })
      .shapes(ShapeRules.same).elementwise().late(.follows),
    plain("Tanh", Glibc.tanhf, Glibc.tanh)
      .shapes(ShapeRules.same).elementwise().late(.follows),
    plain("Softplus", { $0 > 0 ? $0 + log1pf(expf(-$0)) : log1pf(expf($0)) }, softplus)
      .shapes(ShapeRules.same).elementwise(),
    plain("Softsign", { $0 / (1 + abs($0)) }, { $0 / (1 + abs($0)) })
      .shapes(ShapeRules.same).elementwise(),
    plain("HardSwish", { $0 * min(max($0 / 6 + 0.5, 0), 1) }, { $0 * min(max($0 / 6 + 0.5, 0), 1) })
      .shapes(ShapeRules.same).elementwise().late(.follows),
    plain("Mish", { $0 * tanhf(Float(softplus(Double($0)))) }, { $0 * tanh(softplus($0)) })
      .shapes(ShapeRules.same).elementwise(),
    .tensor("Relu") { _ in
      { x in
        let a = try x.tensor(0)
        return a.type == .float32
          ? try mapFloats(a) { Float.larger($0, 0) }
          : try arithmetic(Larger.self, a, try Tensor(scalar: Float(0)).converted(to: a.type))
      }
    }
    .shapes(ShapeRules.same).elementwise().late(.follows),
    parametric("LeakyRelu", ["alpha": 0.01]) { p in
      let alpha = Float(p["alpha"])
      return ({ $0 >= 0 ? $0 : alpha * $0 }, { $0 >= 0 ? $0 : p["alpha"] * $0 })
    }
    .shapes(ShapeRules.same).elementwise().late(.follows),
    parametric("Elu", ["alpha": 1]) { p in
      let alpha = Float(p["alpha"])
      return ({ $0 >= 0 ? $0 : alpha * expm1f($0) }, { $0 >= 0 ? $0 : p["alpha"] * expm1($0) })
    }
    .shapes(ShapeRules.same).elementwise().late(.follows),
    parametric("Celu", ["alpha": 1]) { p in
      let alpha = p["alpha"]
      return double { $0 >= 0 ? $0 : alpha * expm1($0 / alpha) }
    }.elementwise(),
    parametric("Selu", ["alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875]) { p in
      let (gamma, scale) = (p["gamma"], p["gamma"] * p["alpha"])
      return double { $0 > 0 ? gamma * $0 : scale * expm1($0) }
    }
    .shapes(ShapeRules.same).elementwise(),
    parametric("HardSigmoid", ["alpha": 0.2, "beta": 0.5]) { p in
      let (alpha, beta) = (Float(p["alpha"]), Float(p["beta"]))
      return (
        { min(max(alpha * $0 + beta, 0), 1) }, { min(max(p["alpha"] * $0 + p["beta"], 0), 1) }
      )
    }
    .shapes(ShapeRules.same).elementwise().late(.follows),
    parametric("ThresholdedRelu", ["alpha": 1]) { p in
      let alpha = p["alpha"]
      return double { $0 > alpha ? $0 : 0 }
    }.elementwise(),
    .tensor("Shrink") { attributes in
      let bias = try attributes.float("bias", default: 0)
      let lambda = try attributes.float("lambd", default: 0.5)
      return { x in try shrink(try x.tensor(0), bias: Double(bias), lambda: Double(lambda)) }
    },
    gelu("Gelu", domain: "", since: 20).shapes(ShapeRules.same).elementwise().late(.follows),
    gelu("Gelu", domain: "com.microsoft", since: 1).shapes(ShapeRules.same).elementwise(),
    parametric("QuickGelu", domain: "com.microsoft", ["alpha": 1.702]) { p in
      let alpha = Float(p["alpha"])
      return ({ $0 / (1 + expf(-alpha * $0)) }, { $0 / (1 + exp(-p["alpha"] * $0)) })
    }
    .shapes(ShapeRules.same).elementwise(),
    parametric("Swish", ["alpha": 1]) { p in
      let alpha = Float(p["alpha"])
      return ({ $0 / (1 + expf(-alpha * $0)) }, { $0 / (1 + exp(-p["alpha"] * $0)) })
    },
    .tensor("SwiGLU", since: 28) { attributes in
      let alpha = try attributes.float("alpha", default: 1)
      return { x in
        let gate = try mapReals(
          try x.tensor(0), { $0 / (1 + expf(-alpha * $0)) }, { $0 / (1 + exp(-Double(alpha) * $0)) })
        return try arithmetic(Multiplication.self, gate, try x.tensor(1))
      }
    },
    .tensor("FastGelu", domain: "com.microsoft") { _ in
      { x in
        let a = try x.tensor(0)
        let biased = try x.optionalTensor(1).map { try arithmetic(Addition.self, a, $0) } ?? a
        return try mapReals(biased, { Float(tanhGelu(Double($0))) }, tanhGelu)
      }
    }
    .shapes(ShapeRules.same),
    .tensor("BiasGelu", domain: "com.microsoft") { _ in
      { x in
        let sum = try arithmetic(Addition.self, try x.tensor(0), try x.tensor(1))
        return try mapReals(sum, exactGelu, exactGelu)
      }
    }
    .shapes(ShapeRules.same),
    .tensor("PRelu") { _ in
      { x in
        let (a, slope) = (try x.tensor(0), try x.tensor(1))
        let zero = try Tensor(scalar: Float(0)).converted(to: a.type)
        let scaled = try arithmetic(Multiplication.self, a, try alignedSlope(slope, a))
        return try select(try compare(IsLess.self, a, zero), scaled, a)
      }
    }
    .shapes(ShapeRules.oneTyped(ShapeRules.same)),
  ]

  private static func shrink(_ x: Tensor, bias: Double, lambda: Double) throws -> Tensor {
    if x.type.isFloat {
      func formula(_ x: Double) -> Double { x < -lambda ? x + bias : (x > lambda ? x - bias : 0) }
      return try mapReals(x, { Float(formula(Double($0))) }, formula)
    }
    return try x.type.compute(IntegerShrink(x: x, bias: bias, lambda: lambda))
  }

  @Sendable private static func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }

  @Sendable static func exactGelu(_ x: Float) -> Float { 0.5 * x * (1 + erff(x * 0.70710678)) }
  @Sendable static func exactGelu(_ x: Double) -> Double { 0.5 * x * (1 + erf(x * 0.5.squareRoot())) }
  @Sendable static func tanhGelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  private static func gelu(_ name: String, domain: String, since: Int) -> OperatorDefinition {
    .tensor(name, domain: domain, since: since) { attributes in
      let approximate = try attributes.string("approximate", default: "none")
      return { x in
        approximate == "tanh"
          ? try mapReals(try x.tensor(0), { Float(tanhGelu(Double($0))) }, tanhGelu)
          : try mapReals(try x.tensor(0), exactGelu, exactGelu)
      }
    }
  }

  /// Before opset 7 a slope of one axis belonged to the channels; since then it broadcasts from the last axis.
  private static func alignedSlope(_ slope: Tensor, _ x: Tensor) throws -> Tensor {
    guard slope.rank == 1, x.rank > 2, slope.count == x.shape[1], slope.count != x.shape[x.rank - 1] else {
      return slope
    }
    return try slope.reshaped([slope.count] + Array(repeating: 1, count: x.rank - 2))
  }

  /// A formula in double precision serves both widths where speed does not matter.
  private static func double(_ formula: @escaping DoubleFunction) -> (SingleFunction, DoubleFunction) {
    ({ Float(formula(Double($0))) }, formula)
  }

  private static func plain(
    _ name: String, _ single: @escaping SingleFunction, _ double: @escaping DoubleFunction
  ) -> OperatorDefinition {
    .tensor(name) { _ in { x in try mapReals(try x.tensor(0), single, double) } }
  }

  /// The decoded parameters of an activation.
  struct Parameters: Sendable {
    let values: [String: Double]
    subscript(name: String) -> Double { values[name] ?? 0 }
  }

  private static func parametric(
    _ name: String, domain: String = "", _ defaults: [String: Float],
    _ make: @escaping @Sendable (Parameters) -> (SingleFunction, DoubleFunction)
  ) -> OperatorDefinition {
    .tensor(name, domain: domain) { attributes in
      let values = try defaults.map { ($0.key, Double(try attributes.float($0.key, default: $0.value))) }
      let (single, double) = make(Parameters(values: Dictionary(uniqueKeysWithValues: values)))
      return { x in try mapReals(try x.tensor(0), single, double) }
    }
  }
}

/// Shrink of integers, which stay integers: their 64 bits do not fit a real number.
private struct IntegerShrink: ComputeVisitor {
  let x: Tensor
  let bias: Double
  let lambda: Double

  func visit<Element: ComputeElement>(_: Element.Type) throws -> Tensor {
    let wide = try x.converted(to: Element.type)
    let result = try Tensor(uninitialized: Element.type, x.shape)
    let (source, target) = (wide.elements(as: Element.self), result.elements(as: Element.self))
    for (index, value) in source.enumerated() {
      // Comparing is exact enough: an integer that rounds to a bound lies far beyond it.
      let number = value.asDouble
      target[index] = number < -lambda ? value.adding(bias) : (number > lambda ? value.adding(-bias) : .zero)
    }
    withExtendedLifetime(wide) {}
    return try result.converted(to: x.type)
  }
}

import Glibc
import Ground

/// A function of one float that kernels apply to what they have just computed, or alone.
package enum Activation: Sendable, Hashable {
  case none
  /// min(max(x, lower), upper): Relu is (0, inf), Relu6 (0, 6).
  case clip(Float, Float)
  case leakyRelu(Float)
  case sigmoid
  /// min(max(a x + b, 0), 1)
  case hardSigmoid(Float, Float)
  /// x sigmoid(x)
  case silu
  /// x min(max(x/6 + 1/2, 0), 1)
  case hardSwish
  case tanh
  /// x (1 + erf(x / sqrt 2)) / 2
  case geluErf
  /// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
  case geluTanh
  case elu(Float)
  /// x tanh(log(1 + exp x))
  case mish
  /// x sigmoid(a x); CLIP's "quick GELU" is a = 1.702
  case quickGelu(Float)
  case exp
  case erf
  case sqrt
  case abs
  case reciprocal
  /// a x + b
  case linear(Float, Float)
  /// x, or 0 where it is not a number: what guards a softmax over a fully masked row.
  case nanToZero

  /// The plain value, which the kernels are held against.
  package func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .none: x
    case .clip(let lower, let upper): x != x ? x : min(max(x, lower), upper)
    case .leakyRelu(let slope): x < 0 ? slope * x : x
    case .sigmoid: 1 / (1 + expf(-x))
    case .hardSigmoid(let a, let b): min(max(a * x + b, 0), 1)
    case .silu: x / (1 + expf(-x))
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    case .tanh: tanhf(x)
    case .geluErf: 0.5 * x * (1 + erff(x * Float(0.5).squareRoot()))
    case .geluTanh: 0.5 * x * (1 + tanhf(0.7978845608 * (x + 0.044715 * x * x * x)))
    case .elu(let a): x < 0 ? a * expm1f(x) : x
    case .mish: x * tanhf(log1pf(expf(-x.magnitude)) + max(x, 0))
    case .quickGelu(let a): x / (1 + expf(-a * x))
    case .exp: expf(x)
    case .erf: erff(x)
    case .sqrt: x.squareRoot()
    case .abs: x.magnitude
    case .reciprocal: 1 / x
    case .linear(let a, let b): a * x + b
    case .nanToZero: x != x ? 0 : x
    }
  }
}

/// What happens to a product before it is stored: `act(product + bias + residual)`, or `act(product + bias) + residual`.
package struct Epilogue: Sendable, Hashable {
  package var activation = Activation.none
  package var hasResidual = false
  /// The residual is added after the activation.
  package var addsLast = false

  package init() {}

  /// The plain form on a whole tensor, in place.
  func apply(_ tensor: Tensor, residual: Tensor?) throws {
    let y = tensor.elements(as: Float.self)
    if let residual {
      guard residual.type == .float32, residual.shape == tensor.shape else {
        throw InferenceError(.badShape, "a residual of shape \(residual.shape) for \(tensor.shape)")
      }
      let z = residual.elements(as: Float.self)
      for i in y.indices { y[i] = addsLast ? activation(y[i]) + z[i] : activation(y[i] + z[i]) }
    } else if activation != .none {
      for i in y.indices { y[i] = activation(y[i]) }
    }
  }
}

/// One activation over a float32 tensor of any shape.
package struct ActivationOperator: FusedOperator {
  package static let definition = FusedDefinition<ActivationOperator>(
    "Activation", isElementwise: true, kernel: { ElementwiseKernels.activate($0.activation, $1) })

  package let activation: Activation

  package init(_ activation: Activation) { self.activation = activation }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let input = try inputs.tensor(0, "X")
    guard input.type == .float32 else { throw InferenceError(.badType, "a fused activation of \(input.type.name)") }
    let result = try Tensor(uninitialized: .float32, input.shape)
    let (x, y) = (input.elements(as: Float.self), result.elements(as: Float.self))
    for i in x.indices { y[i] = activation(x[i]) }
    return [.tensor(result)]
  }
}

/// A convolution with its epilogue. Inputs: X, W, bias or nothing, residual or nothing.
package struct FusedConvolution: FusedOperator {
  package static let definition = FusedDefinition<FusedConvolution>("FusedConv", kernel: ConvolutionKernels.compile)

  package var convolution: Convolution
  package var epilogue = Epilogue()

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let results = try convolution.evaluate(Array(inputs.prefix(3)), context)
    try epilogue.apply(try results[0].tensor(), residual: try inputs.optionalTensor(3, "residual"))
    return results
  }
}

/// A product with a constant matrix, `epilogue(scale * A * B + bias)`: what Gemm and MatMul with weights become.
/// Inputs: A (any leading axes), B (k x n), bias (n) or nothing, residual or nothing.
package struct LinearOperator: FusedOperator {
  package static let definition = FusedDefinition<LinearOperator>("Linear", kernel: LinearKernels.linear)

  package var scale: Float = 1
  /// B is stored n x k.
  package var transposesB = false
  package var epilogue = Epilogue()

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let a = try inputs.tensor(0, "A")
    let b = try inputs.tensor(1, "B")
    let bias = try inputs.optionalTensor(2, "bias")
    guard let k = a.shape.last, b.rank == 2, b.shape[transposesB ? 1 : 0] == k, a.type == .float32, b.type == .float32
    else { throw InferenceError(.badShape, "matrices \(a.shape) and \(b.shape) do not fit") }
    let n = b.shape[transposesB ? 0 : 1]
    let m = k == 0 ? a.shape.dropLast().reduce(1, *) : a.count / k
    let result = try Tensor(uninitialized: .float32, a.shape.dropLast() + [n])
    let y = result.elements(as: Float.self)
    for i in y.indices { y[i] = bias?.elements(as: Float.self)[i % n] ?? 0 }
    if k > 0, let target = y.baseAddress, let x = a.elements(as: Float.self).baseAddress,
      let w = b.elements(as: Float.self).baseAddress
    {
      Float.gemm(
        m, n, k, alpha: scale, x, k, transA: false, w, transposesB ? k : n, transB: transposesB, beta: 1, target, n)
    }
    withExtendedLifetime((a, b)) {}
    try epilogue.apply(result, residual: try inputs.optionalTensor(3, "residual"))
    return [.tensor(result)]
  }
}

import Kernels

extension Activation {
  /// The activation as the kernels know it.
  var kernelForm: ock_act {
    func act(_ kind: ock_act_kind, _ alpha: Float = 0, _ beta: Float = 0) -> ock_act {
      ock_act(kind: kind, alpha: alpha, beta: beta)
    }
    switch self {
    case .none: return act(OCK_ACT_NONE)
    case .clip(let lower, let upper): return act(OCK_ACT_CLIP, lower, upper)
    case .leakyRelu(let slope): return act(OCK_ACT_LEAKY_RELU, slope)
    case .sigmoid: return act(OCK_ACT_SIGMOID)
    case .hardSigmoid(let a, let b): return act(OCK_ACT_HARD_SIGMOID, a, b)
    case .silu: return act(OCK_ACT_SILU)
    case .hardSwish: return act(OCK_ACT_HARD_SWISH)
    case .tanh: return act(OCK_ACT_TANH)
    case .geluErf: return act(OCK_ACT_GELU_ERF)
    case .geluTanh: return act(OCK_ACT_GELU_TANH)
    case .elu(let a): return act(OCK_ACT_ELU, a)
    case .mish: return act(OCK_ACT_MISH)
    case .quickGelu(let a): return act(OCK_ACT_QUICK_GELU, a)
    case .exp: return act(OCK_ACT_EXP)
    case .erf: return act(OCK_ACT_ERF)
    case .sqrt: return act(OCK_ACT_SQRT)
    case .abs: return act(OCK_ACT_ABS)
    case .reciprocal: return act(OCK_ACT_RECIPROCAL)
    case .linear(let a, let b): return act(OCK_ACT_LINEAR, a, b)
    case .nanToZero: return act(OCK_ACT_NAN_TO_ZERO)
    }
  }
}

extension Epilogue {
  var kernelForm: ock_epilogue { ock_epilogue(act: activation.kernelForm, residual_after: addsLast) }
}

extension ock_act {
  static let none = Activation.none.kernelForm
}

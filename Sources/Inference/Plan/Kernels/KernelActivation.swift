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

extension Fact {
  /// Channels in a block of the blocked layout: the vector length of the instruction set in use.
  package static var block: Int { Int(ock_channel_block()) }

  /// Channels in a block of bytes, but for tensors of up to 4 channels.
  static let wideByteBlock = Int(ock_byte_block(16))

  /// Channels in a block of this tensor's blocked layout.
  var channelBlock: Int { type == .uint8 ? Int(ock_byte_block(Int32(clamping: shape[1]))) : Fact.block }

  /// Whether blocked parts of these channels, one after the other, are the blocked whole.
  static func areAligned(_ parts: [Fact]) -> Bool {
    // Bytes of few channels lie in blocks of their own width.
    if parts.contains(where: { $0.type == .uint8 && $0.shape[1] <= 4 }) { return false }
    return parts.dropLast().allSatisfy { $0.shape[1] % $0.channelBlock == 0 }
  }

  /// Blocks of the blocked layout, batch included.
  var blockCount: Int { shape[0] * ((shape[1] + channelBlock - 1) / channelBlock) }

  /// Elements from one item of the batch to the next in this fact's layout.
  var batchStride: Int { shape[0] == 0 ? 0 : byteCount / type.byteCount / shape[0] }

  /// Floats that the value takes in its layout.
  var floatCount: Int { byteCount / MemoryLayout<Float>.stride }

  /// Whether every extent fits the kernels' 32-bit integers.
  var fitsKernels: Bool { shape.allSatisfy { $0 <= Int(Int32.max) } && area <= Int(Int32.max) }
}

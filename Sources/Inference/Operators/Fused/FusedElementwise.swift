import Kernels

import Ground

/// The binary operators that have a kernel, by their names in the specification.
package enum BinaryKind: String, Sendable {
  case add = "Add"
  case sub = "Sub"
  case mul = "Mul"
  case div = "Div"
  case max = "Max"
  case min = "Min"

  var kernelForm: ock_binary_kind {
    switch self {
    case .add: OCK_ADD
    case .sub: OCK_SUB
    case .mul: OCK_MUL
    case .div: OCK_DIV
    case .max: OCK_MAX
    case .min: OCK_MIN
    }
  }
}

/// A binary operator of the specification with an activation behind it, on float32.
package struct FusedBinary: FusedOperator {
  package static let definition = FusedDefinition<FusedBinary>(
    "FusedBinary", kernel: { ElementwiseKernels.binary($0.kind, $1, activation: $0.activation) })

  package var kind: BinaryKind
  package var base: any Operator
  package var activation: Activation

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let results = try base.evaluate(inputs, context)
    return try ActivationOperator(activation).evaluate(results, context)
  }
}

/// x * scale + shift with a constant scale and shift for each channel, then an activation: a normalisation that no
/// convolution could take. Inputs: X (batch, channels, …), scale, shift.
package struct ScaleShift: FusedOperator {
  package static let definition = FusedDefinition<ScaleShift>("ScaleShift", kernel: ScaleShiftKernels.compile)

  package var activation = Activation.none

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let input = try inputs.tensor(0, "X")
    let (scale, shift) = (try inputs.tensor(1, "scale"), try inputs.tensor(2, "shift"))
    guard input.rank >= 2, scale.shape == [input.shape[1]], shift.shape == scale.shape, input.type == .float32,
      scale.type == .float32, shift.type == .float32
    else { throw InferenceError(.badShape, "scale \(scale.shape) and shift \(shift.shape) for \(input.shape)") }
    let result = try Tensor(uninitialized: .float32, input.shape)
    let (x, y) = (input.elements(as: Float.self), result.elements(as: Float.self))
    let (factors, summands) = (scale.elements(as: Float.self), shift.elements(as: Float.self))
    let plane = input.shape[2...].reduce(1, *)
    for i in x.indices {
      let channel = i / plane % input.shape[1]
      y[i] = activation(x[i] * factors[channel] + summands[channel])
    }
    return [.tensor(result)]
  }
}

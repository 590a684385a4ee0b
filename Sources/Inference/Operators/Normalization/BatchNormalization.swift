import Ground

/// BatchNormalization.
enum BatchNormalizationFamily {
  static let definitions: [OperatorDefinition] = [
    OperatorDefinition("BatchNormalization") { try BatchNormalization($0) }
      .shapes(ShapeRules.oneTyped(ShapeRules.same)).late(.follows)
  ]
}

/// BatchNormalization: scale * (x - mean) / sqrt(variance + epsilon) + bias, a channel at a time.
package struct BatchNormalization: Operator {
  package let epsilon: Float
  private let momentum: Float
  /// Normalises by the batch's own statistics and updates the running ones (operator set 14).
  package let isTraining: Bool

  init(_ attributes: NodeAttributes) throws {
    epsilon = try attributes.float("epsilon", default: 1e-5)
    momentum = try attributes.float("momentum", default: 0.9)
    isTraining = try attributes.flag("training_mode")
    guard try attributes.int("spatial", default: 1) == 1 else {
      throw InferenceError(.unsupportedFeature, "BatchNormalization with spatial=0 is not supported")
    }
  }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let input = try inputs.tensor(0, "X")
    guard input.rank >= 1 else { throw InferenceError(.badShape, "BatchNormalization of a scalar") }
    let channels = input.rank == 1 ? 1 : input.shape[1]
    let parameters = try ["scale", "B", "mean", "var"].enumerated().map { index, role in
      let tensor = try inputs.tensor(index + 1, role)
      guard tensor.shape == [channels] else {
        throw InferenceError(.badShape, "'\(role)' has shape \(tensor.shape) for \(channels) channels")
      }
      return tensor
    }
    if input.type == .float64, parameters.allSatisfy({ $0.type == .float64 }) {
      return try run(Double.self, input, parameters, channels, context.outputCount)
    }
    let results = try run(
      Float.self, input.widened(), parameters.map { try $0.widened() }, channels, context.outputCount)
    let types = [input.type, parameters[2].type, parameters[3].type]
    return try zip(results, types).map { .tensor(try $0.tensor().narrowed(to: $1)) }
  }

  private func run<T: BinaryFloatingPoint & TensorElement>(
    _: T.Type, _ input: Tensor, _ parameters: [Tensor], _ channels: Int, _ outputCount: Int
  ) throws -> [Value] {
    guard input.type == T.type, parameters.allSatisfy({ $0.type == T.type }) else {
      throw InferenceError(.badType, "input and parameters differ in type")
    }
    let batch = input.shape[0]
    let plane = input.shape.dropFirst(2).reduce(1, *)
    let result = try Tensor(uninitialized: T.type, input.shape)
    let (x, y) = (input.elements(as: T.self), result.elements(as: T.self))
    let (scale, bias) = (parameters[0].elements(as: T.self), parameters[1].elements(as: T.self))
    var mean = parameters[2].array(of: T.self)
    var variance = parameters[3].array(of: T.self)
    if isTraining { (mean, variance) = statistics(x, batch: batch, channels: channels, plane: plane) }
    for channel in 0..<channels {
      let factor = scale[channel] / (variance[channel] + T(epsilon)).squareRoot()
      let offset = bias[channel] - mean[channel] * factor
      for image in 0..<batch {
        let start = (image * channels + channel) * plane
        for i in start..<start + plane { y[i] = x[i] * factor + offset }
      }
    }
    guard isTraining, outputCount > 1 else { return [.tensor(result)] }
    let (oldMean, oldVariance) = (parameters[2].array(of: T.self), parameters[3].array(of: T.self))
    let keep = T(momentum)
    let blend: (T, T) -> T = { $0 * keep + $1 * (1 - keep) }
    return [
      .tensor(result), .tensor(Tensor([channels], zip(oldMean, mean).map(blend))),
      .tensor(Tensor([channels], zip(oldVariance, variance).map(blend))),
    ]
  }

  /// Mean and (biased) variance of each channel over the batch.
  private func statistics<T: BinaryFloatingPoint>(
    _ x: UnsafeMutableBufferPointer<T>, batch: Int, channels: Int, plane: Int
  ) -> ([T], [T]) {
    var mean = [T](repeating: 0, count: channels)
    var variance = mean
    let count = T(max(1, batch * plane))
    for channel in 0..<channels {
      func sum(_ term: (T) -> T) -> T {
        var total: T = 0
        for image in 0..<batch {
          let start = (image * channels + channel) * plane
          for i in start..<start + plane { total += term(x[i]) }
        }
        return total
      }
      let center = sum { $0 } / count
      mean[channel] = center
      variance[channel] = sum { ($0 - center) * ($0 - center) } / count
    }
    return (mean, variance)
  }
}

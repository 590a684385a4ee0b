/// Products of bytes whose input scale and zero point are found at run time; their results are numbers.
///
/// Inputs: X (uint8), W (8 bits, constant), X's scale, X's zero point, bias (float32, one an output) or nothing.
package struct DynamicProduct: FusedOperator {
  package static let definition = FusedDefinition<DynamicProduct>(
    "DynamicProduct", kernel: DynamicProductKernels.product)

  /// A convolution's geometry, or nil for a product of matrices (B is k x n).
  package var convolution: Convolution?
  package var weight: WeightScale

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let (x, w) = (try inputs.tensor(0, "X"), try inputs.tensor(1, "W"))
    let data = try QuantizedProductOperators.centered(x, zero: try inputs.optionalTensor(3, "zero point"))
    let channelAxis = convolution == nil ? w.rank - 1 : 0
    let outputs = w.shape[channelAxis]
    var broadcast = [Int](repeating: 1, count: w.rank)
    broadcast[channelAxis] = outputs
    let zeros = Tensor(broadcast, (0..<outputs).map { Double(weight.zero($0)) })
    let centered = try arithmetic(Subtraction.self, try w.converted(to: .float64), zeros)
    let sums =
      try convolution.map { try $0.evaluate([.tensor(data), .tensor(centered), nil], context)[0].tensor() }
      ?? MatMul().product(data, centered)
    var spread = [outputs]
    if convolution != nil { spread += [Int](repeating: 1, count: w.rank - 2) }
    let factor = try inputs.tensor(2, "scale").floats().first ?? 1
    let scales = Tensor(spread, (0..<outputs).map { factor * weight.scale($0) })
    var result = try arithmetic(Multiplication.self, try sums.converted(to: .float32), scales)
    if let bias = try inputs.optionalTensor(4, "bias") {
      result = try arithmetic(Addition.self, result, try bias.reshaped(spread))
    }
    return [.tensor(result)]
  }
}

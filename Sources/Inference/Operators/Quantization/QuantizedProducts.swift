/// Convolutions and matrix products of integers: MatMulInteger, ConvInteger, QLinearMatMul, QLinearConv.
///
/// Products of 8-bit numbers and their sums are exact in double precision, so the plain operators compute them there.
enum QuantizedProductOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("MatMulInteger") { _ in
      { x in
        let (a, b) = (try x.tensor(0), try x.tensor(1))
        let left = try centered(a, zero: try rows(x.optionalTensor(2), of: a))
        let right = try centered(b, zero: try columns(x.optionalTensor(3)))
        return try MatMul().product(left, right).converted(to: .int32)
      }
    }
    .shapes(integerProductShape),
    .tensor("ConvInteger") { attributes in
      let convolution = try Convolution(attributes)
      return { x in
        let data = try centered(try x.tensor(0), zero: try x.optionalTensor(2))
        let weight = try x.tensor(1)
        let zero = try x.optionalTensor(3).map {
          try QuantizationLayout(axis: 0, block: 0).spread($0, over: weight.shape)
        }
        let result = try convolution.evaluate(
          [.tensor(data), .tensor(try centered(weight, zero: zero))], x.context)
        return try result[0].tensor().converted(to: .int32)
      }
    }
    .shapes(integerConvolutionShape),
    .tensor("QLinearMatMul") { _ in
      { x in
        let (a, b, zero) = (try x.tensor(0), try x.tensor(3), try x.tensor(7))
        let left = try centered(a, zero: try rows(x.tensor(2), of: a))
        let right = try centered(b, zero: try columns(x.tensor(5)))
        let sums = try MatMul().product(left, right)
        let scale = try arithmetic(
          Multiplication.self, try rows(x.tensor(1), of: a)?.converted(to: .float32) ?? Tensor(scalar: Float(1)),
          try columns(x.tensor(4))?.converted(to: .float32) ?? Tensor(scalar: Float(1)))
        return try requantize(sums, scale: scale, by: try x.tensor(6), zero: zero)
      }
    }
    .shapes(quantizedProductShape),
    .tensor("QLinearConv") { try convolution($0, isChannelsLast: false) }
      .shapes(quantizedConvolutionShape),
    .tensor("QLinearConv", domain: "com.microsoft") { attributes in
      try convolution(attributes, isChannelsLast: try attributes.flag("channels_last"))
    }
    .shapes(quantizedConvolutionShape),
  ]

  private static func convolution(
    _ attributes: NodeAttributes, isChannelsLast: Bool
  ) throws -> @Sendable (Arguments) throws -> Tensor {
    let convolution = try Convolution(attributes)
    return { x in
      let weight = try x.tensor(3)
      let channels = QuantizationLayout(axis: 0, block: 0)
      let order = ChannelsLast(rank: try x.tensor(0).rank, applies: isChannelsLast)
      let data = try centered(try order.first(try x.tensor(0)), zero: try x.tensor(2))
      let kernel = try centered(weight, zero: try channels.spread(try x.tensor(5), over: weight.shape))
      let bias = try x.optionalTensor(8)?.converted(to: .float64)
      let inputs: [Value?] = [.tensor(data), .tensor(kernel), bias.map { .tensor($0) }]
      let sums = try convolution.evaluate(inputs, x.context)[0].tensor()
      // A scale for each output channel, which is axis 1 of the sums.
      let scales = try QuantizationLayout(axis: 1, block: 0).spread(
        try x.tensor(4).converted(to: .float32), over: sums.shape)
      let scale = try arithmetic(
        Multiplication.self, try x.tensor(1).converted(to: .float32).reshaped([]), scales)
      return try order.last(try requantize(sums, scale: scale, by: try x.tensor(6), zero: try x.tensor(7)))
    }
  }

  /// x - zero in double precision.
  static func centered(_ x: Tensor, zero: Tensor?) throws -> Tensor {
    let wide = try x.converted(to: .float64)
    guard let zero else { return wide }
    let spread = zero.count == 1 ? try zero.reshaped([]) : zero
    return try arithmetic(Subtraction.self, wide, try spread.converted(to: .float64))
  }

  /// round(sums * scale / by) + zero, in the zero point's type. The factor is computed in single precision, as ONNX
  /// Runtime does it.
  static func requantize(_ sums: Tensor, scale: Tensor, by divisor: Tensor, zero: Tensor) throws -> Tensor {
    let factor = try arithmetic(Division.self, scale, try divisor.converted(to: .float32).reshaped([]))
    let steps = try arithmetic(Multiplication.self, try sums.converted(to: .float32), factor)
    let shift = try zero.converted(to: .float32)
    return try QuantizationOperators.requantized(
      steps, zeros: shift.count == 1 ? try shift.reshaped([]) : shift, to: zero.type)
  }

  /// A parameter of the left operand: one number, or one for each of its rows.
  private static func rows(_ parameter: Tensor?, of matrix: Tensor) throws -> Tensor? {
    guard let parameter else { return nil }
    if parameter.count == 1 { return try parameter.reshaped([]) }
    return parameter.rank == 1 && matrix.rank > 1 ? try parameter.reshaped([parameter.count, 1]) : parameter
  }

  /// A parameter of the right operand: one number, or one for each of its columns (the last axis).
  private static func columns(_ parameter: Tensor?) throws -> Tensor? {
    guard let parameter else { return nil }
    return parameter.count == 1 ? try parameter.reshaped([]) : parameter
  }

  /// Quantised numbers times a quantised weight, as float32, plus a bias.
  static func floatProduct(
    _ steps: Tensor, scale: Tensor, zero: Tensor?, weight: Tensor, weightScale: Tensor, weightZero: Tensor?,
    bias: Tensor?
  ) throws -> Tensor {
    let left = try centered(steps, zero: zero)
    let right = try centered(weight, zero: weightZero)
    let sums = try MatMul().product(left, right).converted(to: .float32)
    let result = try arithmetic(
      Multiplication.self, sums, try arithmetic(Multiplication.self, flat(scale), flat(weightScale)))
    return try bias.map { try arithmetic(Addition.self, result, $0) } ?? result
  }

  /// A scale in float32; one number as a scalar.
  static func flat(_ x: Tensor) throws -> Tensor {
    let wide = try x.converted(to: .float32)
    return wide.count == 1 ? try wide.reshaped([]) : wide
  }
}

// MARK: shapes

extension QuantizedProductOperators {
  @Sendable
  static func integerConvolutionShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), let w = question.input(1) else { return nil }
    let geometry = try Convolution(question.attributes).geometry(input: x.shape, weight: w.shape, bias: nil)
    return [Fact(.int32, [x.shape[0], w.shape[0]] + geometry.outputShape)]
  }

  @Sendable
  static func quantizedProductShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let a = question.input(0), let b = question.input(3), let zero = question.input(7) else { return nil }
    return [Fact(zero.type, try MatMul.Geometry(a.shape, b.shape).shape)]
  }

  @Sendable
  static func integerProductShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let a = question.input(0), let b = question.input(1) else { return nil }
    return [Fact(.int32, try MatMul.Geometry(a.shape, b.shape).shape)]
  }

  @Sendable
  static func quantizedConvolutionShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), let w = question.input(3), let zero = question.input(7), x.shape.count >= 3 else {
      return nil
    }
    // An attribute of com.microsoft's form alone.
    let isChannelsLast = try question.attributes.flag("channels_last")
    let last = x.shape.count - 1
    let input = isChannelsLast ? [x.shape[0], x.shape[last]] + x.shape[1..<last] : x.shape
    let geometry = try Convolution(question.attributes).geometry(
      input: input, weight: w.shape, bias: question.input(8)?.shape)
    let spatial = geometry.outputShape
    return [
      Fact(zero.type, isChannelsLast ? [x.shape[0]] + spatial + [w.shape[0]] : [x.shape[0], w.shape[0]] + spatial)
    ]
  }
}

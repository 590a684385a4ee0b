import Ground

/// What ONNX Runtime's quantiser writes in the domain com.microsoft: operators on 8-bit tensors, each operand followed
/// by its scale and zero point. They compute on the numbers that the steps stand for.
enum MicrosoftQuantizedOperators {
  private static let domain = "com.microsoft"

  static let definitions: [OperatorDefinition] = [
    .tensor("QLinearAdd", domain: domain) { _ in { x in try binary(x, isProduct: false) } }
      .shapes(binaryShape),
    .tensor("QLinearMul", domain: domain) { _ in { x in try binary(x, isProduct: true) } }
      .shapes(binaryShape),
    .tensor("QLinearSigmoid", domain: domain) { _ in
      { x in
        try unary(x) { Float(1 / (1 + Double.power(2.718281828459045, -Double($0)))) }
      }
    }
    .shapes(ShapeRules.same),
    .tensor("QLinearLeakyRelu", domain: domain) { attributes in
      let alpha = try attributes.float("alpha", default: 0.01)
      return { x in try unary(x) { $0 >= 0 ? $0 : alpha * $0 } }
    }
    .shapes(ShapeRules.same),
    .tensor("QLinearSoftmax", domain: domain, softmax)
      .shapes(ShapeRules.same),
    .tensor("QLinearGlobalAveragePool", domain: domain) { attributes in
      let channelsLast = try attributes.flag("channels_last")
      return { x in
        let numbers = try operand(x, 0)
        try require(numbers.rank >= 3, "pooling needs spatial axes, the shape is \(numbers.shape)")
        let axes = channelsLast ? Array(1..<(numbers.rank - 1)) : Array(2..<numbers.rank)
        return try quantized(try ReductionOperators.reduce(.mean, numbers, axes: axes, keepsAxes: true), x, 3)
      }
    }
    .shapes(globalPoolShape),
    .tensor("QLinearReduceMean", domain: domain) { attributes in
      let axes = try attributes.ints("axes")
      let keepsAxes = try attributes.flag("keepdims", default: true)
      return { x in
        let numbers = try operand(x, 0)
        return try quantized(
          try ReductionOperators.reduce(.mean, numbers, axes: axes ?? Array(0..<numbers.rank), keepsAxes: keepsAxes),
          x, 3)
      }
    },
    .tensor("QLinearAveragePool", domain: domain) { attributes in
      let pool = try AveragePool(attributes)
      let isChannelsLast = try attributes.flag("channels_last")
      return { x in
        let numbers = try operand(x, 0)
        let order = ChannelsLast(rank: numbers.rank, applies: isChannelsLast)
        let pooled = try pool.evaluate([.tensor(try order.first(numbers))], x.context)[0].tensor()
        return try quantized(try order.last(pooled), x, 3)
      }
    },
    .tensor("QLinearWhere", domain: domain) { _ in
      { x in try quantized(try select(try x.tensor(0), try operand(x, 1), try operand(x, 4)), x, 7) }
    },
    .tensor("QLinearConcat", domain: domain) { attributes in
      let axis = try attributes.int("axis", default: 0)
      return { x in
        let parts = try stride(from: 2, to: x.count, by: 3).map { try operand(x, $0) }
        return try quantized(try SlicingOperators.concatenate(parts, axis: axis), x, 0)
      }
    }
    .shapes(concatShape),
    .tensor("QGemm", domain: domain, gemm),
    .tensor("DynamicQuantizeMatMul", domain: domain) { _ in
      { x in
        let data = try x.tensor(0)
        let (scale, zero) = try QuantizationOperators.dynamicParameters(data)
        let steps = try QuantizationOperators.quantize(
          data, scale: Tensor(scalar: scale), zero: Tensor(scalar: zero), to: .uint8, .perTensor)
        return try QuantizedProductOperators.floatProduct(
          steps, scale: Tensor(scalar: scale), zero: Tensor(scalar: zero), weight: try x.tensor(1),
          weightScale: try x.tensor(2), weightZero: try x.optionalTensor(3), bias: try x.optionalTensor(4))
      }
    },
    .tensor("MatMulIntegerToFloat", domain: domain) { _ in
      { x in
        try QuantizedProductOperators.floatProduct(
          try x.tensor(0), scale: try x.tensor(2), zero: try x.optionalTensor(4), weight: try x.tensor(1),
          weightScale: try x.tensor(3), weightZero: try x.optionalTensor(5), bias: try x.optionalTensor(6))
      }
    },
  ]

  /// The numbers of the quantised operand at `index`, whose scale and zero point follow it.
  private static func operand(_ x: Arguments, _ index: Int) throws -> Tensor {
    try QuantizationOperators.dequantize(
      try x.tensor(index), scale: try x.tensor(index + 1), zero: try x.optionalTensor(index + 2), .perTensor
    ).converted(to: .float32)
  }

  /// `numbers` quantised by the scale at `index` and the zero point after it.
  private static func quantized(_ numbers: Tensor, _ x: Arguments, _ index: Int) throws -> Tensor {
    let zero = try x.optionalTensor(index + 1)
    // Without a zero point the result has the type of the quantised operand.
    let type = try zero?.type ?? x.tensor(index == 0 ? 2 : 0).type
    return try QuantizationOperators.quantize(
      numbers, scale: try x.tensor(index), zero: zero, to: type, .perTensor)
  }

  private static func binary(_ x: Arguments, isProduct: Bool) throws -> Tensor {
    let (a, b) = (try x.tensor(0), try x.tensor(3))
    let arithmetic = QuantizedArithmetic(
      isProduct: isProduct, a: try parameters(x, 1), b: try parameters(x, 4), output: try parameters(x, 6))
    return try arithmetic.steps(a, b, as: try x.optionalTensor(7)?.type ?? a.type)
  }

  /// The one scale at `index` and the zero point after it.
  private static func parameters(_ x: Arguments, _ index: Int) throws -> (scale: Float, zero: Float) {
    let (scale, zero) = (try x.tensor(index), try x.optionalTensor(index + 1))
    guard scale.count == 1, zero?.count ?? 1 == 1, let value = try scale.floats().first else {
      throw InferenceError(.badShape, "one scale and one zero point are needed, not \(scale.count)")
    }
    return (value, try zero?.floats().first ?? 0)
  }

  private static func unary(_ x: Arguments, _ function: (Float) -> Float) throws -> Tensor {
    try quantized(try mapFloats(try operand(x, 0), function), x, 3)
  }

  /// Softmax in integers. Signed bytes are turned into unsigned ones on the way.
  @Sendable private static func softmax(
    _ attributes: NodeAttributes
  ) throws -> @Sendable (Arguments) throws -> Tensor {
    let axis = try attributes.int("axis", default: -1)
    let coerces = try attributes.int("opset", default: 13) < 13
    return { x in
      let data = try x.tensor(0)
      guard data.type == .uint8 || data.type == .int8 else {
        throw InferenceError(.badType, "softmax of quantised \(data.type.name)")
      }
      let lift: Float = data.type == .int8 ? 128 : 0
      let output = try parameters(x, 3)
      let operation = QuantizedSoftmax(
        axis: axis, coerces: coerces, input: try parameters(x, 1).scale,
        output: ByteScale(scale: output.scale, zero: Int(saturating: min(max(output.zero + lift, 0), 255))))
      guard lift > 0 else { return try operation.evaluate([.tensor(data)], x.context)[0].tensor() }
      let unsigned = Tensor(data.shape, data.elements(as: Int8.self).map { UInt8(bitPattern: $0) ^ 0x80 })
      let result = try operation.evaluate([.tensor(unsigned)], x.context)[0].tensor()
      return Tensor(data.shape, result.elements(as: UInt8.self).map { Int8(bitPattern: $0 ^ 0x80) })
    }
  }

  /// QGemm: alpha * A * B + C, with scales a column for B; quantised when a result scale is given, else float.
  @Sendable private static func gemm(
    _ attributes: NodeAttributes
  ) throws -> @Sendable (Arguments) throws -> Tensor {
    let alpha = try attributes.float("alpha", default: 1)
    let transposesA = try attributes.flag("transA")
    let transposesB = try attributes.flag("transB")
    return { x in
      let (a, b) = (try x.tensor(0), try x.tensor(3))
      try require(a.rank == 2 && b.rank == 2, "matrices are needed, not \(a.shape) and \(b.shape)")
      let left = try QuantizedProductOperators.centered(a, zero: try x.tensor(2))
      // A zero point a column belongs to B as it is multiplied.
      let columns = transposesB ? try b.transposed([1, 0]) : b
      let right = try QuantizedProductOperators.centered(columns, zero: try x.tensor(5))
      var sums = try MatMul().product(transposesA ? try left.transposed([1, 0]) : left, right)
      if let bias = try x.optionalTensor(6) {
        sums = try arithmetic(Addition.self, sums, try bias.converted(to: .float64))
      }
      let scale = try mapFloats(
        try arithmetic(
          Multiplication.self, QuantizedProductOperators.flat(try x.tensor(1)),
          QuantizedProductOperators.flat(try x.tensor(4)))
      ) { $0 * alpha }
      if let resultScale = try x.optionalTensor(7) {
        let zero = try x.optionalTensor(8) ?? Tensor(zeros: a.type, [])
        return try QuantizedProductOperators.requantize(sums, scale: scale, by: resultScale, zero: zero)
      }
      return try arithmetic(Multiplication.self, try sums.converted(to: .float32), scale)
    }
  }
}

// MARK: shapes

extension MicrosoftQuantizedOperators {
  @Sendable
  static func binaryShape(_ question: ShapeQuestion) -> [Fact]? {
    guard let a = question.input(0), let b = question.input(3), let shape = ShapeRules.broadcast(a.shape, b.shape)
    else {
      return nil
    }
    return [Fact(question.input(7)?.type ?? a.type, shape)]
  }

  @Sendable
  static func globalPoolShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), x.shape.count >= 3 else { return nil }
    let ones = [Int](repeating: 1, count: x.shape.count - 2)
    let isChannelsLast = try question.attributes.flag("channels_last")
    let shape = isChannelsLast ? [x.shape[0]] + ones + [x.shape[x.shape.count - 1]] : x.shape.prefix(2) + ones
    return [Fact(question.input(4)?.type ?? x.type, Array(shape))]
  }

  @Sendable
  static func concatShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let zero = question.input(1) else { return nil }
    let parts = stride(from: 2, to: question.inputs.count, by: 3).compactMap { question.input($0) }
    guard let first = parts.first, parts.count == (question.inputs.count - 2) / 3,
      let axis = question.axis(try question.attributes.int("axis", default: 0), rank: first.shape.count),
      parts.allSatisfy({ part in
        part.shape.count == first.shape.count
          && part.shape.indices.allSatisfy { $0 == axis || part.shape[$0] == first.shape[$0] }
      })
    else { return nil }
    var shape = first.shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    return [Fact(zero.type, shape)]
  }
}

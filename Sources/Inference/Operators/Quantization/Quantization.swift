import Ground

/// QuantizeLinear, DequantizeLinear (a scale for the tensor, an axis, or blocks of an axis), DynamicQuantizeLinear.
enum QuantizationOperators {
  static let definitions: [OperatorDefinition] = ["", "com.microsoft"].flatMap { domain in
    [
      .tensor("QuantizeLinear", domain: domain) { attributes in
        let layout = try QuantizationLayout(attributes)
        let named =
          try attributes.int("output_dtype", default: 0) == 0
          ? nil : CastOperators.elementType(attributes, "output_dtype", default: nil)
        return { x in
          let zero = try x.optionalTensor(2)
          return try quantize(
            try x.tensor(0), scale: try x.tensor(1), zero: zero, to: zero?.type ?? named ?? .uint8, layout)
        }
      }
      .shapes(quantizedShape).elementwise(),
      .tensor("DequantizeLinear", domain: domain) { attributes in
        let layout = try QuantizationLayout(attributes)
        return { x in
          try dequantize(try x.tensor(0), scale: try x.tensor(1), zero: try x.optionalTensor(2), layout)
        }
      }
      .shapes(dequantizedShape).elementwise(),
      .tensors("DynamicQuantizeLinear", domain: domain) { _ in
        { x in
          let data = try x.tensor(0)
          let parameters = try dynamicParameters(data)
          let (scale, zero) = (Tensor(scalar: parameters.scale), Tensor(scalar: parameters.zero))
          return [try quantize(data, scale: scale, zero: zero, to: .uint8, .perTensor), scale, zero]
        }
      }
      .shapes(dynamicShape).kernel(DynamicProductKernels.quantize),
    ]
  }

  /// round(x / scale) + zero, half to even, clamped to the type's range.
  static func quantize(
    _ x: Tensor, scale: Tensor, zero: Tensor?, to type: ElementType, _ layout: QuantizationLayout
  ) throws -> Tensor {
    guard type.isInteger, x.type.computeType != nil else {
      throw InferenceError(.badType, "cannot quantise \(x.type.name) to \(type.name)")
    }
    let numbers = try x.converted(to: .float32)
    let scales = try layout.spread(try scale.converted(to: .float32), over: x.shape)
    let steps = try arithmetic(Division.self, numbers, scales)
    let zeros = try layout.spread(try (zero ?? Tensor(scalar: Float(0))).converted(to: .float32), over: x.shape)
    return try requantized(steps, zeros: zeros, to: type)
  }

  /// Rounded steps plus zero points, clamped to the type's range. `zeros` broadcasts to `steps`.
  static func requantized(_ steps: Tensor, zeros: Tensor, to type: ElementType) throws -> Tensor {
    let range = type.integerRange
    let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    let plan = try Broadcasting([steps.shape, zeros.shape], to: steps.shape)
    let rounded = try Tensor(uninitialized: .float32, steps.shape)
    withExtendedLifetime((steps, zeros)) {
      broadcastLoop(
        plan, steps.pointer(to: Float.self), zeros.pointer(to: Float.self), rounded.mutablePointer(to: Float.self)
      ) { step, zero in min(max(step.rounded(.toNearestOrEven) + zero, low), high) }
    }
    return try rounded.converted(to: type)
  }

  /// (x - zero) * scale, in the scale's type.
  static func dequantize(
    _ x: Tensor, scale: Tensor, zero: Tensor?, _ layout: QuantizationLayout
  ) throws -> Tensor {
    let scales = try layout.spread(try scale.converted(to: .float32), over: x.shape)
    var steps = try x.converted(to: .float32)
    if let zero {
      guard zero.type == x.type else { throw InferenceError(.badType, "the zero point must be \(x.type.name)") }
      steps = try arithmetic(
        Subtraction.self, steps, try layout.spread(try zero.converted(to: .float32), over: x.shape))
    }
    return try arithmetic(Multiplication.self, steps, scales).converted(to: scale.type)
  }

  /// The numbers that 8 bits with the data's own scale and zero point stand for.
  static func dynamicallyRounded(_ x: Tensor) throws -> Tensor {
    let parameters = try dynamicParameters(x)
    let (scale, zero) = (Tensor(scalar: parameters.scale), Tensor(scalar: parameters.zero))
    let steps = try quantize(x, scale: scale, zero: zero, to: .uint8, .perTensor)
    return try dequantize(steps, scale: scale, zero: zero, .perTensor)
  }

  /// The scale and zero point that span the data and zero with 8 bits.
  static func dynamicParameters(_ x: Tensor) throws -> (scale: Float, zero: UInt8) {
    let values = try x.floats()
    let low = min(0, values.min() ?? 0)
    let high = max(0, values.max() ?? 0)
    let scale = (high - low) / 255
    guard scale > 0, scale.isFinite else { return (1, 0) }
    let zero = min(max(Int64(saturating: Double((-low / scale).rounded(.toNearestOrEven))), 0), 255)
    return (scale, UInt8(zero))
  }
}

/// What a scale belongs to: the whole tensor, each index of an axis, or each block of an axis.
struct QuantizationLayout: Sendable {
  let axis: Int
  let block: Int

  static let perTensor = QuantizationLayout(axis: 1, block: 0)

  init(_ attributes: NodeAttributes) throws {
    axis = try attributes.int("axis", default: 1)
    block = try attributes.int("block_size", default: 0)
  }

  init(axis: Int, block: Int) {
    self.axis = axis
    self.block = block
  }

  /// The parameter in a shape that broadcasts to the data's.
  func spread(_ parameter: Tensor, over shape: [Int]) throws -> Tensor {
    if shape.contains(0) { return try Tensor(zeros: parameter.type, []) }
    if block > 0 && parameter.rank == shape.count && parameter.rank > 0 {
      let axis = try normalizedAxis(axis, rank: shape.count)
      try require(
        parameter.shape[axis] == (shape[axis] - 1) / block + 1,
        "a parameter of shape \(parameter.shape) for data of shape \(shape) in blocks of \(block)")
      var maps = parameter.shape.map { Array(0..<$0) }
      maps[axis] = (0..<shape[axis]).map { $0 / block }
      return try parameter.mapped(maps)
    }
    if parameter.count == 1 { return try parameter.reshaped([]) }
    let axis = try normalizedAxis(axis, rank: shape.count)
    try require(
      parameter.rank == 1 && parameter.count == shape[axis],
      "a parameter of shape \(parameter.shape) for axis \(axis) of shape \(shape)")
    return try parameter.reshaped([parameter.count] + Array(repeating: 1, count: shape.count - 1 - axis))
  }
}

// MARK: shapes

extension QuantizationOperators {
  @Sendable
  static func quantizedShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), let zero = question.input(2) else { return nil }
    return [Fact(zero.type, x.shape)]
  }

  @Sendable
  static func dequantizedShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), let scale = question.input(1), question.outputCount == 1 else {
      return nil
    }
    return [Fact(scale.type, x.shape)]
  }

  @Sendable
  static func dynamicShape(_ question: ShapeQuestion) throws -> [Fact]? {
    guard let x = question.input(0), question.outputCount == 3 else { return nil }
    return [Fact(.uint8, x.shape), Fact(.float32, []), Fact(.uint8, [])]
  }
}

import Ground

/// The operators on bytes that the quantisation passes make: unsigned activations of one scale, constant 8-bit weights.
/// Their kernels are in the files beside this one.

/// What the bytes of a tensor stand for: (byte - zero) * scale.
package struct ByteScale: Sendable, Hashable {
  package var scale: Float
  package var zero: Int

  package init(scale: Float, zero: Int) {
    self.scale = scale
    self.zero = zero
  }

  func dequantized(_ x: Tensor) throws -> Tensor {
    try QuantizationOperators.dequantize(x, scale: Tensor(scalar: scale), zero: zeroTensor, .perTensor)
  }

  func quantized(_ x: Tensor) throws -> Tensor {
    try QuantizationOperators.quantize(x, scale: Tensor(scalar: scale), zero: zeroTensor, to: .uint8, .perTensor)
  }

  /// Scale and zero point as ``QuantizedArithmetic`` takes them.
  var numbers: (scale: Float, zero: Float) { (scale, Float(zero)) }

  private var zeroTensor: Tensor { Tensor(scalar: UInt8(clamping: zero)) }
}

/// What weights of 8 bits stand for: one scale and zero point, or one for each output.
package struct WeightScale: Sendable, Hashable {
  package var scales: [Float]
  package var zeros: [Int]

  func scale(_ output: Int) -> Float { scales.count == 1 ? scales[0] : scales[output] }
  func zero(_ output: Int) -> Int { zeros.count == 1 ? zeros[0] : zeros[output] }
}

/// What surrounds a product of bytes: `steps(sum * input scale * weight scale / output scale)`, clamped to `range`;
/// without an output scale the numbers themselves, as float32.
package struct ByteProduct: Sendable {
  package var input: ByteScale
  package var weight: WeightScale
  package var output: ByteScale?
  package var range = 0...255

  /// The factor of output `channel`, as ONNX Runtime computes it.
  func factor(_ channel: Int) -> Float {
    let product = input.scale * weight.scale(channel)
    return output.map { product / $0.scale } ?? product
  }

  /// Results of exact sums in double precision; channels are `axis` of the sums.
  func finish(_ sums: Tensor, axis: Int) throws -> Tensor {
    let channels = sums.shape[axis]
    let inner = sums.shape[(axis + 1)...].reduce(1, *)
    let result = try Tensor(uninitialized: output == nil ? .float32 : .uint8, sums.shape)
    let factors = (0..<channels).map(factor)
    let source = sums.elements(as: Double.self)
    for i in source.indices {
      let y = Float(source[i]) * factors[i / inner % channels]
      if let output {
        let step = min(
          max(y.rounded(.toNearestOrEven) + Float(output.zero), Float(range.lowerBound)), Float(range.upperBound))
        result.elements(as: UInt8.self)[i] = UInt8(saturating: step.isNaN ? Float(range.lowerBound) : step)
      } else {
        result.elements(as: Float.self)[i] = y
      }
    }
    return result
  }
}

/// Inputs: X (uint8), W (8 bits), bias (int32, in units of input scale x weight scale) or nothing.
package struct QuantizedConvolution: FusedOperator {
  package static let definition = FusedDefinition<QuantizedConvolution>(
    "QuantizedConv", kernel: ByteProductKernels.convolution)

  package var convolution: Convolution
  package var product: ByteProduct

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let weight = try inputs.tensor(1, "W")
    let data = try QuantizedProductOperators.centered(
      try inputs.tensor(0, "X"), zero: Tensor(scalar: Int32(product.input.zero)))
    let zeros = Tensor(
      [weight.shape[0]] + [Int](repeating: 1, count: weight.rank - 1),
      (0..<weight.shape[0]).map { Int32(product.weight.zero($0)) })
    let bias = try inputs.optionalTensor(2, "B")?.converted(to: .float64)
    let sums = try convolution.evaluate(
      [.tensor(data), .tensor(try centered(weight, zeros)), bias.map { .tensor($0) }], context)[0].tensor()
    return [.tensor(try product.finish(sums, axis: 1))]
  }

  private func centered(_ x: Tensor, _ zeros: Tensor) throws -> Tensor {
    try arithmetic(Subtraction.self, try x.converted(to: .float64), try zeros.converted(to: .float64))
  }
}

/// A product with a constant matrix. Inputs: A (uint8, any leading axes), B (8 bits), bias (int32) or nothing.
package struct QuantizedLinear: FusedOperator {
  package static let definition = FusedDefinition<QuantizedLinear>("QuantizedLinear", kernel: ByteProductKernels.linear)

  package var product: ByteProduct
  /// B is stored n x k.
  package var transposesB = false

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let stored = try inputs.tensor(1, "B")
    let matrix = transposesB ? try stored.transposed([1, 0]) : stored
    let zeros = Tensor([matrix.shape[1]], (0..<matrix.shape[1]).map { Double(product.weight.zero($0)) })
    let right = try arithmetic(Subtraction.self, try matrix.converted(to: .float64), zeros)
    let left = try QuantizedProductOperators.centered(
      try inputs.tensor(0, "A"), zero: Tensor(scalar: Int32(product.input.zero)))
    var sums = try MatMul().product(left, right)
    if let bias = try inputs.optionalTensor(2, "bias") {
      sums = try arithmetic(Addition.self, sums, try bias.converted(to: .float64))
    }
    return [.tensor(try product.finish(sums, axis: sums.rank - 1))]
  }
}

/// y = table[x], byte by byte: what any function of one number is between two quantised tensors.
package struct ByteTable: FusedOperator {
  package static let definition = FusedDefinition<ByteTable>(
    "ByteTable", isElementwise: true, kernel: ByteElementwiseKernels.table)

  package var table: [UInt8]

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let x = try inputs.tensor(0, "X")
    guard x.type == .uint8 else { throw InferenceError(.badType, "a table of \(x.type.name)") }
    return [.tensor(Tensor(x.shape, x.elements(as: UInt8.self).map { table[Int($0)] }))]
  }
}

/// The sum or product of two quantised tensors, clamped to `range`.
package struct QuantizedBinary: FusedOperator {
  package static let definition = FusedDefinition<QuantizedBinary>(
    "QuantizedBinary", kernel: ByteElementwiseKernels.binary)

  package var isProduct: Bool
  package var a: ByteScale
  package var b: ByteScale
  package var output: ByteScale
  package var range = 0...255

  /// Whether a kernel of bytes takes operands of these shapes: the same, or one number a channel. Other broadcasts are
  /// better left to the kernels of floats.
  static func hasKernel(_ a: [Int], _ b: [Int]) -> Bool {
    if a == b { return true }
    guard a.count == b.count, a.count >= 3, a[..<2] == b[..<2], a[1] > 4 else { return false }
    return a[2...].allSatisfy { $0 == 1 } || b[2...].allSatisfy { $0 == 1 }
  }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let result = try arithmetic.steps(try inputs.tensor(0, "A"), try inputs.tensor(1, "B"), as: .uint8)
    return [.tensor(result.clamped(to: range))]
  }

  /// What one pair of bytes gives.
  package var arithmetic: QuantizedArithmetic {
    QuantizedArithmetic(isProduct: isProduct, a: a.numbers, b: b.numbers, output: output.numbers)
  }
}

/// AveragePool or, with `window` nil, the mean over all spatial axes.
package struct QuantizedAverage: FusedOperator {
  package static let definition = FusedDefinition<QuantizedAverage>(
    "QuantizedAverage", kernel: BytePoolingKernels.compile)

  package var window: AveragePool?
  package var input: ByteScale
  package var output: ByteScale

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let numbers = try input.dequantized(try inputs.tensor(0, "X"))
    guard let window else {
      let mean = try ReductionOperators.reduce(.mean, numbers, axes: Array(2..<max(2, numbers.rank)), keepsAxes: true)
      return [.tensor(try output.quantized(mean))]
    }
    return [.tensor(try output.quantized(try window.evaluate([.tensor(numbers)], context)[0].tensor()))]
  }
}

/// Parts of other scales than the whole's go through a table; nil: as they are.
package struct QuantizedConcat: FusedOperator {
  package static let definition = FusedDefinition<QuantizedConcat>(
    "QuantizedConcat", kernel: ByteElementwiseKernels.concat)

  package var axis: Int
  package var tables: [[UInt8]?]

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let parts = try tables.indices.map { index in
      let part = try inputs.tensor(index, "part")
      return try tables[index].map { try ByteTable(table: $0).evaluate([.tensor(part)], context)[0].tensor() } ?? part
    }
    return [.tensor(try SlicingOperators.concatenate(parts, axis: axis))]
  }
}

/// Float32 to bytes of one scale, and back.
package struct Quantize: FusedOperator {
  package static let definition = FusedDefinition<Quantize>("Quantize", kernel: ByteElementwiseKernels.quantize)

  package var output: ByteScale

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    [.tensor(try output.quantized(try inputs.tensor(0, "X")))]
  }
}

package struct Dequantize: FusedOperator {
  package static let definition = FusedDefinition<Dequantize>(
    "Dequantize", isElementwise: true, kernel: ByteElementwiseKernels.dequantize)

  package var input: ByteScale

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    [.tensor(try input.dequantized(try inputs.tensor(0, "X")))]
  }
}

extension Tensor {
  fileprivate func clamped(to range: ClosedRange<Int>) -> Tensor {
    if range == 0...255 { return self }
    let (low, high) = (UInt8(clamping: range.lowerBound), UInt8(clamping: range.upperBound))
    return Tensor(shape, elements(as: UInt8.self).map { min(max($0, low), high) })
  }
}

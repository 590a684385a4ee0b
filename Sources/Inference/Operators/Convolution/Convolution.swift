import Ground

/// Conv and ConvTranspose.
enum ConvolutionFamily {
  static let definitions: [OperatorDefinition] = [
    OperatorDefinition(
      "Conv", shapes: { try $0.shapes($1) },
      kernel: { try ConvolutionKernels.compile(FusedConvolution(convolution: $0), $1) },
      make: { try Convolution($0) }
    ).late(.starts),
    OperatorDefinition(
      "ConvTranspose", shapes: { try $0.shapes($1) }, kernel: TransposedConvolutionKernels.compile,
      make: { try TransposedConvolution($0) }
    ).late(.starts),
  ]
}

/// What Conv and ConvTranspose share: operands of one type, checked, and computed in the BLAS type that holds them.
package protocol ConvolutionOperator: Operator {
  func geometry(input: [Int], weight: [Int], bias: [Int]?) throws -> WindowGeometry
  func resultShape(input: [Int], weight: [Int], geometry: WindowGeometry) -> [Int]
  /// Writes the result of operands that are all of type `T`.
  func run<T: BlasScalar>(
    _: T.Type, _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: WindowGeometry, _ result: Tensor) throws
}

extension ConvolutionOperator {
  func shapes(_ question: ShapeQuestion) throws -> [Fact]? {
    guard ShapeRules.hasOneType(question), let x = question.input(0), let w = question.input(1) else { return nil }
    let geometry = try geometry(input: x.shape, weight: w.shape, bias: question.input(2)?.shape)
    return [Fact(x.type, resultShape(input: x.shape, weight: w.shape, geometry: geometry))]
  }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let input = try inputs.tensor(0, "X")
    let weight = try inputs.tensor(1, "W")
    let bias = try inputs.optionalTensor(2, "B")
    guard weight.type == input.type, bias == nil || bias?.type == input.type else {
      throw InferenceError(.badType, "input, weight and bias differ in type")
    }
    let geometry = try geometry(input: input.shape, weight: weight.shape, bias: bias?.shape)
    let shape = resultShape(input: input.shape, weight: weight.shape, geometry: geometry)
    switch input.type {
    case .float64:
      let result = try Tensor(uninitialized: .float64, shape)
      try run(Double.self, input, weight, bias, geometry, result)
      return [.tensor(result)]
    case .float32, .float16, .bfloat16:
      let result = try Tensor(uninitialized: .float32, shape)
      try run(Float.self, input.widened(), weight.widened(), bias?.widened(), geometry, result)
      return [.tensor(try result.narrowed(to: input.type))]
    default: throw InferenceError(.badType, "convolutions are not defined for \(input.type.name)")
    }
  }
}

/// Conv: cross-correlation over one to three spatial axes, with groups and dilation.
///
/// The plain form: input windows are laid out as matrix columns (im2col), a block of output rows at a time, and
/// multiplied by the weights.
package struct Convolution: ConvolutionOperator {
  package var window: WindowAttributes
  package let groups: Int

  init(_ attributes: NodeAttributes) throws {
    window = try WindowAttributes(attributes)
    groups = try attributes.int("group", default: 1)
    guard groups >= 1 else { throw InferenceError(.badAttribute, "attribute 'group' must be positive") }
  }

  /// Checks the shapes of input, weight and bias against each other and gives the window.
  package func geometry(input: [Int], weight: [Int], bias: [Int]?) throws -> WindowGeometry {
    guard input.count >= 3, weight.count == input.count else {
      throw InferenceError(.badShape, "input \(input) and weight \(weight) do not fit a convolution")
    }
    guard weight[0] % groups == 0, weight[1].multipliedReportingOverflow(by: groups) == (input[1], false) else {
      throw InferenceError(
        .badShape, "weight \(weight) in \(groups) groups does not fit an input of \(input[1]) channels")
    }
    if let bias, bias != [weight[0]] { throw InferenceError(.badShape, "bias \(bias) for \(weight[0]) channels") }
    return try WindowGeometry(window, spatial: Array(input[2...]), kernel: Array(weight[2...]))
  }

  package func resultShape(input: [Int], weight: [Int], geometry: WindowGeometry) -> [Int] {
    [input[0], weight[0]] + geometry.outputShape
  }

  package func run<T: BlasScalar>(
    _: T.Type, _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: WindowGeometry, _ result: Tensor
  ) throws {
    let (batch, channels) = (input.shape[0], input.shape[1] / groups)
    let outChannels = weight.shape[0] / groups
    let columns = geometry.outputCount
    guard result.count > 0 else { return }
    let (x, w) = (input.elements(as: T.self), weight.elements(as: T.self))
    let y = result.elements(as: T.self)
    fill(y, bias?.elements(as: T.self), channels: weight.shape[0], columns: columns)
    guard weight.count > 0, let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
    let depth = channels * geometry.kernelCount

    let isPointwise =
      geometry.kernelCount == 1 && geometry.strides == [1, 1, 1] && geometry.outputCount == geometry.inputCount
    let rowLength = geometry.output[2]
    let rows = geometry.output[0] * geometry.output[1]
    // The matrix of windows stays near the second-level cache's size.
    let rowsPerBlock = isPointwise ? rows : max(1, min(rows, (1 << 18) / max(1, depth * rowLength)))
    let matrixShape = isPointwise ? [0] : [depth, rowsPerBlock, rowLength]
    let matrix = try Tensor(uninitialized: T.type, matrixShape)
    guard let windows = matrix.elements(as: T.self).baseAddress else { return }
    var watch = LoopWatch()
    for image in 0..<batch {
      for group in 0..<groups {
        let source = x + (image * groups + group) * channels * geometry.inputCount
        let target = y + (image * groups + group) * outChannels * columns
        let weights = w + group * outChannels * depth
        for start in stride(from: 0, to: rows, by: rowsPerBlock) {
          let block = start..<min(rows, start + rowsPerBlock)
          let width = block.count * rowLength
          try watch.spend(outChannels * depth * width)
          if !isPointwise { geometry.gatherWindows(source, channels: channels, rows: block, into: windows) }
          T.gemm(
            outChannels, width, depth, alpha: 1, weights, depth, transA: false, isPointwise ? source : windows, width,
            transB: false, beta: 1, target + start * rowLength, columns)
        }
      }
    }
    withExtendedLifetime((input, weight, bias, result, matrix)) {}
  }

  /// Every output starts as its channel's bias.
  private func fill<T: BlasScalar>(
    _ output: UnsafeMutableBufferPointer<T>, _ bias: UnsafeMutableBufferPointer<T>?, channels: Int, columns: Int
  ) {
    guard let bias else { return output.update(repeating: 0) }
    for plane in 0..<output.count / columns {
      UnsafeMutableBufferPointer(rebasing: output[plane * columns..<(plane + 1) * columns])
        .update(repeating: bias[plane % channels])
    }
  }
}

extension WindowGeometry {
  /// Lays out the windows of some output rows as columns: a matrix of (channels * kernelCount) x (rows * row length).
  ///
  /// A row is one line of the output's last axis; `rows` counts them through the other axes.
  package func gatherWindows<T: BinaryFloatingPoint>(
    _ source: UnsafePointer<T>, channels: Int, rows: Range<Int>, into matrix: UnsafeMutablePointer<T>
  ) {
    var target = matrix
    for channel in 0..<channels {
      let plane = source + channel * inputCount
      for k0 in 0..<kernel[0] {
        for k1 in 0..<kernel[1] {
          for k2 in 0..<kernel[2] {
            for row in rows {
              gatherRow(plane, row, k0, k1, k2, target)
              target += output[2]
            }
          }
        }
      }
    }
  }

  private func gatherRow<T: BinaryFloatingPoint>(
    _ plane: UnsafePointer<T>, _ row: Int, _ k0: Int, _ k1: Int, _ k2: Int, _ target: UnsafeMutablePointer<T>
  ) {
    let i0 = row / output[1] * strides[0] + k0 * dilations[0] - padBegin[0]
    let i1 = row % output[1] * strides[1] + k1 * dilations[1] - padBegin[1]
    guard i0 >= 0, i0 < input[0], i1 >= 0, i1 < input[1] else {
      return target.update(repeating: 0, count: output[2])
    }
    let valid = validRange(2, kernelIndex: k2)
    target.update(repeating: 0, count: valid.lowerBound)
    let line = plane + (i0 * input[1] + i1) * input[2] + k2 * dilations[2] - padBegin[2]
    let step = strides[2]
    if step == 1 {
      (target + valid.lowerBound).update(from: line + valid.lowerBound, count: valid.count)
    } else {
      for position in valid { target[position] = line[position * step] }
    }
    (target + valid.upperBound).update(repeating: 0, count: output[2] - valid.upperBound)
  }
}

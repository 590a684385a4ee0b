import Ground

/// DeformConv: convolution whose windows are bent by learnt offsets (Dai et al., 2017; masks: Zhu et al., 2019).
enum DeformableConvolutionOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("DeformConv") { attributes in
      let convolution = try Convolution(attributes)
      let groups = try attributes.int("offset_group", default: 1)
      return { x in
        let layer = try DeformableConvolution(
          convolution, x: try x.tensor(0), weight: try x.tensor(1), offsets: try x.tensor(2),
          bias: try x.optionalTensor(3), mask: try x.optionalTensor(4), offsetGroups: groups)
        return try layer.run()
      }
    }
  ]
}

private struct DeformableConvolution {
  private let geometry: WindowGeometry
  private let groups: Int
  private let offsetGroups: Int
  private let x: Tensor
  private let weight: Tensor
  private let offsets: Tensor
  private let bias: Tensor?
  private let mask: Tensor?

  init(
    _ convolution: Convolution, x: Tensor, weight: Tensor, offsets: Tensor, bias: Tensor?, mask: Tensor?,
    offsetGroups: Int
  ) throws {
    try require(x.rank == 4 && x.count > 0 && weight.count > 0, "images are needed, the shape is \(x.shape)")
    geometry = try convolution.geometry(input: x.shape, weight: weight.shape, bias: bias?.shape)
    groups = convolution.groups
    self.offsetGroups = offsetGroups
    let (output, taps) = (geometry.outputShape, geometry.kernelCount)
    try require(
      offsetGroups > 0 && offsetGroups <= x.shape[1] && x.shape[1] % offsetGroups == 0
        && offsets.shape == [x.shape[0], 2 * offsetGroups * taps] + output,
      "offsets of shape \(offsets.shape) for \(offsetGroups) groups")
    try require(
      mask == nil || mask?.shape == [x.shape[0], offsetGroups * taps] + output, "a mask of another shape")
    self.x = try x.converted(to: .float32)
    self.weight = try weight.converted(to: .float32)
    self.offsets = try offsets.converted(to: .float32)
    self.bias = try bias?.converted(to: .float32)
    self.mask = try mask?.converted(to: .float32)
    type = x.type
  }

  private let type: ElementType

  /// Bent windows as matrix columns, multiplied by the weights.
  func run() throws -> Tensor {
    let (batch, channels, places) = (x.shape[0], x.shape[1], geometry.outputCount)
    let outputs = weight.shape[0]
    let depth = channels / groups * geometry.kernelCount
    let result = try Tensor(zeros: .float32, [batch, outputs] + geometry.outputShape)
    let columns = try Tensor(uninitialized: .float32, [channels * geometry.kernelCount, places])
    if result.count == 0 { return try result.converted(to: type) }
    let (matrix, target) = (columns.mutablePointer(to: Float.self), result.mutablePointer(to: Float.self))
    let biases = try bias?.floats()
    for image in 0..<batch {
      for channel in 0..<channels { gather(image, channel, matrix + channel * geometry.kernelCount * places) }
      for group in 0..<groups {
        let count = outputs / groups
        Float.gemm(
          count, places, depth, alpha: 1, weight.pointer(to: Float.self) + group * count * depth, depth,
          transA: false, matrix + group * depth * places, places, transB: false, beta: 0,
          target + (image * outputs + group * count) * places, places)
      }
      if let biases {
        for output in 0..<outputs {
          let row = target + (image * outputs + output) * places
          for place in 0..<places { row[place] += biases[output] }
        }
      }
    }
    return try withExtendedLifetime(columns) { try result.converted(to: type) }
  }

  private func gather(_ image: Int, _ channel: Int, _ matrix: UnsafeMutablePointer<Float>) {
    let (height, width, taps, places) = (
      geometry.input[1], geometry.input[2], geometry.kernelCount, geometry.outputCount
    )
    let plane = x.pointer(to: Float.self) + (image * x.shape[1] + channel) * height * width
    let group = channel / (x.shape[1] / offsetGroups)
    let shifts = offsets.pointer(to: Float.self) + (image * offsetGroups + group) * 2 * taps * places
    let masks = mask.map { $0.pointer(to: Float.self) + (image * offsetGroups + group) * taps * places }
    for tap in 0..<taps {
      let (tapY, tapX) = (tap / geometry.kernel[2], tap % geometry.kernel[2])
      for place in 0..<places {
        let row = place / geometry.output[2] * geometry.strides[1] - geometry.padBegin[1] + tapY * geometry.dilations[1]
        let column =
          place % geometry.output[2] * geometry.strides[2] - geometry.padBegin[2] + tapX * geometry.dilations[2]
        let y = Float(row) + shifts[2 * tap * places + place]
        let x = Float(column) + shifts[(2 * tap + 1) * places + place]
        let value = bilinear(plane, height, width, y, x)
        matrix[tap * places + place] = value * (masks?[tap * places + place] ?? 1)
      }
    }
  }

  /// Zero outside the image.
  private func bilinear(_ plane: UnsafePointer<Float>, _ height: Int, _ width: Int, _ y: Float, _ x: Float) -> Float {
    guard y > -1, y < Float(height), x > -1, x < Float(width) else { return 0 }
    let (top, left) = (Int(saturating: y.rounded(.down)), Int(saturating: x.rounded(.down)))
    let (fy, fx) = (y - Float(top), x - Float(left))
    func at(_ row: Int, _ column: Int) -> Float {
      row >= 0 && row < height && column >= 0 && column < width ? plane[row * width + column] : 0
    }
    return (at(top, left) * (1 - fx) + at(top, left + 1) * fx) * (1 - fy)
      + (at(top + 1, left) * (1 - fx) + at(top + 1, left + 1) * fx) * fy
  }
}

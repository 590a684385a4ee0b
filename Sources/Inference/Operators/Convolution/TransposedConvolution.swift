import Ground

/// ConvTranspose: the gradient of a convolution with respect to its input.
///
/// The plain form: weights times input give what each input element adds to its window, and the windows are summed.
package struct TransposedConvolution: ConvolutionOperator {
  package let window: WindowAttributes
  package let groups: Int
  private let outputPadding: [Int]?
  private let outputShape: [Int]?

  init(_ attributes: NodeAttributes) throws {
    window = try WindowAttributes(attributes)
    groups = try attributes.int("group", default: 1)
    outputPadding = try attributes.ints("output_padding")
    outputShape = try attributes.ints("output_shape")
    guard groups >= 1 else { throw InferenceError(.badAttribute, "attribute 'group' must be positive") }
    guard (outputPadding ?? []).allSatisfy({ (0...1 << 20).contains($0) }),
      (outputShape ?? []).allSatisfy({ (0...1 << 24).contains($0) })
    else { throw InferenceError(.badAttribute, "output_padding or output_shape is out of range") }
  }

  /// The window of the convolution that this one transposes: its output is our input.
  package func geometry(input: [Int], weight: [Int], bias: [Int]?) throws -> WindowGeometry {
    guard input.count >= 3, input.count <= 5, weight.count == input.count else {
      throw InferenceError(.badShape, "input \(input) and weight \(weight) do not fit a transposed convolution")
    }
    guard weight[0] == input[1], weight[0] % groups == 0 else {
      throw InferenceError(.badShape, "weight \(weight) does not fit an input of \(input[1]) channels")
    }
    let (channels, overflow) = weight[1].multipliedReportingOverflow(by: groups)
    guard !overflow, bias == nil || bias == [channels] else {
      throw InferenceError(.badShape, "the bias does not fit weight \(weight)")
    }
    let (spatial, kernel) = (Array(input[2...]), Array(weight[2...]))
    let rank = spatial.count
    let strides = window.strides ?? [Int](repeating: 1, count: rank)
    let dilations = window.dilations ?? [Int](repeating: 1, count: rank)
    let extra = outputPadding ?? [Int](repeating: 0, count: rank)
    var pads = window.pads ?? [Int](repeating: 0, count: 2 * rank)
    guard kernel.allSatisfy({ (1...1 << 20).contains($0) }), strides.count == rank, dilations.count == rank,
      extra.count == rank, pads.count == 2 * rank, window.kernel == nil || window.kernel == kernel,
      outputShape == nil || outputShape?.count == rank || outputShape?.count == rank + 2,
      spatial.allSatisfy({ (1...1 << 24).contains($0) })
    else { throw InferenceError(.badAttribute, "window attributes do not fit weight \(weight)") }
    var result: [Int] = []
    for axis in 0..<rank {
      let full = strides[axis] * (spatial[axis] - 1) + extra[axis] + (kernel[axis] - 1) * dilations[axis] + 1
      if let wanted = outputShape?.suffix(rank).map({ $0 })[axis] ?? sameExtent(spatial[axis], strides[axis]) {
        // Where the surplus is odd, SAME_UPPER leaves the larger half at the end, everything else in front.
        let total = max(0, full - wanted)
        pads[axis] = window.padding == .sameUpper ? total / 2 : total - total / 2
        pads[rank + axis] = total - pads[axis]
        result.append(wanted)
      } else {
        result.append(full - pads[axis] - pads[rank + axis])
      }
    }
    guard result.allSatisfy({ $0 >= 0 }) else { throw InferenceError(.badShape, "pads are larger than the output") }
    return WindowGeometry(
      transposedFrom: spatial, result: result, kernel: kernel, strides: strides, dilations: dilations, pads: pads)
  }

  private func sameExtent(_ extent: Int, _ stride: Int) -> Int? {
    window.padding == .sameUpper || window.padding == .sameLower ? extent * stride : nil
  }

  package func resultShape(input: [Int], weight: [Int], geometry: WindowGeometry) -> [Int] {
    [input[0], weight[1] * groups] + geometry.inputShape
  }

  package func run<T: BlasScalar>(
    _: T.Type, _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: WindowGeometry, _ result: Tensor
  ) throws {
    let inChannels = input.shape[1] / groups
    let outChannels = weight.shape[1]
    let positions = geometry.outputCount
    let plane = geometry.inputCount
    let y = result.elements(as: T.self)
    for index in 0..<(plane == 0 ? 0 : y.count / plane) {
      let start = bias?.elements(as: T.self)[index % (outChannels * groups)] ?? 0
      UnsafeMutableBufferPointer(rebasing: y[index * plane..<(index + 1) * plane]).update(repeating: start)
    }
    guard weight.count > 0, input.count > 0, result.count > 0 else { return }
    let depth = outChannels * geometry.kernelCount
    let matrix = try Tensor(uninitialized: T.type, [depth, positions])
    guard let x = input.elements(as: T.self).baseAddress, let w = weight.elements(as: T.self).baseAddress,
      let windows = matrix.elements(as: T.self).baseAddress, let target = y.baseAddress
    else { return }
    for image in 0..<input.shape[0] {
      for group in 0..<groups {
        T.gemm(
          depth, positions, inChannels, alpha: 1, w + group * inChannels * depth, depth, transA: true,
          x + (image * groups + group) * inChannels * positions, positions, transB: false, beta: 0, windows, positions)
        let planes = target + (image * groups + group) * outChannels * plane
        geometry.scatterWindows(windows, channels: outChannels, into: planes)
      }
    }
    withExtendedLifetime((input, weight, bias, result, matrix)) {}
  }
}

extension WindowGeometry {
  /// The window whose output is `spatial` and whose input is `result`.
  fileprivate init(
    transposedFrom spatial: [Int], result: [Int], kernel: [Int], strides: [Int], dilations: [Int], pads: [Int]
  ) {
    rank = spatial.count
    let fill = [Int](repeating: 1, count: 3 - rank)
    let none = [Int](repeating: 0, count: 3 - rank)
    input = fill + result
    output = fill + spatial
    self.kernel = fill + kernel
    self.strides = fill + strides
    self.dilations = fill + dilations
    padBegin = none + pads[..<rank]
    padEnd = none + pads[rank...]
  }

  /// Adds a matrix of windows, laid out as ``gatherWindows(_:channels:rows:into:)`` does, to the planes they came from.
  package func scatterWindows<T: BinaryFloatingPoint>(
    _ matrix: UnsafePointer<T>, channels: Int, into planes: UnsafeMutablePointer<T>
  ) {
    var source = matrix
    for channel in 0..<channels {
      let plane = planes + channel * inputCount
      for k0 in 0..<kernel[0] {
        for k1 in 0..<kernel[1] {
          for k2 in 0..<kernel[2] {
            let valid = validRange(2, kernelIndex: k2)
            for row in 0..<output[0] * output[1] {
              let i0 = row / output[1] * strides[0] + k0 * dilations[0] - padBegin[0]
              let i1 = row % output[1] * strides[1] + k1 * dilations[1] - padBegin[1]
              if i0 >= 0, i0 < input[0], i1 >= 0, i1 < input[1] {
                let line = plane + (i0 * input[1] + i1) * input[2] + k2 * dilations[2] - padBegin[2]
                for position in valid { line[position * strides[2]] += source[position] }
              }
              source += output[2]
            }
          }
        }
      }
    }
  }
}
